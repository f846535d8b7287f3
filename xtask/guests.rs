use crate::{repository::Repository, setup};
use anyhow::{Context as _, Result};
use hob_guest_toolchain::{Toolchain, Workspace, build, guest_target_dir};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Builds the bundled components, and those of the tests into a folder of their own.
pub fn guests(repository: &Repository, _args: &[String]) -> Result<()> {
    build_all(repository, &setup::toolchain()?)
}

/// As [`guests`], with a toolchain that is known.
pub fn build_all(repository: &Repository, toolchain: &Toolchain) -> Result<()> {
    let bundled = build_workspace(repository, toolchain, "plugins")?;
    println!("Bundled components: {}", bundled.display());
    let built = build_workspace(repository, toolchain, "tests/guests")?;
    let folder = repository.test_guests();
    collect(&repository.path("tests/guests"), &built, &folder)?;
    println!("Components of the tests: {}", folder.display());
    Ok(())
}

fn build_workspace(repository: &Repository, toolchain: &Toolchain, folder: &str) -> Result<PathBuf> {
    let target_dir = guest_target_dir(&repository.target, &toolchain.key);
    let folder = repository.path(folder);
    let workspace = Workspace { root: &repository.root, folder: &folder, target_dir: &target_dir };
    Ok(build(toolchain, workspace)?)
}

/// What is no component of ours, in eight bytes: the preamble of a core module, and a component that
/// exports nothing.
const OTHERS: [(&str, &[u8]); 2] =
    [("core_module.wasm", b"\0asm\x01\0\0\0"), ("empty_component.wasm", b"\0asm\x0d\0\x01\0")];

/// Brings the components of a workspace together in one folder; what is no longer among them goes,
/// and what did not change stays as it is.
fn collect(workspace: &Path, built: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make {}", to.display()))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace)? {
        let path = entry?.path();
        let file = format!("{}.wasm", path.file_name().unwrap_or_default().to_string_lossy());
        if path.join("Cargo.toml").is_file() && built.join(&file).is_file() {
            let bytes = fs::read(built.join(&file)).with_context(|| format!("read {file}"))?;
            put(&bytes, &to.join(&file))?;
            names.push(file);
        }
    }
    for (name, bytes) in OTHERS {
        put(bytes, &to.join(name))?;
        names.push(name.to_owned());
    }
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !names.contains(&entry.file_name().to_string_lossy().into_owned()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes a file beside its place and renames it, so that a test that is running never sees half.
fn put(bytes: &[u8], to: &Path) -> Result<()> {
    match fs::read(to) {
        Ok(there) if there == bytes => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).context(to.display().to_string()),
        _ => {}
    }
    let beside = to.with_extension("new");
    fs::write(&beside, bytes).with_context(|| format!("write {}", beside.display()))?;
    fs::rename(&beside, to).with_context(|| format!("write {}", to.display()))
}
