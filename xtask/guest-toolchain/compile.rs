use crate::{TARGET, Toolchain};
use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

/// A workspace of guests.
#[derive(Clone, Copy, Debug)]
pub struct Workspace<'a> {
    /// The repository.
    pub root: &'a Path,
    /// The folder of its `Cargo.toml`.
    pub folder: &'a Path,
    /// Where it is compiled; not the target folder of a cargo that is running.
    pub target_dir: &'a Path,
}

/// Guests could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// Cargo could not be started.
    Start(io::Error),
    /// Cargo said no; its words are on stderr.
    Failed(PathBuf, ExitStatus),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(cause) => write!(f, "start cargo: {cause}"),
            Self::Failed(folder, status) => {
                write!(f, "build the guests of {} ({status}): what cargo said is above", folder.display())
            }
        }
    }
}

impl Error for BuildError {}

/// Builds every guest of a workspace in release; gives the folder that holds the `.wasm` files.
pub fn build(toolchain: &Toolchain, workspace: Workspace<'_>) -> Result<PathBuf, BuildError> {
    let mut cargo = toolchain.cargo();
    cargo.args(["build", "--release", "--target", TARGET, "--target-dir"]).arg(workspace.target_dir);
    // Named, so that a folder without one does not build the workspace around it.
    cargo.arg("--manifest-path").arg(workspace.folder.join("Cargo.toml")).current_dir(workspace.folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", portable_paths(workspace.root));
    let status = cargo.status().map_err(BuildError::Start)?;
    if status.success() {
        Ok(workspace.target_dir.join(TARGET).join("release"))
    } else {
        Err(BuildError::Failed(workspace.folder.to_owned(), status))
    }
}

impl Toolchain {
    /// A cargo that compiles with this toolchain, untouched by whatever cargo or configuration it
    /// is started from: flags that are meant for hob itself would break the guests.
    pub fn cargo(&self) -> Command {
        let mut cargo = clean_cargo();
        cargo.env("RUSTC", &self.rustc);
        if let Some(libraries) = &self.libraries {
            let mut paths = vec![libraries.clone()];
            paths.extend(env::var_os("LD_LIBRARY_PATH").iter().flat_map(env::split_paths));
            if let Ok(joined) = env::join_paths(paths) {
                cargo.env("LD_LIBRARY_PATH", joined);
            }
        }
        cargo
    }
}

/// The cargo that runs this program, or the one in the path, without anything that a cargo around
/// it put into the environment.
fn clean_cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_the_outer_cargo) {
            cargo.env_remove(name);
        }
    }
    // An empty wrapper also overrides one from a configuration file.
    cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    cargo
}

fn is_of_the_outer_cargo(name: &str) -> bool {
    // Where crates and toolchains are kept, how they are fetched, and the job server.
    const KEPT: [&str; 2] = ["CARGO_HOME", "CARGO_MAKEFLAGS"];
    const KEPT_FAMILIES: [&str; 6] =
        ["CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_TERM_", "CARGO_CACHE_"];
    const NAMES: [&str; 8] = ["CARGO", "HOST", "TARGET", "OUT_DIR", "NUM_JOBS", "PROFILE", "OPT_LEVEL", "DEBUG"];
    const FAMILIES: [&str; 5] = ["CARGO_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "DEP_"];
    let kept = KEPT.contains(&name) || KEPT_FAMILIES.iter().any(|family| name.starts_with(family));
    !kept && (NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family)))
}

/// Flags that keep the places of this machine out of the guests' panic messages: the same sources
/// give the same bytes, and so the same digest, in every clone.
fn portable_paths(root: &Path) -> OsString {
    let cargo_home =
        env::var_os("CARGO_HOME").or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo").into_os_string()));
    let mut flags = OsString::new();
    let prefixes = [(Some(root.as_os_str().to_owned()), "hob"), (cargo_home, "cargo")];
    for (from, to) in prefixes {
        let Some(from) = from else { continue };
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_outer_cargo_sets_is_dropped() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_MANIFEST_DIR",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTC_LINKER",
            "DEP_Z_ROOT",
            "OUT_DIR",
        ] {
            assert!(is_of_the_outer_cargo(name), "{name}");
        }
    }

    #[test]
    fn what_a_person_or_machine_sets_for_cargo_is_kept() {
        for name in
            ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_NET_OFFLINE", "HTTPS_PROXY"]
        {
            assert!(!is_of_the_outer_cargo(name), "{name}");
        }
        assert!(!is_of_the_outer_cargo("CARGO_REGISTRIES_MINE_TOKEN"));
    }

    #[test]
    fn the_repositorys_place_is_hidden() {
        let flags = portable_paths(Path::new("/somewhere/hob"));
        let flags = flags.to_str().expect("text");
        assert!(flags.starts_with("--remap-path-prefix=/somewhere/hob=hob"), "{flags}");
    }
}
