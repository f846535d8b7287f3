//! Where a component comes from.

use crate::{
    depot::{Depot, DepotError, Draft, Kept},
    manifest::{Manifest, ManifestError},
};
use hob_core::ExecutorName;
use std::{
    fmt, fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A `.wasm` file, or the folder of a project with `hob-plugin.toml`. Absolute.
    Path(PathBuf),
}

/// Why a source gave no component.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing is there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A device, a pipe.
    #[error("{} is neither a file nor a folder", .0.display())]
    NotAFile(PathBuf),
    /// The project was not built.
    #[error("{} does not exist: `hob plugin build` in {} makes it", component.display(), folder.display())]
    NotBuilt {
        /// The component.
        component: PathBuf,
        /// The project.
        folder: PathBuf,
    },
    /// The project's manifest cannot be used.
    #[error("{0}")]
    Manifest(#[from] ManifestError),
    /// Larger than any component.
    #[error("{place} has {size} bytes; a component may have {limit}")]
    TooLarge {
        /// The file or address.
        place: String,
        /// Its bytes, as far as they are known.
        size: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// It cannot be read.
    #[error("read {place}: {source}")]
    Read {
        /// The file or address.
        place: String,
        /// What happened.
        source: io::Error,
    },
    /// What was read cannot be kept.
    #[error("{0}")]
    Depot(#[from] DepotError),
    /// A source that hob does not know.
    #[error("`{0}` is no source of components: give the path of a .wasm file or of a project's folder")]
    Unknown(String),
}

/// What a source gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its file in hob's own folder.
    pub kept: Kept,
    /// What the project calls it.
    pub name: Option<ExecutorName>,
}

impl Source {
    /// What `text` means, typed in the folder `cwd`.
    pub fn parse(text: &str, cwd: &Path) -> Result<Self, SourceError> {
        if text.contains("://") {
            return Err(SourceError::Unknown(text.to_owned()));
        }
        Ok(Self::Path(cwd.join(text).components().collect()))
    }

    /// Brings the component into `depot`, if it has at most `limit` bytes.
    pub fn fetch(&self, depot: &Depot, limit: u64) -> Result<Fetched, SourceError> {
        match self {
            Self::Path(path) => from_path(path, depot, limit),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

fn from_path(path: &Path, depot: &Depot, limit: u64) -> Result<Fetched, SourceError> {
    let place = |path: &Path| path.display().to_string();
    let metadata = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SourceError::Missing(path.to_owned()),
        _ => SourceError::Read { place: place(path), source },
    })?;
    if metadata.is_file() {
        return Ok(Fetched { kept: from_file(path, depot, limit)?, name: None });
    }
    if !metadata.is_dir() {
        return Err(SourceError::NotAFile(path.to_owned()));
    }
    let manifest = Manifest::read(path)?;
    let component = manifest.component();
    let kept = match fs::metadata(&component) {
        Ok(metadata) if metadata.is_file() => from_file(&component, depot, limit)?,
        Ok(_) => return Err(SourceError::NotAFile(component)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SourceError::NotBuilt { component, folder: path.to_owned() });
        }
        Err(source) => return Err(SourceError::Read { place: place(&component), source }),
    };
    Ok(Fetched { kept, name: Some(manifest.name) })
}

fn from_file(path: &Path, depot: &Depot, limit: u64) -> Result<Kept, SourceError> {
    let failed = |source| SourceError::Read { place: path.display().to_string(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut draft = Receiving::new(path.display().to_string(), Some(size), depot, limit)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => break,
            read => draft.add(&chunk[..read])?,
        }
    }
    Ok(depot.keep(draft.draft)?)
}

/// A component as it comes in, which may not grow beyond the limit.
pub(crate) struct Receiving {
    pub(crate) draft: Draft,
    place: String,
    limit: u64,
}

impl Receiving {
    /// From `place`, which says that it has `size` bytes.
    pub(crate) fn new(place: String, size: Option<u64>, depot: &Depot, limit: u64) -> Result<Self, SourceError> {
        if let Some(size) = size.filter(|size| *size > limit) {
            return Err(SourceError::TooLarge { place, size, limit });
        }
        Ok(Self { draft: depot.draft()?, place, limit })
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        let failed = |source| SourceError::Read { place: self.place.clone(), source };
        let size = self.draft.add(bytes).map_err(failed)?;
        if size > self.limit {
            return Err(SourceError::TooLarge { place: self.place.clone(), size, limit: self.limit });
        }
        Ok(())
    }
}
