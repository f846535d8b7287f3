/// What to search for, as the contract's `query` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are those of the contract")]
pub struct Query {
    /// All are searched for in one pass.
    pub patterns: Vec<String>,
    /// Text, not regular expressions.
    pub literal: bool,
    /// Upper and lower case.
    pub case: Case,
    /// Only where word boundaries surround the hit.
    pub whole_words: bool,
    /// Only files that fit; `!` in front excludes. As in `rg --glob`, a file that one of them names
    /// is searched even where an ignore rule excludes it.
    pub globs: Vec<String>,
    /// Hidden files too.
    pub hidden: bool,
    /// Files too that `.gitignore` and the like exclude.
    pub no_ignore: bool,
    /// Lines before each hit.
    pub context_before: u32,
    /// Lines after each hit.
    pub context_after: u32,
    /// Hits kept over all files, in [`SearchMode::Files`] files; the rest is only counted.
    pub max_hits: u32,
    /// Hits kept of one file; the rest is only counted.
    pub max_hits_per_file: u32,
    /// What is wanted of a hit.
    pub mode: SearchMode,
}

/// Upper and lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// They differ.
    #[default]
    Sensitive,
    /// They do not.
    Insensitive,
    /// They differ for a pattern that has an upper-case letter.
    Smart,
}

/// What is wanted of a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchMode {
    /// Lines with their context.
    #[default]
    Lines,
    /// One line for each file that has a hit, without text; its number is the count of hits.
    Files,
}

/// Whether a line is a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It is.
    Hit,
    /// It stands near one.
    Context,
}

/// A line of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Relative to the root, with `/`; invalid UTF-8 replaced.
    pub path: String,
    /// From 1.
    pub number: u32,
    /// Where the first hit begins, from 1, in bytes of the line as it is in the file; 0 for context.
    pub column: u32,
    /// Whether it is a hit.
    pub kind: LineKind,
    /// Indices of the patterns that are in the line; in [`SearchMode::Files`], in the file.
    pub patterns: Vec<u32>,
    /// Without its line end; invalid UTF-8 replaced; cut after [`super::MAX_LINE_BYTES`].
    pub text: String,
}
