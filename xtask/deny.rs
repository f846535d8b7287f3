//! The supply chain: licences, doubled crates, sources and known vulnerabilities, by cargo-deny and `deny.toml`.

use crate::{repository::Repository, run};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// The workspaces: the engine's, and those of the guests.
const WORKSPACES: [&str; 4] =
    ["Cargo.toml", "plugins/Cargo.toml", "plugins/examples/lint/Cargo.toml", "tests/guests/Cargo.toml"];

/// Holds every workspace to `deny.toml`. The advisories are looked at where their database can be reached.
pub fn deny(repository: &Repository, _args: &[String]) -> Result<()> {
    let program = install(repository)?;
    let advisories = fetch(&program, repository);
    for workspace in WORKSPACES {
        println!("{workspace}:");
        let mut command = on(&program, &repository.path(workspace), &repository.path("deny.toml"));
        command.args(["--offline", "check", "--hide-inclusion-graph"]);
        // The exceptions are those of all workspaces together; only the engine's uses every skip.
        command.args(["--allow", "license-exception-not-encountered"]);
        if workspace == "Cargo.toml" {
            command.args(["--deny", "unmatched-skip", "--deny", "unnecessary-skip"]);
        } else {
            command.args(["--allow", "unmatched-skip", "--allow", "unnecessary-skip"]);
        }
        command.args(["licenses", "bans", "sources"]);
        if advisories.is_ok() {
            command.arg("advisories");
        }
        run::run(&mut command)?;
    }
    if let Err(error) = advisories {
        let words = format!("{error:#}");
        let last = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        println!("Not looked at: the advisories. Their database cannot be reached from here ({})", last.trim());
    }
    Ok(())
}

/// Builds cargo-deny below the target folder, if it is not there; the program.
pub fn install(repository: &Repository) -> Result<PathBuf> {
    let program = repository.target.join("tools/bin/cargo-deny");
    let has = run::output(Command::new(&program).arg("--version")).is_ok_and(|text| text.trim().ends_with(VERSION));
    if !has {
        println!("Building cargo-deny {VERSION}");
        run::install(repository, "cargo-deny", VERSION)?;
    }
    Ok(program)
}

fn fetch(program: &Path, repository: &Repository) -> Result<String> {
    let mut command = on(program, &repository.path("Cargo.toml"), &repository.path("deny.toml"));
    run::output(command.args(["fetch", "db"]))
}

fn on(program: &Path, manifest: &Path, config: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--manifest-path").arg(manifest).arg("--config").arg(config);
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A database of advisories, by a name that git is told to find in a folder.
    const DATABASE: &str = "https://advisories.test/database";

    fn repository() -> Repository {
        Repository::find().expect("the repository")
    }

    /// What cargo-deny says of a workspace by a configuration.
    fn says(manifest: &Path, config: &Path, checks: &[&str]) -> (bool, String) {
        let program = install(&repository()).expect("cargo-deny");
        let mut command = on(&program, manifest, config);
        let output = command.args(["--offline", "check"]).args(checks).output();
        let output = output.expect("it starts");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    #[test]
    fn f70_a_crate_in_two_versions_is_red() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("deny.toml");
        let ours = fs::read_to_string(repository().path("deny.toml")).expect("deny.toml");
        let without = ours.lines().filter(|line| !line.contains("crate = \"sha2@0.10\""));
        fs::write(&config, without.collect::<Vec<_>>().join("\n")).expect("written");
        let (is_fine, words) = says(&repository().path("Cargo.toml"), &config, &["bans"]);
        assert!(!is_fine && words.contains("found 2 duplicate entries for crate 'sha2'"), "{words}");
    }

    #[test]
    fn f70_a_licence_that_nobody_allowed_is_red() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("deny.toml");
        let ours = fs::read_to_string(repository().path("deny.toml")).expect("deny.toml");
        fs::write(&config, ours.replace("  \"Zlib\",\n", "")).expect("written");
        let (is_fine, words) = says(&repository().path("Cargo.toml"), &config, &["licenses"]);
        assert!(!is_fine && words.contains("license is not explicitly allowed"), "{words}");
    }

    #[test]
    fn f70_a_known_vulnerability_is_red() {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("advisories");
        fs::create_dir_all(database.join("crates/wasmtime")).expect("a folder");
        let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"wasmtime\"\ndate = \"2026-01-01\"\n\
            [versions]\npatched = []\n```\n\n# Found by a test\n\nIn every version.\n";
        fs::write(database.join("crates/wasmtime/RUSTSEC-2026-9999.md"), advisory).expect("written");
        let git = |args: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(&database).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(args);
            run::output(&mut git).expect("git");
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "One"]);
        let config = folder.path().join("deny.toml");
        let lines = format!("[advisories]\ndb-path = {:?}\ndb-urls = [{DATABASE:?}]\n", folder.path().join("fetched"));
        fs::write(&config, lines).expect("written");
        let manifest = repository().path("Cargo.toml");
        let program = install(&repository()).expect("cargo-deny");
        let mut fetch = on(&program, &manifest, &config);
        let instead = format!("url.file://{}.insteadOf", database.display());
        fetch.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", instead).env("GIT_CONFIG_VALUE_0", DATABASE);
        run::output(fetch.args(["fetch", "db"])).expect("fetched");
        let (is_fine, words) = says(&manifest, &config, &["advisories"]);
        assert!(!is_fine && words.contains("RUSTSEC-2026-9999"), "{words}");
    }
}
