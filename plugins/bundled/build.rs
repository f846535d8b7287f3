//! Builds the guests and writes the table of them that `lib.rs` includes.

use hob_guest_toolchain::{Workspace, build, find, guest_target_dir, target_dir};
use sha2::{Digest as _, Sha256};
use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// The components that are part of `hob`: folders of `plugins/` with a `describe.json`.
const NAMES: [&str; 5] = ["agent", "explore", "librarian", "shell", "web-fetch"];

/// What they share.
const LIBRARIES: [&str; 3] = ["page", "requests", "sdk"];

fn main() -> Result<(), Box<dyn Error>> {
    let bundled = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let plugins = bundled.parent().ok_or("find the folder of the guests")?;
    let root = plugins.parent().ok_or("find the repository")?;
    let out = PathBuf::from(env::var("OUT_DIR")?);

    for name in ["HOB_TOOLCHAIN_DIR", "HOB_GUEST_TOOLCHAIN"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    let Ok(toolchain) = find().inspect_err(|missing| println!("cargo::error={missing}")) else { return Ok(()) };
    rerun_if_changed(&toolchain.stamp);
    for file in ["Cargo.toml", "Cargo.lock"] {
        rerun_if_changed(&plugins.join(file));
    }
    for name in NAMES.iter().chain(&LIBRARIES) {
        rerun_if_changed(&plugins.join(name));
    }
    rerun_if_changed(&root.join("wit"));

    let own_target = guest_target_dir(&target_dir(&out), &toolchain.key);
    let built = build(&toolchain, Workspace { root, folder: plugins, target_dir: &own_target })?;
    let mut table = String::from("&[");
    for name in NAMES {
        // A copy of our own: another build may replace the original while this one is compiled.
        let wasm = out.join(format!("{name}.wasm"));
        let bytes = fs::read(built.join(format!("{}.wasm", name.replace('-', "_"))))?;
        fs::write(&wasm, &bytes)?;
        let describe = plugins.join(name).join("describe.json");
        let mut sha256 = String::new();
        for byte in Sha256::digest(&bytes) {
            write!(sha256, "{byte:02x}")?;
        }
        let (wasm, describe) = (text(&wasm)?, text(&describe)?);
        write!(
            table,
            "Bundled {{ name: {name:?}, wasm: include_bytes!({wasm:?}), sha256: {sha256:?}, \
             description: include_str!({describe:?}) }},"
        )?;
    }
    table.push(']');
    fs::write(out.join("components.rs"), table)?;
    Ok(())
}

/// A path that can stand in Rust source.
fn text(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("name {} in a source file: it is not Unicode", path.display()))
}

fn rerun_if_changed(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
