use super::{
    MAX_FILE_HIT_BYTES, Query, SearchMode,
    lines::{FoundLines, PatternBits},
    matcher::Patterns,
};
use grep_matcher::Matcher as _;
use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch};
use regex_automata::PatternSet;
use std::io;

/// What was found in one file.
pub(super) struct FileSink<'a> {
    patterns: &'a Patterns,
    /// Those in the line at hand.
    in_line: PatternSet,
    mode: SearchMode,
    context_after: u64,
    /// Hits that may be kept; 0 counts only.
    keep: usize,
    /// Number of the last hit that was kept.
    last_kept: u64,
    /// Lines with a hit.
    pub(super) hits: u64,
    /// Hits among `lines`.
    pub(super) kept: usize,
    pub(super) lines: FoundLines,
    /// Lines with a hit, for each pattern.
    pub(super) per_pattern: Vec<u64>,
    pub(super) binary: bool,
    pub(super) bytes_searched: u64,
}

impl<'a> FileSink<'a> {
    pub(super) fn new(patterns: &'a Patterns, query: &Query, keep: bool) -> Self {
        let keep = match query.mode {
            SearchMode::Lines if keep => query.max_hits.min(query.max_hits_per_file) as usize,
            SearchMode::Lines | SearchMode::Files => 0,
        };
        Self {
            patterns,
            in_line: patterns.none(),
            mode: query.mode,
            context_after: u64::from(query.context_after.min(super::MAX_CONTEXT)),
            keep,
            last_kept: 0,
            hits: 0,
            kept: 0,
            lines: FoundLines::default(),
            per_pattern: vec![0; patterns.count()],
            binary: false,
            bytes_searched: 0,
        }
    }

    /// The one line that stands for the file.
    pub(super) fn summarize(&mut self) {
        if self.mode == SearchMode::Files && self.hits > 0 {
            let mut patterns = PatternBits::default();
            let with_hits = self.per_pattern.iter().enumerate().filter(|(_, hits)| **hits > 0);
            with_hits.for_each(|(index, _)| patterns.add(index));
            self.lines.push_hit(clamp(self.hits), 0, patterns, b"");
            self.kept = 1;
        }
    }

    /// Once no hit is kept any more, what follows belongs to the last one that was.
    fn is_context_of_kept(&self, number: u64) -> bool {
        self.kept > 0 && number <= self.last_kept + self.context_after
    }

    fn has_room(&self) -> bool {
        self.kept < self.keep && self.lines.bytes() < MAX_FILE_HIT_BYTES
    }
}

impl Sink for FileSink<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        self.hits += 1;
        let number = found.line_number().unwrap_or_default();
        let bytes = found.bytes();
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let keep = self.has_room();
        let mut in_line = PatternBits::default();
        self.patterns.in_line(line, &mut self.in_line, |index| {
            self.per_pattern[index] += 1;
            in_line.add(index);
        });
        if keep {
            let first = self.patterns.finder.find(line).map_err(io::Error::other)?;
            let column = clamp(first.map_or(0, |first| first.start() as u64) + 1);
            self.lines.push_hit(clamp(number), column, in_line, line);
            self.kept += 1;
            self.last_kept = number;
        } else if self.is_context_of_kept(number) {
            self.lines.push_context(clamp(number), line);
        }
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, found: &SinkContext<'_>) -> io::Result<bool> {
        let number = found.line_number().unwrap_or_default();
        let wanted = match found.kind() {
            SinkContextKind::Before => self.has_room() || self.is_context_of_kept(number),
            SinkContextKind::After | SinkContextKind::Other => self.is_context_of_kept(number),
        };
        if wanted {
            let bytes = found.bytes();
            self.lines.push_context(clamp(number), bytes.strip_suffix(b"\n").unwrap_or(bytes));
        }
        Ok(true)
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> io::Result<bool> {
        self.binary = true;
        Ok(false)
    }

    fn finish(&mut self, _: &Searcher, finish: &SinkFinish) -> io::Result<()> {
        self.bytes_searched = finish.byte_count();
        Ok(())
    }
}

/// A number in the width that the contract has for it.
pub(super) fn clamp(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
