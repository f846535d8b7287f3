//! The agents' programs for the end-to-end tests: the real ones, from npm, each in a folder of its own below
//! the target folder. One that cannot be had leaves a file with the reason, which its tests then say.

use crate::{packages, repository::Repository, run};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a folder has when its program is whole: the package and its version.
const STAMP: &str = "installed";
/// What it has when there is none: why.
const REASON: &str = "missing";

/// As [`install`].
pub fn agents(repository: &Repository, _args: &[String]) -> Result<()> {
    install(repository)
}

/// Brings here what is not here yet. That a program cannot be had is said, and is no error.
pub fn install(repository: &Repository) -> Result<()> {
    let list = repository.path("tests/agents/package.json");
    let list = fs::read_to_string(&list).with_context(|| format!("read {}", list.display()))?;
    let list: Value = serde_json::from_str(&list).context("read tests/agents/package.json")?;
    let packages = list["dependencies"].as_object().context("tests/agents/package.json names no dependencies")?;
    let mut npm = None;
    for (package, version) in packages {
        let wanted = format!("{package}@{}", version.as_str().unwrap_or_default());
        let folder = folder(repository, package);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
            continue;
        }
        let npm = npm.get_or_insert_with(find_npm);
        let installed = match npm {
            Ok(npm) => bring(npm, &wanted, &folder),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let (file, text) = match installed {
            Ok(()) => (STAMP, wanted),
            Err(error) => {
                println!("{wanted} cannot be installed, so its tests will only say so: {error:#}");
                (REASON, format!("{wanted} cannot be installed: {error:#}"))
            }
        };
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(file), text)?;
    }
    Ok(())
}

/// `@openai/codex` is `target/agents/codex`.
fn folder(repository: &Repository, package: &str) -> PathBuf {
    repository.target.join("agents").join(package.rsplit('/').next().unwrap_or(package))
}

fn bring(npm: &Path, wanted: &str, folder: &Path) -> Result<()> {
    println!("Installing {wanted} for the tests");
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    // So that npm takes this folder and none above it.
    fs::write(folder.join("package.json"), "{\"private\":true}\n")?;
    let words = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact", wanted];
    run::output(Command::new(npm).args(words).current_dir(folder)).map(drop)
}

/// npm from the PATH, else from Debian's packages where that is allowed.
fn find_npm() -> Result<PathBuf> {
    if packages::starts("npm") {
        return Ok("npm".into());
    }
    packages::install(&["nodejs", "npm"])
        .context("there is no npm in the PATH; install Node.js 20 or later with npm")?;
    Ok("npm".into())
}
