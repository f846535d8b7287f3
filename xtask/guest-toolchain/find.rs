use crate::{TARGET, places::toolchains, version::newest};
use std::{
    env,
    error::Error,
    ffi::{OsStr, OsString},
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// A way to a compiler for the guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The compiler that also builds hob has the target.
    Rustup,
    /// One made of Debian's packages, in the cache folder.
    Debian,
}

/// A compiler that can build the guests.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// How it was come by.
    pub way: Way,
    /// The compiler.
    pub rustc: PathBuf,
    /// The shared libraries it needs, where the system does not find them itself.
    pub libraries: Option<PathBuf>,
    /// Names this very version; part of folder names.
    pub key: String,
    /// A path that changes when the toolchain does.
    pub stamp: PathBuf,
}

impl Toolchain {
    /// The toolchain in `folder`, which [`crate::folder_name`] named; none where it is incomplete.
    pub fn in_folder(folder: &Path, host: &str) -> Option<Self> {
        let lib = folder.join("lib");
        let stamp = lib.join("rustlib").join(TARGET).join("lib");
        // The linker is rustup's, by a link that dangles once that toolchain is gone.
        let linker = lib.join("rustlib").join(host).join("bin").join("wasm-component-ld");
        let rustc = folder.join("bin").join("rustc");
        let complete = rustc.is_file() && linker.is_file() && has_std(&stamp);
        let key = folder.file_name()?.to_str()?.to_owned();
        complete.then_some(Self { way: Way::Debian, rustc, libraries: Some(lib), key, stamp })
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, rustc, .. } = self;
        match self.way {
            Way::Rustup => write!(f, "{key}, which has the target {TARGET}"),
            Way::Debian => write!(f, "{key}, made of Debian's packages ({})", rustc.display()),
        }
    }
}

/// There is no compiler for the guests on this machine yet.
#[derive(Debug)]
pub struct Missing;

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "find a compiler for {TARGET}, which hob's components are built with: run `cargo xtask setup`, which adds \
             it (or, where rustup's server can be reached, `rustup target add {TARGET}`)"
        )
    }
}

impl Error for Missing {}

/// The compiler that builds hob could not be asked.
#[derive(Debug)]
pub struct CompilerError {
    command: String,
    cause: String,
}

impl fmt::Display for CompilerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run `{}`: {}", self.command, self.cause)
    }
}

impl Error for CompilerError {}

/// What `HOB_GUEST_TOOLCHAIN` says: `rustup` or `debian` allow only that way; unset, both.
pub fn wanted_way() -> Option<Way> {
    match env::var("HOB_GUEST_TOOLCHAIN").ok()?.as_str() {
        "rustup" => Some(Way::Rustup),
        "debian" => Some(Way::Debian),
        _ => None,
    }
}

/// The compiler for the guests: that of rustup where it has the target, else the newest of those
/// made of Debian's packages.
pub fn find() -> Result<Toolchain, Missing> {
    let wanted = wanted_way();
    let own = || if wanted == Some(Way::Debian) { None } else { own_compiler().ok().flatten() };
    let made = || if wanted == Some(Way::Rustup) { None } else { made_of_packages() };
    own().or_else(made).ok_or(Missing)
}

/// The triple of this machine, as the compiler that builds hob names it.
pub fn host_triple() -> Result<String, CompilerError> {
    let about = ask(&["-vV"])?;
    field(&about, "host").ok_or_else(|| error(&["-vV"], "it names no host"))
}

fn own_compiler() -> Result<Option<Toolchain>, CompilerError> {
    let stamp = PathBuf::from(ask(&["--print", "target-libdir", "--target", TARGET])?.trim());
    if !has_std(&stamp) {
        return Ok(None);
    }
    let about = ask(&["-vV"])?;
    let part = |name| field(&about, name).unwrap_or_default();
    let key = format!("rustc-{}-{}", part("release"), part("commit-hash").get(..9).unwrap_or("unknown"));
    Ok(Some(Toolchain { way: Way::Rustup, rustc: own_rustc().into(), libraries: None, key, stamp }))
}

fn made_of_packages() -> Option<Toolchain> {
    let folder = toolchains()?;
    let host = host_triple().ok()?;
    let names = fs::read_dir(&folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    newest(names).iter().find_map(|name| Toolchain::in_folder(&folder.join(name), &host))
}

/// Whether a folder holds a compiled standard library.
fn has_std(folder: &Path) -> bool {
    let is_std = |entry: io::Result<fs::DirEntry>| {
        let Ok(path) = entry.map(|entry| entry.path()) else { return false };
        let named = |name: &OsStr| name.to_str().is_some_and(|name| name.starts_with("libstd-"));
        path.file_name().is_some_and(named) && path.extension().is_some_and(|extension| extension == "rlib")
    };
    fs::read_dir(folder).is_ok_and(|mut entries| entries.any(is_std))
}

/// The compiler that builds hob: cargo tells its build scripts which one that is.
fn own_rustc() -> OsString {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn ask(args: &[&str]) -> Result<String, CompilerError> {
    let output = Command::new(own_rustc()).args(args).output().map_err(|cause| error(args, &cause.to_string()))?;
    if !output.status.success() {
        return Err(error(args, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn error(args: &[&str], cause: &str) -> CompilerError {
    CompilerError { command: format!("rustc {}", args.join(" ")), cause: cause.to_owned() }
}

/// The value after `name: ` in what `rustc -vV` prints.
fn field(about: &str, name: &str) -> Option<String> {
    let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.trim().to_owned());
    about.lines().find_map(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_compilers_version() {
        let about =
            "rustc 1.95.0 (59807616e 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(field(about, "host").as_deref(), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(field(about, "release").as_deref(), Some("1.95.0"));
        assert_eq!(field(about, "commit-hash"), None);
    }

    #[test]
    fn a_folder_without_a_compiler_is_no_toolchain() {
        assert!(Toolchain::in_folder(Path::new("/nonexistent"), "x86_64-unknown-linux-gnu").is_none());
    }

    #[test]
    fn the_compiler_of_this_build_names_its_host() {
        let host = host_triple().expect("ask rustc");
        assert!(host.contains('-'), "{host}");
    }
}
