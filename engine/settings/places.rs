use hob_core::Protected;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Where hob keeps what. Every path is absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The folder of the database, output files and lock files.
    pub state: PathBuf,
    /// The person's `hob.toml`. It need not exist.
    pub config: PathBuf,
    /// The folder of compiled components. Losing it costs time only.
    pub cache: PathBuf,
    /// The person's home folder, which `~/` stands for; none where the machine names none.
    pub home: Option<PathBuf>,
}

/// Why hob does not know where to keep anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    /// No home folder and nothing that replaces it.
    #[error("find your home folder: HOME is not set; set HOB_HOME to a folder for hob")]
    NoHome,
    /// A variable that would mean another folder in every folder it is used from.
    #[error("use {variable}: `{}` is not an absolute path", path.display())]
    Relative {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
    },
}

impl Places {
    /// Finds the places by the environment that `variable` looks things up in.
    ///
    /// `HOB_HOME` puts everything into one folder; `HOB_CACHE_DIR` moves the cache alone; otherwise
    /// the platform's own places hold.
    pub fn discover(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, PlacesError> {
        let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = |name: &'static str| match folder(name) {
            Some(path) if !path.is_absolute() => Err(PlacesError::Relative { variable: name, path }),
            found => Ok(found),
        };
        let home = folder(os::HOME).or_else(std::env::home_dir).filter(|path| path.is_absolute());
        let cache = own("HOB_CACHE_DIR")?;
        if let Some(base) = own("HOB_HOME")? {
            return Ok(Self {
                state: base.join("state"),
                config: base.join("hob.toml"),
                cache: cache.unwrap_or_else(|| base.join("cache")),
                home,
            });
        }
        let place = |place: &Place| {
            // The XDG rules: a path that is not absolute is as good as none.
            let moved = folder(place.variable).filter(|path| path.is_absolute());
            let base = moved.or_else(|| home.as_ref().map(|home| home.join(place.default)));
            base.map(|base| base.join(place.name)).ok_or(PlacesError::NoHome)
        };
        Ok(Self {
            state: place(&os::STATE)?,
            config: place(&os::CONFIG)?.join("hob.toml"),
            cache: cache.map_or_else(|| place(&os::CACHE), Ok)?,
            home,
        })
    }

    /// The folders that no grant may reach, symbolic links in them resolved besides.
    pub fn protected(&self) -> Protected {
        let resolved = |path: &Path| path.canonicalize().ok().filter(|resolved| resolved != path);
        let both = |path: &Path| std::iter::once(path.to_owned()).chain(resolved(path)).collect::<Vec<_>>();
        let home = self.home.as_deref().map(both).unwrap_or_default();
        let config = self.config.parent().unwrap_or(&self.config);
        Protected::new(&home, [self.state.as_path(), config, &self.cache].into_iter().flat_map(both))
    }

    /// `~/x` as a path below the home folder; anything else as it is. None without a home folder.
    pub(crate) fn expand(&self, text: &str) -> Option<PathBuf> {
        match text.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with(['/', std::path::MAIN_SEPARATOR]) => {
                self.home.as_ref().map(|home| home.join(rest.trim_start_matches(['/', std::path::MAIN_SEPARATOR])))
            }
            _ => Some(PathBuf::from(text)),
        }
    }
}

/// One of the platform's own places.
struct Place {
    /// The variable that moves it.
    variable: &'static str,
    /// Where it is below the home folder without that.
    default: &'static str,
    /// What hob calls its folder in there.
    name: &'static str,
}

#[cfg(not(any(target_os = "macos", windows)))]
mod os {
    use super::Place;

    pub(super) const HOME: &str = "HOME";
    pub(super) const STATE: Place = Place { variable: "XDG_STATE_HOME", default: ".local/state", name: "hob" };
    pub(super) const CONFIG: Place = Place { variable: "XDG_CONFIG_HOME", default: ".config", name: "hob" };
    pub(super) const CACHE: Place = Place { variable: "XDG_CACHE_HOME", default: ".cache", name: "hob" };
}

#[cfg(target_os = "macos")]
mod os {
    use super::Place;

    pub(super) const HOME: &str = "HOME";
    pub(super) const STATE: Place =
        Place { variable: "XDG_STATE_HOME", default: "Library/Application Support", name: "hob" };
    pub(super) const CONFIG: Place = Place { variable: "XDG_CONFIG_HOME", default: ".config", name: "hob" };
    pub(super) const CACHE: Place = Place { variable: "XDG_CACHE_HOME", default: "Library/Caches", name: "hob" };
}

#[cfg(windows)]
mod os {
    use super::Place;

    pub(super) const HOME: &str = "USERPROFILE";
    pub(super) const STATE: Place = Place { variable: "LOCALAPPDATA", default: "AppData\\Local", name: "hob\\state" };
    pub(super) const CONFIG: Place = Place { variable: "APPDATA", default: "AppData\\Roaming", name: "hob" };
    pub(super) const CACHE: Place = Place { variable: "LOCALAPPDATA", default: "AppData\\Local", name: "hob\\cache" };
}

#[cfg(all(test, unix))]
mod tests;
