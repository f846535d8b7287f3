//! The captured output of attempts: `output/<sequence>-<attempt>.out` in the state folder.
//!
//! Bytes are stored as they came. What exceeds the limit of an attempt is left out in the middle, with a line
//! that says how much, so that the beginning and the end are always there.

mod carry;
mod reader;
mod ring;
mod writer;

pub(crate) use carry::{How, carry};
pub use reader::OutputReader;
pub use writer::{OutputSummary, OutputWriter};

use hob_core::{AttemptNumber, Bytes};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const FOLDER: &str = "output";
const ARTIFACTS: &str = "artifacts";
const ENDING: &str = ".out";

/// Why captured output cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("use the output in {path}: {source}")]
pub struct Error {
    /// The file or folder.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: io::Error,
}

/// The captured output of one state folder.
#[derive(Clone, Debug)]
pub struct Outputs {
    folder: PathBuf,
}

impl Outputs {
    /// That of a state folder.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Captures the output of an attempt: at most `limit` bytes of it. No file is made before the first byte.
    pub fn writer(&self, sequence: i64, attempt: AttemptNumber, limit: Bytes) -> OutputWriter {
        OutputWriter::new(file(&self.folder, sequence, attempt), limit)
    }

    /// Reads the output of an attempt, also while it is written; none if it has none so far.
    pub fn reader(&self, sequence: i64, attempt: AttemptNumber) -> Result<Option<OutputReader>, Error> {
        OutputReader::open(&file(&self.folder, sequence, attempt))
    }
}

fn file(folder: &Path, sequence: i64, attempt: AttemptNumber) -> PathBuf {
    folder.join(FOLDER).join(format!("{sequence}-{attempt}{ENDING}"))
}

fn artifacts(folder: &Path, sequence: i64, attempt: AttemptNumber) -> PathBuf {
    folder.join(ARTIFACTS).join(format!("{sequence}-{attempt}"))
}

/// The bytes kept of all attempts of a task up to `last`.
pub(crate) fn size_of_attempts(folder: &Path, sequence: i64, last: AttemptNumber) -> u64 {
    let size = |attempt| fs::metadata(file(folder, sequence, AttemptNumber(attempt))).map_or(0, |data| data.len());
    (1..=last.0).map(size).sum()
}

/// Removes the output and the artifacts of an attempt, as far as that works.
pub(crate) fn remove(folder: &Path, sequence: i64, attempt: AttemptNumber) {
    let gone = |path: PathBuf, removed: io::Result<()>| match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "what a pruned task left could not be removed");
        }
        _ => {}
    };
    let output = file(folder, sequence, attempt);
    let removed = fs::remove_file(&output);
    gone(output, removed);
    let kept = artifacts(folder, sequence, attempt);
    let removed = fs::remove_dir_all(&kept);
    gone(kept, removed);
}

/// What is left of attempts whose tasks are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orphans {
    /// Files and folders of tasks that were pruned.
    pub pruned: Vec<PathBuf>,
    /// Those of tasks that this database never knew: of another one, whose results they are.
    pub foreign: Vec<PathBuf>,
}

/// Whose the output of a sequence number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    ATask,
    APrunedTask,
    AnotherDatabases,
}

/// Finds what belongs to no task.
pub(crate) fn orphans(folder: &Path, whose: impl Fn(i64) -> crate::Result<Whose>) -> crate::Result<Orphans> {
    let mut orphans = Orphans::default();
    for name in [FOLDER, ARTIFACTS] {
        let path = folder.join(name);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(crate::Error::folder(path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| crate::Error::folder(&path, &error))?;
            let Some((sequence, _)) = entry.file_name().to_str().and_then(parse) else { continue };
            match whose(sequence)? {
                Whose::ATask => {}
                Whose::APrunedTask => orphans.pruned.push(entry.path()),
                Whose::AnotherDatabases => orphans.foreign.push(entry.path()),
            }
        }
    }
    orphans.pruned.sort();
    orphans.foreign.sort();
    Ok(orphans)
}

/// Removes what pruned tasks left; how much of it went.
pub(crate) fn remove_orphans(orphans: &Orphans) -> usize {
    let attempts = orphans.pruned.iter().filter_map(|path| Some((path, parse(path.file_name()?.to_str()?)?)));
    attempts
        .filter(|(path, (sequence, attempt))| {
            if let Some(folder) = path.parent().and_then(Path::parent) {
                remove(folder, *sequence, *attempt);
            }
            !path.exists()
        })
        .count()
}

fn parse(name: &str) -> Option<(i64, AttemptNumber)> {
    let (sequence, attempt) = name.strip_suffix(ENDING).unwrap_or(name).split_once('-')?;
    Some((sequence.parse().ok()?, AttemptNumber(attempt.parse().ok()?)))
}
