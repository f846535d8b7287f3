use crate::{error::Problem, show::Origin};
use hob_core::sanitize_line;
use std::{ops::Range, path::Path, sync::Arc};

/// The defaults, which are files like any other; a later one goes over the earlier ones.
const BUILT_IN: &[&str] = &[
    include_str!("../../config/hob.toml"),
    include_str!("../../config/agents.toml"),
    include_str!("../../config/advice.toml"),
];

/// The presets that are part of hob; hardly a command needs them.
const BUILT_IN_PRESETS: &[&str] = &[
    include_str!("../../config/presets/ultrawork.toml"),
    include_str!("../../config/presets/review.toml"),
    include_str!("../../config/presets/research.toml"),
];

/// The text of one layer of configuration.
#[derive(Debug)]
pub(crate) struct Source {
    /// None for the defaults.
    path: Option<Arc<Path>>,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn built_in() -> impl Iterator<Item = Self> {
        BUILT_IN.iter().map(|text| Self::new(None, (*text).to_owned()))
    }

    pub(crate) fn built_in_presets() -> impl Iterator<Item = Self> {
        BUILT_IN_PRESETS.iter().map(|text| Self::new(None, (*text).to_owned()))
    }

    pub(crate) fn new(path: Option<&Path>, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path: path.map(Arc::from), text, lines }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What is said at the byte `offset` comes from there.
    pub(crate) fn origin(&self, offset: usize) -> Origin {
        match &self.path {
            None => Origin::Default,
            Some(path) => Origin::File { path: path.clone(), line: self.line(offset) },
        }
    }

    /// The file; none for the defaults.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The folder that relative paths start from.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.path.as_deref().and_then(Path::parent)
    }

    /// The line of the byte at `offset`, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// A problem with the text at `span`.
    pub(crate) fn problem(&self, span: Range<usize>, key: Option<&str>, message: &str) -> Problem {
        /// What is shown of a line, so that a file without line ends stays readable.
        const SHOWN: usize = 100;
        let floor = |mut at: usize| {
            at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let end = floor(span.end.clamp(start, line_end));
        let lead = self.text[line_start..start].chars().count();
        // A window of the line, with a little of what stands before the place.
        let from = match lead.checked_sub(SHOWN / 2) {
            Some(skipped) if lead > SHOWN => {
                self.text[line_start..].char_indices().nth(skipped).map_or(line_start, |(at, _)| line_start + at)
            }
            _ => line_start,
        };
        let shown = |from, to| -> String { plain(&self.text[from..to]) };
        let before = shown(from, start);
        let marked = shown(start, end);
        let rest = shown(end, line_end);
        let line: String = format!("{before}{marked}{rest}").chars().take(SHOWN).collect();
        let indent = before.chars().count();
        let width = marked.chars().count().clamp(1, SHOWN.saturating_sub(indent).max(1));
        Problem {
            path: self.path.as_deref().map(Path::to_owned),
            line: self.line(start),
            column: u32::try_from(lead + 1).unwrap_or(u32::MAX),
            key: key.map(|key| sanitize_line(key, SHOWN)),
            message: sanitize_line(message, 4 * SHOWN),
            hint: None,
            excerpt: line.trim_end().to_owned(),
            mark: (indent, width),
        }
    }
}

/// One character for each of `text`, so that a mark below it stands at its place.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if hob_core::sanitize(c.encode_utf8(&mut [0; 4])).is_empty() || c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.trim_end_matches('\r').chars().take(4096).map(shown).collect()
}
