//! The packages that projects of authors are built with, brought here once, so that the tests of the tutorial need no
//! network: npm's into a cache of its own, `PyPI`'s as files, and crates into cargo's own. What cannot be had leaves a
//! file with the reason, which its tests then say.

use crate::{packages, repository::Repository, run};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What a folder has when everything is in it: for what it was filled.
const STAMP: &str = "installed";
/// What it has when not: why.
const REASON: &str = "missing";

/// As [`install`], alone.
pub fn authoring(repository: &Repository, _args: &[String]) -> Result<()> {
    install(repository)?;
    println!("Packages for the tests of authoring: {}", repository.target.join("authoring").display());
    Ok(())
}

/// Brings here what is not here yet. That something cannot be had is said, and is no error; gives what that is.
pub fn install(repository: &Repository) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for (template, fill) in
        [("js", npm as fn(&Path, &str) -> Result<()>), ("js-spidermonkey", npm), ("python", pip), ("rust", crates)]
    {
        let wanted = match template {
            "python" => "requirements.txt",
            "rust" => "Cargo.toml",
            _ => "package.json",
        };
        let wanted = repository.path("plugins/templates").join(template).join(wanted);
        let mut wanted = fs::read_to_string(&wanted).with_context(|| format!("read {}", wanted.display()))?;
        if template == "rust" {
            // What a project needs is what the SDK in it needs.
            wanted =
                fs::read_to_string(repository.path("plugins/sdk/Cargo.toml")).context("read the SDK's Cargo.toml")?;
        }
        let folder = repository.target.join("authoring").join(template);
        if fs::read_to_string(folder.join(STAMP)).is_ok_and(|stamp| stamp == wanted) {
            continue;
        }
        println!("Getting what projects in {template} are built with, for the tests");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        match fill(&folder, &wanted) {
            Ok(()) => fs::write(folder.join(STAMP), wanted)?,
            Err(error) => {
                println!("Projects in {template} are not tested: {error:#}");
                fs::write(folder.join(REASON), format!("its packages cannot be had: {error:#}"))?;
                missing.push(format!("projects in {template}"));
            }
        }
    }
    Ok(missing)
}

/// A project like the template's, less hob's own helper.
fn npm(folder: &Path, package: &str) -> Result<()> {
    if !packages::starts("npm") {
        packages::install(&["nodejs", "npm"])?;
    }
    let package: Value = serde_json::from_str(package).context("read package.json")?;
    let tools = json!({ "private": true, "devDependencies": package["devDependencies"] });
    let project = empty(folder)?;
    fs::write(project.join("package.json"), tools.to_string())?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "--cache"]).arg(folder.join("cache"));
    // Without a network it says so in seconds, not in a minute.
    install.args(["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]);
    run::output(install.current_dir(&project))?;
    fs::remove_dir_all(project)?;
    Ok(())
}

fn pip(folder: &Path, requirements: &str) -> Result<()> {
    let has = |module: &str| run::output(Command::new("python3").args(["-m", module, "--help"])).is_ok();
    // Debian has each in a package of its own; `ensurepip` is what its `venv` lacks.
    if !has("pip") || !has("venv") || !has("ensurepip") {
        packages::install(&["python3", "python3-pip", "python3-venv"])?;
    }
    let file = folder.join("requirements.txt");
    fs::write(&file, requirements)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest"])
        .arg(folder.join("packages"));
    run::output(pip.arg("--requirement").arg(file)).map(drop)
}

fn crates(folder: &Path, sdk: &str) -> Result<()> {
    let project = empty(folder)?;
    fs::create_dir(project.join("src"))?;
    fs::write(project.join("src/lib.rs"), "")?;
    ensure!(sdk.contains("path = \"lib.rs\""), "the SDK's Cargo.toml is not as it was");
    let manifest = sdk.replace("path = \"lib.rs\"", "path = \"src/lib.rs\"") + "\n[workspace]\n";
    fs::write(project.join("Cargo.toml"), manifest)?;
    run::output(run::cargo(&project).args(["fetch", "--quiet"]))?;
    fs::remove_dir_all(project)?;
    Ok(())
}

fn empty(folder: &Path) -> Result<PathBuf> {
    let project = folder.join("project");
    fs::create_dir_all(&project).with_context(|| format!("make {}", project.display()))?;
    Ok(project)
}
