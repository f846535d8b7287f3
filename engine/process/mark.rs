//! How what a worker started is known when everybody who answered for it is dead.
//!
//! Processes cannot be told by what they can drop: a variable, a descriptor, a session, a parent. They
//! keep their limits through all of that, and none without privileges can raise a hard one. So every
//! program gets one limit that never bites, with a number in it that is its worker's alone.

use crate::os;
use std::{
    fs::File,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{self, Read as _, Seek as _, Write as _},
    time::{Duration, Instant},
};

/// Marks lie above: in microseconds, 146,000 years.
const LEAST: u64 = 1 << 62;
/// The bits that tell the trees of a worker apart. A million: when numbers come again, the first trees are long gone.
const TREES: u64 = (1 << 20) - 1;
/// The bits that tell workers apart.
const WORKERS: u64 = (LEAST - 1) & !TREES;
/// Between two passes over what is to end.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest word of a record.
const RECORD: u64 = 64;

/// The number of one worker, for its programs to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    /// One that nobody else has. None where programs could not bear it: this process bears a mark already,
    /// for it descends from a task, or its limits are low.
    pub(crate) fn new() -> Option<Self> {
        // Its keys are the operating system's chance.
        let chance = RandomState::new().build_hasher().finish();
        os::can_bear_a_mark().then_some(Self(LEAST | (chance & WORKERS)))
    }

    /// What the programs of this guard bear.
    pub(crate) fn of_tree(self, guard: i32) -> u64 {
        self.0 | (u64::from(guard.unsigned_abs()) & TREES)
    }

    /// Whether who bears `worn` belongs to this worker.
    pub(crate) fn is_on(self, worn: u64) -> bool {
        worn & !TREES == self.0
    }

    /// Writes it down for whoever comes after this worker.
    pub(crate) fn record(self, mut file: &File) -> io::Result<()> {
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", self.0)
    }

    /// What is written there. Anything but a mark is none: it would be on strangers.
    pub(crate) fn recorded(file: &File) -> Option<Self> {
        let mut text = String::new();
        file.take(RECORD).read_to_string(&mut text).ok()?;
        let number = text.parse().ok().filter(|number| (LEAST..LEAST << 1).contains(number) && number & TREES == 0)?;
        Some(Self(number))
    }
}

/// Kills what bears a mark that is `wanted`, guards excepted where `guards_live`. False if some of it is left after
/// `patience`. Blocks the calling thread.
pub(crate) fn end_marked(wanted: impl Fn(u64) -> bool, guards_live: bool, patience: Duration) -> bool {
    let start = Instant::now();
    while os::kill_marked(&wanted, guards_live).found > 0 {
        if start.elapsed() > patience {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(text: &str) -> Option<Mark> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file.rewind().expect("rewound");
        Mark::recorded(&file)
    }

    #[test]
    fn f41_only_a_mark_is_read_as_one() {
        let mark = Mark::new().expect("a mark");
        assert_ne!(Some(mark), Mark::new(), "each has its own");
        assert_eq!(recorded(&mark.0.to_string()), Some(mark));
        // What strangers have: no limit, none at all, a low one; and what is no record.
        for other in ["18446744073709551615", "0", "200000", "", "x", "-1", "4611686018427387905"] {
            assert_eq!(recorded(other), None, "{other}");
        }
    }

    #[test]
    fn f41_a_mark_is_on_its_own_trees_and_on_no_others() {
        let (mark, other) = (Mark(LEAST | (1 << 20)), Mark(LEAST | (2 << 20)));
        for guard in [1, 2, 1_048_575, i32::MAX] {
            assert!(mark.is_on(mark.of_tree(guard)) && !other.is_on(mark.of_tree(guard)), "{guard}");
        }
        for stranger in [0, 200_000, u64::MAX] {
            assert!(!mark.is_on(stranger), "{stranger}");
        }
    }
}
