//! cargo-fuzz over the targets of `fuzz/`: without a sanitizer, which stable Rust does not have.

use super::measured::Fuzzed;
use crate::{repository::Repository, run};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

/// The version that this is written for.
const VERSION: &str = "0.13.2";

/// The targets of `fuzz/Cargo.toml`.
pub const TARGETS: [&str; 4] = ["settings", "batch", "component", "sanitizer"];

/// How long each target is fuzzed. Two minutes: long enough to go past what the damage in the suite finds.
pub const TIME: Duration = Duration::from_mins(2);

/// Fuzzes one target; an input that it failed on is an error with the line that repeats it.
pub fn fuzz(repository: &Repository, target: &str, time: Duration, seed: Option<u64>) -> Result<Fuzzed> {
    let program = install(repository)?;
    let found = repository.target.join("fuzz/found").join(target);
    let kept = repository.target.join("fuzz/corpus").join(target);
    for folder in [&found, &kept] {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    // The first corpus is the one that is written to.
    let mut corpora = vec![kept, repository.path("fuzz/corpus").join(target)];
    if target == "component" {
        corpora.push(repository.path("wit/released/0.1.0"));
    }
    let seed = seed.unwrap_or(1);
    let mut command = on(repository, &program);
    command.arg(target).args(corpora).arg("--");
    command.arg(format!("-max_total_time={}", time.as_secs())).arg(format!("-seed={}", seed % u64::from(u32::MAX)));
    command.args(["-print_final_stats=1", "-timeout=30", "-rss_limit_mb=4096"]);
    command.arg(format!("-artifact_prefix={}/", found.display()));
    let output = command.stdin(Stdio::null()).output().context("start cargo-fuzz")?;
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let lines: Vec<&str> = words.lines().collect();
        let last = lines[lines.len().saturating_sub(30)..].join("\n");
        bail!("{last}\n`{target}` failed on an input that is kept in {}", found.display());
    }
    let inputs = words.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let inputs = inputs.and_then(|number| number.trim().parse().ok()).context("libFuzzer says no number of inputs")?;
    Ok(Fuzzed { target: target.to_owned(), inputs, seconds: time.as_secs(), seed })
}

fn on(repository: &Repository, program: &Path) -> Command {
    let mut command = run::at(program, &repository.path("fuzz"));
    command.args(["run", "--fuzz-dir", ".", "--sanitizer", "none", "--target-dir"]);
    command.arg(repository.target.join("fuzz"));
    command
}

fn install(repository: &Repository) -> Result<PathBuf> {
    let program = repository.target.join("tools/bin/cargo-fuzz");
    if !program.exists() {
        println!("Building cargo-fuzz {VERSION}");
        run::install(repository, "cargo-fuzz", VERSION)?;
    }
    Ok(program)
}
