use super::needed;
use grep_matcher::{ByteSet, LineMatchKind, LineTerminator, Match, Matcher, NoCaptures, NoError};
use grep_regex::RegexMatcher;
use regex_automata::{Span, util::prefilter::Prefilter};
use regex_syntax::hir::Hir;
use std::cell::Cell;

/// Candidates in a file before it is judged how close together they are.
const CANDIDATES: u32 = 8;

/// Bytes between two candidates on average, below which looking at each costs more than running the
/// expressions over everything: a few lines.
const CLOSE: usize = 256;

/// Finds the lines of a file that have a hit.
///
/// It is the matcher of ripgrep, which is right for every text. In front of it stands a search for
/// what no hit can be without ([`needed`]): where that is rare the expressions run over few lines, and
/// a file without any is done with at the speed of memory.
#[derive(Clone, Debug)]
pub(super) struct LineFinder {
    exact: RegexMatcher,
    needed: Option<Prefilter>,
    pace: Cell<Pace>,
}

/// How to go on in the file.
#[derive(Clone, Copy, Debug)]
enum Pace {
    /// From candidate to candidate.
    Candidates {
        seen: u32,
        bytes: usize,
        /// All of the file is in one buffer.
        is_whole: bool,
    },
    /// The expressions over all that is left. They are fast as long as word boundaries have only
    /// ASCII around them.
    Everything,
    /// As ripgrep does it.
    Exact,
}

impl LineFinder {
    /// For lines that `exact` finds, which is made of `patterns`.
    pub(super) fn new(exact: RegexMatcher, patterns: &[Hir]) -> Self {
        Self { exact, needed: needed::prefilter(patterns), pace: Cell::new(Pace::Exact) }
    }

    /// Begins a file of which all is in one buffer; whether there can be a hit in it.
    pub(super) fn begin_whole(&self, bytes: &[u8]) -> bool {
        self.begin(true);
        // In UTF-16 the text is another one.
        let is_wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let find = |needed: &Prefilter| needed.find(bytes, Span::from(0..bytes.len()));
        is_wide || self.needed.as_ref().is_none_or(|needed| find(needed).is_some())
    }

    /// Begins a file that comes in pieces.
    pub(super) fn begin_pieces(&self) {
        self.begin(false);
    }

    fn begin(&self, is_whole: bool) {
        self.pace.set(Pace::Candidates { seen: 0, bytes: 0, is_whole });
    }
}

impl Matcher for LineFinder {
    type Captures = NoCaptures;
    type Error = NoError;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, NoError> {
        self.exact.find_at(haystack, at)
    }

    fn new_captures(&self) -> Result<NoCaptures, NoError> {
        Ok(NoCaptures::new())
    }

    fn shortest_match_at(&self, haystack: &[u8], at: usize) -> Result<Option<usize>, NoError> {
        self.exact.shortest_match_at(haystack, at)
    }

    fn non_matching_bytes(&self) -> Option<&ByteSet> {
        self.exact.non_matching_bytes()
    }

    fn line_terminator(&self) -> Option<LineTerminator> {
        self.exact.line_terminator()
    }

    fn find_candidate_line(&self, haystack: &[u8]) -> Result<Option<LineMatchKind>, NoError> {
        let Some(needed) = &self.needed else { return self.exact.find_candidate_line(haystack) };
        match self.pace.get() {
            Pace::Candidates { seen, bytes, is_whole } => {
                let Some(found) = needed.find(haystack, Span::from(0..haystack.len())) else { return Ok(None) };
                let (seen, bytes) = (seen + 1, bytes + found.start);
                let are_close = seen >= CANDIDATES && bytes / CLOSE < seen as usize;
                self.pace.set(if !are_close {
                    Pace::Candidates { seen, bytes, is_whole }
                } else if is_whole && haystack.is_ascii() {
                    Pace::Everything
                } else {
                    Pace::Exact
                });
                Ok(Some(LineMatchKind::Candidate(found.start)))
            }
            Pace::Everything => Ok(self.exact.shortest_match(haystack)?.map(LineMatchKind::Confirmed)),
            Pace::Exact => self.exact.find_candidate_line(haystack),
        }
    }
}
