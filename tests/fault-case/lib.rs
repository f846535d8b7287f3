//! A fault case that makes injections by chance: how far it goes, its seed, and what it found.
//!
//! The suite runs a shortened form of each, `cargo xtask faults` the long one of the same code. `cargo xtask faults`
//! collects what the cases found into the table of `docs/faults.md`.
#![expect(clippy::print_stderr, reason = "a test says its seed and how to repeat it")]

use serde::{Deserialize, Serialize};
use std::{
    env,
    fs::OpenOptions,
    io::Write as _,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// Set to `long` by `cargo xtask faults`.
pub const SCALE: &str = "HOB_FAULTS";
/// The seed to repeat a run with; without it each run has another.
pub const SEED: &str = "HOB_FAULTS_SEED";
/// The file to which each case appends its [`Record`] as a line of JSON.
pub const RECORD: &str = "HOB_FAULTS_RECORD";

/// What one case found, as a line of the file that [`RECORD`] names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The number of the case.
    pub case: u8,
    /// What was injected, in the words of the table: "kills", "images".
    pub what: String,
    /// How many times.
    pub injections: u64,
    /// Acknowledged tasks that were gone, or results that were not what they should be.
    pub lost: u64,
    /// Processes, files or bytes that should not be there.
    pub left: u64,
    /// A figure that the promise asks for: "slowest recovery 0.8 s".
    pub note: String,
    /// How long the case took, in seconds.
    pub seconds: f64,
    /// The seed of the run.
    pub seed: u64,
}

/// A case that runs. Dropped by a panic, it prints the line that repeats it.
pub struct Case {
    number: u8,
    seed: u64,
    chance: fastrand::Rng,
    start: Instant,
}

impl Case {
    /// Begins the case of that number of `docs/faults.md`, and says its seed.
    pub fn begin(number: u8) -> Self {
        let seed = env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(new_seed);
        eprintln!("case {number:02}: seed {seed}");
        Self { number, seed, chance: fastrand::Rng::with_seed(seed), start: Instant::now() }
    }

    /// `long` in `cargo xtask faults`, else `short`.
    pub fn scale<T>(&self, short: T, long: T) -> T {
        if env::var(SCALE).is_ok_and(|scale| scale == "long") { long } else { short }
    }

    /// Where every choice of the case comes from.
    pub fn chance(&mut self) -> &mut fastrand::Rng {
        &mut self.chance
    }

    /// Ends the case: its record is written, and it fails if anything was lost or left over.
    ///
    /// # Panics
    /// If `lost` or `left` is not zero, or the record cannot be written.
    pub fn end(self, what: &str, injections: u64, lost: u64, left: u64, note: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        let (what, note) = (what.to_owned(), note.to_owned());
        let record = Record { case: self.number, what, injections, lost, left, note, seconds, seed: self.seed };
        let line = serde_json::to_string(&record).expect("a record is JSON");
        eprintln!("{line}");
        if let Some(file) = env::var_os(RECORD) {
            let file = OpenOptions::new().create(true).append(true).open(file);
            file.and_then(|mut file| writeln!(file, "{line}")).expect("the record is written");
        }
        assert!(injections > 0, "nothing was injected");
        assert_eq!((lost, left), (0, 0), "lost and left over");
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat: cargo xtask faults {:02} --seed {}", self.number, self.seed);
        }
    }
}

fn new_seed() -> u64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
    u64::from(nanos) ^ (u64::from(std::process::id()) << 32)
}
