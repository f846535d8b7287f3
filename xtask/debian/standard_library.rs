use super::layout;
use crate::run;
use anyhow::{Context as _, Result};
use hob_guest_toolchain::{TARGET, Toolchain, Way};
use std::{ffi::OsString, fs, path::Path};

const MANIFEST: &str = r#"[package]
name = "empty"
version = "0.0.0"
edition = "2024"

[lib]
path = "lib.rs"

[profile.release]
panic = "abort"

[workspace]
"#;

/// Builds the standard library for the target from Debian's sources of it, by building an empty
/// crate with it, and puts it into the toolchain folder `made`.
pub fn build(folder: &Path, prefix: &Path, made: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    fs::write(folder.join("lib.rs"), "")?;
    // The compiler looks for the sources below its own folder.
    let sources = made.join("lib/rustlib/src");
    fs::create_dir_all(&sources)?;
    let unpacked = only_folder(&prefix.join("usr/src"))?;
    fs::rename(&unpacked, sources.join("rust"))?;

    let compiler = Toolchain {
        way: Way::Debian,
        rustc: made.join("bin/rustc"),
        libraries: Some(made.join("lib")),
        key: String::new(),
        stamp: made.to_owned(),
    };
    let mut cargo = compiler.cargo();
    cargo.args(["build", "--quiet", "--release", "--target", TARGET, "-Zbuild-std=std,panic_abort", "--target-dir"]);
    cargo.arg(folder.join("target")).current_dir(folder);
    // Building std is for the nightly compiler unless one insists.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(&sources));
    run::output(&mut cargo).context("compile the standard library")?;

    let built = folder.join("target").join(TARGET).join("release/deps");
    let to = layout::standard_library(made);
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&built).with_context(|| format!("read {}", built.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_library = path.extension().is_some_and(|extension| extension == "rlib");
        if is_library && !name.starts_with("libempty-") {
            fs::rename(&path, to.join(name))?;
        }
    }
    layout::take_c_library(prefix, made)?;
    // 400 MB that nobody reads again.
    fs::remove_dir_all(&sources)?;
    Ok(())
}

/// With bitcode, so that guests can be optimised as a whole; and with the place of the sources as
/// rustup's own builds name it, not as it is for a minute on this machine.
fn flags(sources: &Path) -> OsString {
    let mut flags = OsString::from("-Cembed-bitcode=yes\u{1f}--remap-path-prefix=");
    flags.push(sources.join("rust"));
    flags.push("=/rustc/debian");
    flags
}

fn only_folder(folder: &Path) -> Result<std::path::PathBuf> {
    let entry = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?.next();
    Ok(entry.with_context(|| format!("find the sources of the standard library in {}", folder.display()))??.path())
}
