use super::{Line, MAX_ERRORS, MAX_HIT_BYTES, Query, SearchMode, lines::FoundLines, sink::FileSink};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Figures of a search; its JSON is the contract's `stats`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Files that were opened, binary ones included.
    pub files_searched: u64,
    /// Files with at least one hit.
    pub files_with_hits: u64,
    /// Lines with at least one hit, kept or not.
    pub hits: u64,
    /// Bytes read of the files.
    pub bytes_searched: u64,
    /// Whether there are hits that were only counted.
    pub truncated: bool,
    /// Lines with a hit, for each pattern.
    pub per_pattern: Vec<u64>,
    /// What could not be read, relative to the root.
    pub errors: Vec<String>,
}

impl Stats {
    pub(super) fn add_file(&mut self, sink: &FileSink<'_>) {
        self.files_searched += 1;
        self.bytes_searched += sink.bytes_searched;
        if !sink.binary {
            self.files_with_hits += u64::from(sink.hits > 0);
            self.hits += sink.hits;
            add(&mut self.per_pattern, &sink.per_pattern);
        }
    }
}

fn add(sums: &mut Vec<u64>, counts: &[u64]) {
    sums.resize(sums.len().max(counts.len()), 0);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// The answer to a query.
#[derive(Debug)]
pub struct Hits {
    files: VecDeque<(String, FoundLines)>,
    /// Lines of the first of them that were given.
    given: usize,
    stats: Stats,
}

impl Hits {
    /// Up to `max` further lines, ordered by path (as bytes), then by number; empty when done.
    pub fn next(&mut self, max: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while lines.len() < max {
            let Some((path, found)) = self.files.front() else { break };
            lines.extend(found.get(self.given, path));
            self.given += 1;
            if self.given >= found.len() {
                self.files.pop_front();
                self.given = 0;
            }
        }
        lines
    }

    /// Whether all lines were given.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The figures; final from the beginning.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}

/// Where the threads of a search bring what they found.
pub(super) struct Collector {
    max_hits: usize,
    context_after: u32,
    mode: SearchMode,
    /// Whether something was turned away already, so that what comes after the last kept file need
    /// not be kept. Read without the lock; the lock decides.
    is_full: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<OsString, Found>,
    kept: usize,
    bytes: usize,
    stats: Stats,
    more_errors: u64,
}

struct Found {
    kept: usize,
    bytes: usize,
    lines: FoundLines,
}

impl Collector {
    pub(super) fn new(query: &Query) -> Self {
        let stats = Stats { per_pattern: vec![0; query.patterns.len()], ..Stats::default() };
        Self {
            max_hits: query.max_hits as usize,
            context_after: query.context_after.min(super::MAX_CONTEXT),
            mode: query.mode,
            is_full: AtomicBool::new(query.max_hits == 0),
            state: Mutex::new(State { stats, ..State::default() }),
        }
    }

    /// Whether hits in the file at `path` can still be among those that are kept.
    pub(super) fn wants(&self, path: &Path) -> bool {
        !self.is_full.load(Ordering::Relaxed) || comes_before_last(&self.state().files, path)
    }

    pub(super) fn add(&self, path: &Path, sink: FileSink<'_>) {
        let mut guard = self.state();
        let state = &mut *guard;
        if self.is_full.load(Ordering::Relaxed) && !comes_before_last(&state.files, path) {
            return;
        }
        let bytes = sink.lines.bytes();
        state.kept += sink.kept;
        state.bytes += bytes;
        let found = Found { kept: sink.kept, bytes, lines: sink.lines };
        state.files.insert(path.as_os_str().to_owned(), found);
        // What is kept is always the beginning of all hits in order: only the last file goes, and
        // from then on nothing is taken that comes after the one before it.
        while let Some(last) = state.files.last_entry() {
            let (kept, bytes) = (last.get().kept, last.get().bytes);
            if state.kept - kept < self.max_hits && state.bytes <= MAX_HIT_BYTES {
                break;
            }
            last.remove();
            state.kept -= kept;
            state.bytes -= bytes;
            self.is_full.store(true, Ordering::Relaxed);
        }
        if state.kept >= self.max_hits {
            self.is_full.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn add_error(&self, text: String) {
        let mut state = self.state();
        if state.stats.errors.len() < MAX_ERRORS {
            state.stats.errors.push(text);
        } else {
            state.more_errors += 1;
        }
    }

    /// Adds the figures of one thread.
    pub(super) fn add_stats(&self, other: &Stats) {
        let mut guard = self.state();
        let stats = &mut guard.stats;
        stats.files_searched += other.files_searched;
        stats.files_with_hits += other.files_with_hits;
        stats.hits += other.hits;
        stats.bytes_searched += other.bytes_searched;
        add(&mut stats.per_pattern, &other.per_pattern);
    }

    pub(super) fn finish(self) -> Hits {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let State { files, mut stats, more_errors, .. } = state;
        let mut room = self.max_hits;
        let mut kept: u64 = 0;
        let files: VecDeque<_> = files
            .into_iter()
            .map(|(path, mut found)| {
                found.lines.cut(room, self.context_after);
                let hits = found.kept.min(room);
                room -= hits;
                kept += hits as u64;
                (slashes(&path), found.lines)
            })
            .collect();
        let all = match self.mode {
            SearchMode::Lines => stats.hits,
            SearchMode::Files => stats.files_with_hits,
        };
        stats.truncated = all > kept;
        stats.errors.sort_unstable();
        if more_errors > 0 {
            stats.errors.push(format!("and {more_errors} more"));
        }
        Hits { files, given: 0, stats }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn comes_before_last(files: &BTreeMap<OsString, Found>, path: &Path) -> bool {
    files.last_key_value().is_some_and(|(last, _)| path.as_os_str() < last.as_os_str())
}

fn slashes(path: &OsString) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}
