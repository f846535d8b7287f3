//! Search over a folder of this machine, with the crates that ripgrep is made of and by its rules.
//!
//! What is searched is what `rg` would search: hidden files, `.ignore`, `.rgignore` and, inside a
//! git repository, `.gitignore`, `.git/info/exclude` and the person's global git ignore file are
//! respected, those of the folders above the root included; a glob overrides the ignore rules;
//! symbolic links are not followed; a file with a NUL byte is binary and has no hits; UTF-16 with a
//! byte order mark is read as text.
//!
//! All cores take part. The answer is the same whatever their number: of more hits than may be
//! kept, those that come first by path and line number are kept and the rest is counted. Files are
//! opened relative to the root's descriptor and never through a link that leads out of it, so a
//! folder that is swapped for a link during the search yields an error instead of its files.
//!
//! Most files of most searches have no hit. A file of everyday size is therefore read by one call, and
//! passed over when it has none of the texts that a hit needs; the expressions run over the lines that
//! have one. Every other way through a file gives the same lines, and is taken where that one is slow.
//!
//! Deliberately absent: grants. The caller has checked the root.

mod collect;
mod content;
mod finder;
mod lines;
mod matcher;
mod needed;
mod query;
mod sink;
mod walk;

pub use collect::Hits;
pub use query::{Case, Line, LineKind, Query, SearchMode};
pub use walk::grep;

/// Patterns in one query. 64: a table of names to look for, not a dictionary.
pub const MAX_PATTERNS: usize = 64;

/// Bytes of all patterns of a query together. 64 KiB: far beyond what a person or a model writes.
pub const MAX_PATTERN_BYTES: usize = 64 << 10;

/// Bytes of a line's text, in UTF-8; the rest is cut off. 2 KiB: every line that was written by
/// hand, and the beginning of one that was not.
pub const MAX_LINE_BYTES: usize = 2 << 10;

/// Lines of context on one side of a hit; a query that asks for more gets this many. 100: two
/// screens.
pub const MAX_CONTEXT: u32 = 100;

/// Bytes kept of one file's hits; the rest is counted. 8 MiB: a file of which more is wanted wants
/// to be read.
pub const MAX_FILE_HIT_BYTES: usize = 8 << 20;

/// Bytes kept of all hits; the rest is counted. 64 MiB: two attempts of five slots may well search
/// at once on a small machine.
pub const MAX_HIT_BYTES: usize = 64 << 20;

/// Bytes of memory for one line while it is searched; a file with a longer one is reported in the
/// errors. 64 MiB: the largest bundle met in one line had 30.
pub const MAX_LINE_BUFFER: usize = 64 << 20;

/// Errors kept of a search; the rest is counted in a last one. 20: enough to see what is wrong.
pub const MAX_ERRORS: usize = 20;

/// Threads of a search, at most. 12: beyond that ripgrep found the file system to be the limit.
pub const MAX_THREADS: usize = 12;

/// Why there was no search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// There is nothing to search for.
    #[error("search without a pattern")]
    NoPattern,
    /// More patterns, or longer ones, than a search takes.
    #[error("search for {count} patterns of {bytes} bytes: at most {MAX_PATTERNS} of {MAX_PATTERN_BYTES} fit")]
    TooMany {
        /// How many there are.
        count: usize,
        /// Their length.
        bytes: usize,
    },
    /// A pattern that is no regular expression.
    #[error("read pattern {index} `{pattern}`: {reason}")]
    Pattern {
        /// Its place in the query, from 0.
        index: usize,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Patterns that are fine one by one and too much together.
    #[error("search for all patterns at once: {0}")]
    Patterns(String),
    /// A glob that cannot be read.
    #[error("read glob `{glob}`: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The root cannot be opened.
    #[error("open the folder to search: {0}")]
    Root(String),
    /// The search was asked to stop.
    #[error("search on: it was cancelled")]
    Cancelled,
}

#[cfg(test)]
mod tests;
