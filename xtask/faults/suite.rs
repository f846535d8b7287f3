use super::{cases::Case, measured::Found};
use crate::{repository::Repository, run};
use anyhow::{Context as _, Result};
use hob_fault_case::{RECORD, Record, SCALE, SEED};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// The built test programs, with the fault cases that each has.
pub struct Suite {
    programs: Vec<Program>,
    guests: PathBuf,
    logs: PathBuf,
}

struct Program {
    file: PathBuf,
    /// The folder of its package, in which cargo would start it.
    folder: PathBuf,
    tests: Vec<String>,
}

impl Suite {
    /// Builds what `cargo test --release --workspace` would run.
    pub fn build(repository: &Repository) -> Result<Self> {
        let guests = repository.test_guests();
        let mut cargo = run::cargo(&repository.root);
        cargo.args(["test", "--release", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"]);
        cargo.env("HOB_TEST_GUESTS", &guests).stderr(Stdio::inherit());
        let messages = run::output(&mut cargo)?;
        let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut programs = Vec::new();
        for message in messages.filter(|message| message["profile"]["test"] == true) {
            let (Some(file), Some(manifest)) = (message["executable"].as_str(), message["manifest_path"].as_str())
            else {
                continue;
            };
            let folder = Path::new(manifest).parent().map(Path::to_owned).unwrap_or_default();
            let file = PathBuf::from(file);
            let list = run::output(Command::new(&file).arg("--list").current_dir(&folder))?;
            let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
            let tests: Vec<String> = tests.filter(|name| number(name).is_some()).map(str::to_owned).collect();
            programs.push(Program { file, folder, tests });
        }
        let logs = logs(repository);
        fs::create_dir_all(&logs).with_context(|| format!("make {}", logs.display()))?;
        Ok(Self { programs, guests, logs })
    }

    /// Runs the tests of a case one after the other.
    pub fn run(&self, case: &Case, seed: Option<u64>, is_long: bool) -> Result<Found> {
        let mut found = Found::default();
        let records = self.logs.join(format!("{:02}.records", case.number));
        let _ = fs::remove_file(&records);
        let start = Instant::now();
        for program in &self.programs {
            for test in program.tests.iter().filter(|test| number(test) == Some(case.number)) {
                let log = self.logs.join(format!("{}.log", test.replace("::", "-")));
                let out = fs::File::create(&log).with_context(|| format!("write {}", log.display()))?;
                let mut command = Command::new(&program.file);
                command.args([test, "--exact", "--nocapture"]).current_dir(&program.folder).stdin(Stdio::null());
                command.env("HOB_TEST_GUESTS", &self.guests).env(RECORD, &records);
                command.env(SCALE, if is_long { "long" } else { "short" });
                if let Some(seed) = seed {
                    command.env(SEED, seed.to_string());
                }
                let same = out.try_clone().context("the log's second descriptor")?;
                let status = command.stdout(out).stderr(same).status();
                if !status.with_context(|| format!("start {}", program.file.display()))?.success() {
                    found.failed.push(test.clone());
                    eprintln!("{test} failed:\n{}", tail(&log));
                }
                found.tests += 1;
            }
        }
        found.seconds = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let records = fs::read_to_string(&records).unwrap_or_default();
        found.records = records.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok()).collect();
        Ok(found)
    }
}

/// The folder with a file for each test of the last run.
pub fn logs(repository: &Repository) -> PathBuf {
    repository.target.join("faults")
}

/// The last lines of what a test printed, where its panic and the line to repeat it are.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// The number of the case that a test of that name belongs to: `storage::f05_a_full_disk` is of case 5.
pub fn number(test: &str) -> Option<u8> {
    let name = test.rsplit("::").next()?;
    let (digits, _) = name.strip_prefix('f')?.split_once('_')?;
    if digits.len() == 2 { digits.parse().ok() } else { None }
}
