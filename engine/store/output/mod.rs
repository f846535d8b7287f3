//! The captured output of attempts: `output/<sequence>-<attempt>.out` in the state folder.
//!
//! Bytes are stored as they came. What exceeds the limit of an attempt is left out in the middle, with a line
//! that says how much, so that the beginning and the end are always there.

mod reader;
mod ring;
mod writer;

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

/// Removes what belongs to no task that `is_there`.
pub(crate) fn remove_orphans(folder: &Path, is_there: impl Fn(i64) -> crate::Result<bool>) -> crate::Result<usize> {
    let mut removed = 0;
    for name in [FOLDER, ARTIFACTS] {
        let path = folder.join(name);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(crate::Error::folder(path, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| crate::Error::folder(&path, &error))?;
            let name = entry.file_name();
            let Some((sequence, attempt)) = name.to_str().and_then(parse) else { continue };
            if !is_there(sequence)? {
                remove(folder, sequence, attempt);
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn parse(name: &str) -> Option<(i64, AttemptNumber)> {
    let (sequence, attempt) = name.strip_suffix(ENDING).unwrap_or(name).split_once('-')?;
    Some((sequence.parse().ok()?, AttemptNumber(attempt.parse().ok()?)))
}
