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

/// As [`install`], alone.
pub fn agents(repository: &Repository, _args: &[String]) -> Result<()> {
    install(repository)?;
    println!("Agents for the tests: {}", repository.target.join("agents").display());
    Ok(())
}

/// Brings here what is not here yet. That a program cannot be had is said, and is no error; gives the packages of
/// which that is so.
pub fn install(repository: &Repository) -> Result<Vec<String>> {
    let list = repository.path("tests/agents/package.json");
    let list = fs::read_to_string(&list).with_context(|| format!("read {}", list.display()))?;
    let list: Value = serde_json::from_str(&list).context("read tests/agents/package.json")?;
    let packages = list["dependencies"].as_object().context("tests/agents/package.json names no dependencies")?;
    let (mut npm, mut missing) = (None, Vec::new());
    for (package, version) in packages {
        let wanted = format!("{package}@{}", version.as_str().unwrap_or_default());
        let folder = folder(repository, package);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
            continue;
        }
        let npm = npm.get_or_insert_with(find_npm);
        let installed = match npm {
            Ok(npm) => bring(npm, package, &wanted, &folder),
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let (file, text) = match installed {
            Ok(()) => (STAMP, wanted),
            Err(error) => {
                println!("{wanted} cannot be installed, so its tests will only say so: {error:#}");
                missing.push(wanted.clone());
                (REASON, format!("{wanted} cannot be installed: {error:#}"))
            }
        };
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(file), text)?;
    }
    Ok(missing)
}

/// `@openai/codex` is `target/agents/codex`.
fn folder(repository: &Repository, package: &str) -> PathBuf {
    repository.target.join("agents").join(package.rsplit('/').next().unwrap_or(package))
}

fn bring(npm: &Path, package: &str, wanted: &str, folder: &Path) -> Result<()> {
    println!("Installing {wanted} for the tests");
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    // So that npm takes this folder and none above it.
    fs::write(folder.join("package.json"), "{\"private\":true}\n")?;
    let mut install = Command::new(npm);
    install.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact"]);
    // Without a network it says so in seconds, not in a minute.
    install.args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000", wanted]);
    run::output(install.current_dir(folder))?;
    remove_surplus(package, folder)?;
    // What npm could not get for this machine it may have left out without a word.
    let start = program(package, folder)?;
    run::output(Command::new(start).arg("--version").current_dir(folder).env("HOME", folder)).map(drop)
}

/// The file by which a package's program is started.
fn program(package: &str, folder: &Path) -> Result<PathBuf> {
    let modules = folder.join("node_modules");
    let manifest = modules.join(package).join("package.json");
    let text = fs::read_to_string(&manifest).with_context(|| format!("read {}", manifest.display()))?;
    let manifest: Value = serde_json::from_str(&text).with_context(|| format!("read {}", manifest.display()))?;
    let programs = manifest["bin"].as_object().with_context(|| format!("{package} has no program"))?;
    let name = programs.keys().next().with_context(|| format!("{package} has no program"))?;
    Ok(modules.join(".bin").join(name))
}

/// npm brings opencode for processors with AVX2 and for those without, 180 MB each; by now the package has made
/// the one that fits its own.
fn remove_surplus(package: &str, folder: &Path) -> Result<()> {
    if package != "opencode-ai" {
        return Ok(());
    }
    for entry in fs::read_dir(folder.join("node_modules"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("opencode-") && name != package {
            fs::remove_dir_all(entry.path()).with_context(|| format!("remove {}", entry.path().display()))?;
        }
    }
    Ok(())
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
