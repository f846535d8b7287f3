use crate::repository::Repository;
use anyhow::{Context as _, Result, bail};
use std::{
    env,
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// The cargo that started this program.
pub fn cargo(folder: &Path) -> Command {
    at(Path::new(&env::var_os("CARGO").unwrap_or_else(|| "cargo".into())), folder)
}

/// A program that starts cargo itself.
pub fn at(program: &Path, folder: &Path) -> Command {
    let mut cargo = Command::new(program);
    cargo.current_dir(folder);
    // What `cargo run` set for this program says nothing about what is started here, and build scripts that look at it
    // (that of `ring`) would run once for `cargo xtask` and again for `cargo`.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|own| name.starts_with(own))) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Builds a program of crates.io below the target folder: `tools/bin`.
pub fn install(repository: &Repository, name: &str, version: &str) -> Result<()> {
    let root = repository.target.join("tools");
    let build = root.join("build");
    let mut cargo = cargo(&repository.root);
    // Without optimisation it is built in half of the time; none of them computes for long.
    cargo.args(["install", name, "--version", version, "--locked", "--debug", "--quiet", "--force", "--root"]);
    run(cargo.arg(&root).arg("--target-dir").arg(&build))?;
    fs::remove_dir_all(&build).with_context(|| format!("remove {}", build.display()))
}

/// Runs a command to its end with its output on this terminal; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Runs a command to its end and gives what it printed; anything but success is an error that has
/// its words.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start `{shown}`"))?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let words: Vec<&str> = [out.trim(), err.trim()].into_iter().filter(|text| !text.is_empty()).collect();
        bail!("`{shown}` ended with {}:\n{}", output.status, words.join("\n"));
    }
    String::from_utf8(output.stdout).with_context(|| format!("read what `{shown}` printed"))
}

fn shown(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
