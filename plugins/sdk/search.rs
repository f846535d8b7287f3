//! Searching the files of a granted folder. The host does it, on all cores.

use crate::{bindings::hob::plugin::search as wit, error::Refused, host};
use serde::Deserialize;

pub use wit::{CaseMode, Line, LineKind, Query, SearchMode};

/// Lines that are shown where nothing else is said: what a person scrolls through.
const MAX_HITS: u32 = 10_000;
/// The same for one file.
const MAX_HITS_PER_FILE: u32 = 1_000;

impl Default for Query {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            literal: false,
            case_sensitivity: CaseMode::Smart,
            whole_words: false,
            globs: Vec::new(),
            hidden: false,
            no_ignore: false,
            context_before: 0,
            context_after: 0,
            max_hits: MAX_HITS,
            max_hits_per_file: MAX_HITS_PER_FILE,
            mode: SearchMode::Lines,
        }
    }
}

impl Query {
    /// For regular expressions, all in one pass. Its fields say the rest: `Query { literal: true, ..Query::new(["a.b"]) }`.
    pub fn new(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { patterns: patterns.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Searches below a folder as the component sees it.
    pub fn run(&self, root: &str) -> Result<Hits, Refused> {
        host::search::grep(root, self).map(Hits).map_err(Refused::of)
    }
}

/// What a search found.
#[derive(Debug)]
pub struct Hits(host::search::Hits);

/// What a search counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Files that were looked into.
    pub files_searched: u64,
    /// Files in which something was found.
    pub files_with_hits: u64,
    /// Lines in which something was found, shown or not.
    pub hits: u64,
    /// Bytes that were looked at.
    pub bytes_searched: u64,
    /// Whether a limit of hits was reached.
    pub truncated: bool,
    /// Lines for each pattern.
    pub per_pattern: Vec<u64>,
    /// What could not be read.
    pub errors: Vec<String>,
}

/// Lines in one call of [`Hits::all`].
const AT_ONCE: u32 = 1024;

impl Hits {
    /// More lines, ordered by path, then by number; empty when there are no more.
    pub fn next(&self, max: u32) -> Result<Vec<Line>, Refused> {
        self.0.next(max).map_err(Refused::of)
    }

    /// All lines.
    pub fn all(&self) -> Result<Vec<Line>, Refused> {
        let mut all = Vec::new();
        loop {
            let some = self.next(AT_ONCE)?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }

    /// Final once there are no more lines.
    pub fn stats(&self) -> Result<Stats, Refused> {
        serde_json::from_str(&self.0.stats()).map_err(|error| Refused::Failed(error.to_string()))
    }
}
