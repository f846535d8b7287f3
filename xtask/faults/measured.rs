use crate::repository::Repository;
use anyhow::{Context as _, Result};
use hob_fault_case::Record;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, path::PathBuf, thread};

/// What the last run of each case found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The machine, in words.
    pub machine: String,
    pub cases: BTreeMap<u8, Found>,
    #[serde(default)]
    pub fuzzed: Vec<Fuzzed>,
}

/// A target of the fuzzer that found nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Fuzzed {
    pub target: String,
    /// How many inputs it was given.
    pub inputs: u64,
    pub seconds: u64,
    pub seed: u64,
}

/// What the tests of one case found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Found {
    pub tests: usize,
    /// Names of those that failed.
    #[serde(skip)]
    pub failed: Vec<String>,
    pub seconds: f64,
    /// What the tests that count their injections recorded.
    pub records: Vec<Record>,
}

impl Measured {
    /// The same if it was measured here, and nothing if it was elsewhere: figures of two machines do not belong on one page.
    pub fn on_this_machine(self) -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release = kernel.split('-').next().unwrap_or_default().trim();
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let machine = format!("{cores} cores, {} {release}", std::env::consts::OS);
        if self.machine == machine { self } else { Self { machine, cases: BTreeMap::new(), fuzzed: Vec::new() } }
    }

    pub fn read(repository: &Repository) -> Result<Self> {
        let file = Self::file(repository);
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("read {}", file.display()))
    }

    pub fn write(&self, repository: &Repository) -> Result<()> {
        let file = Self::file(repository);
        let mut text = serde_json::to_string_pretty(self).context("write JSON")?;
        text.push('\n');
        fs::write(&file, text).with_context(|| format!("write {}", file.display()))
    }

    fn file(repository: &Repository) -> PathBuf {
        repository.path("xtask/faults/measured.json")
    }
}

impl Found {
    /// Injections, what was lost and left over, and the figures that a promise asks for.
    pub fn words(&self) -> String {
        let words = self.records.iter().map(|record| {
            let note = if record.note.is_empty() { String::new() } else { format!("; {}", record.note) };
            format!("{} {}: {} lost, {} left{note}", record.injections, record.what, record.lost, record.left)
        });
        words.collect::<Vec<_>>().join(" · ")
    }
}
