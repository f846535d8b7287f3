use super::{LineKind, MAX_FILE_HIT_BYTES, MAX_LINE_BYTES, Query, SearchMode, matcher::Patterns};
use grep_matcher::Matcher as _;
use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkFinish, SinkMatch};
use std::io;

/// A line of a file, before it gets the file's path.
#[derive(Debug)]
pub(super) struct FoundLine {
    pub(super) number: u32,
    pub(super) column: u32,
    pub(super) kind: LineKind,
    pub(super) patterns: Vec<u32>,
    pub(super) text: String,
}

impl FoundLine {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + self.patterns.len() * size_of::<u32>()
    }
}

/// What was found in one file.
pub(super) struct FileSink<'a> {
    patterns: &'a Patterns,
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
    /// In order.
    pub(super) lines: Vec<FoundLine>,
    /// What `lines` takes.
    pub(super) bytes: usize,
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
            mode: query.mode,
            context_after: u64::from(query.context_after.min(super::MAX_CONTEXT)),
            keep,
            last_kept: 0,
            hits: 0,
            kept: 0,
            lines: Vec::new(),
            bytes: 0,
            per_pattern: vec![0; patterns.count()],
            binary: false,
            bytes_searched: 0,
        }
    }

    /// The one line that stands for the file.
    pub(super) fn summarize(&mut self) {
        if self.mode == SearchMode::Files && self.hits > 0 {
            let with_hits = self.per_pattern.iter().enumerate().filter(|(_, hits)| **hits > 0);
            let patterns = with_hits.map(|(index, _)| clamp(index as u64)).collect();
            let number = clamp(self.hits);
            self.push(FoundLine { number, column: 0, kind: LineKind::Hit, patterns, text: String::new() });
            self.kept = 1;
        }
    }

    fn push(&mut self, line: FoundLine) {
        self.bytes += line.bytes();
        self.lines.push(line);
    }

    /// Once no hit is kept any more, what follows belongs to the last one that was.
    fn is_context_of_kept(&self, number: u64) -> bool {
        self.kept > 0 && number <= self.last_kept + self.context_after
    }

    fn has_room(&self) -> bool {
        self.kept < self.keep && self.bytes < MAX_FILE_HIT_BYTES
    }

    fn push_context(&mut self, number: u64, bytes: &[u8]) {
        let (kind, patterns) = (LineKind::Context, Vec::new());
        self.push(FoundLine { number: clamp(number), column: 0, kind, patterns, text: text(bytes) });
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
        let mut in_line = Vec::new();
        self.patterns.in_line(line, |index| {
            self.per_pattern[index] += 1;
            if keep {
                in_line.push(clamp(index as u64));
            }
        });
        if keep {
            let first = self.patterns.finder.find(line).map_err(io::Error::other)?;
            let column = clamp(first.map_or(0, |first| first.start() as u64) + 1);
            let number_here = clamp(number);
            let (kind, patterns) = (LineKind::Hit, in_line);
            self.push(FoundLine { number: number_here, column, kind, patterns, text: text(line) });
            self.kept += 1;
            self.last_kept = number;
        } else if self.is_context_of_kept(number) {
            self.push_context(number, line);
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
            self.push_context(number, bytes.strip_suffix(b"\n").unwrap_or(bytes));
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

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    // Replacing never shortens below the cut: each byte becomes at least one byte.
    let mut text = String::from_utf8_lossy(&line[..line.len().min(MAX_LINE_BYTES + 4)]).into_owned();
    text.truncate(text.floor_char_boundary(MAX_LINE_BYTES));
    text
}
