//! What is handed back: Markdown for a person or a model, facts for a program, a line for both.

use crate::{
    passage::Passage,
    research::{Failed, Looked, Research},
};
use hob_plugin::{JsonSchema, schemars};
use serde::Serialize;
use std::{collections::BTreeSet, fmt::Write as _};

/// Pages that are listed; the rest is counted.
const LISTED: usize = 60;

/// The answer.
pub fn markdown(question: &str, best: &[Passage], research: &Research<'_>) -> String {
    let mut text = format!("# {}\n", question.trim());
    for (number, passage) in best.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}. {}\n\n<{}>", number + 1, name(passage), passage.address);
        let _ = write!(text, "{}\n\n{}\n", source(&passage.source, &passage.address), passage.text);
    }
    if best.is_empty() {
        text.push_str("\nNothing that was looked at has any word of the question.\n");
    }
    text.push_str("\n## Looked at\n\n");
    for looked in research.looked.iter().take(LISTED) {
        let _ = writeln!(text, "- {} <{}>", looked.title, looked.address);
    }
    if research.looked.len() > LISTED {
        let _ = writeln!(text, "- and {} more", research.looked.len() - LISTED);
    }
    if !research.failed.is_empty() {
        text.push_str("\n## Failed\n\n");
        for failed in &research.failed {
            let source = source(&failed.source, &failed.address);
            let _ = writeln!(text, "- <{}>{source}: {}", failed.address, failed.why);
        }
        if let Some((_, how)) = research.denied.as_ref().and_then(|denied| denied.split_once("\n\n")) {
            let _ = write!(text, "\nTo allow what was denied, put this into hob.toml:\n\n```toml\n{how}\n```\n");
        }
    }
    if let Some(stopped) = &research.stopped {
        let _ = write!(text, "\nNot everything was looked at: {stopped}.\n");
    }
    text
}

/// How much was found and where the best of it is.
pub fn summary(best: &[Passage], research: &Research<'_>) -> String {
    let sources: BTreeSet<&str> = best.iter().map(|passage| passage.source.as_str()).collect();
    let mut text = match best.first() {
        Some(first) => format!(
            "{} from {}; best: {} — {}",
            counted(best.len(), "passage"),
            counted(sources.len(), "source"),
            name(first),
            first.address
        ),
        None => format!("Nothing found in {}", counted(research.looked.len(), "page")),
    };
    if !research.failed.is_empty() {
        let _ = write!(text, "\nFailed: {}, listed in the output", counted(research.failed.len(), "address"));
    }
    if let Some(stopped) = &research.stopped {
        let _ = write!(text, "\nNot everything was looked at: {stopped}");
    }
    text
}

/// The answer, for programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Data {
    /// The best first
    passages: Vec<Passage>,
    looked_at: Vec<Looked>,
    failed: Vec<Failed>,
    /// Pages and files that were read
    pages: usize,
    /// Bytes that were read from the web, or from what was kept of it
    bytes: usize,
    /// Which limit ended the search
    stopped: Option<String>,
}

impl Data {
    pub fn new(best: Vec<Passage>, research: &Research<'_>) -> Self {
        Self {
            passages: best,
            looked_at: research.looked.iter().take(LISTED).cloned().collect(),
            failed: research.failed.clone(),
            pages: research.looked.len(),
            bytes: research.bytes(),
            stopped: research.stopped.clone(),
        }
    }
}

/// The name of a source behind an address, where the address does not say it.
fn source(name: &str, address: &str) -> String {
    if address.starts_with(name.trim_start_matches("./")) { String::new() } else { format!(" ({name})") }
}

/// Where a passage stands: the title of its page where that is not its first heading, then its headings.
fn name(passage: &Passage) -> String {
    let first = passage.headings.first().map(String::as_str);
    // rustdoc: `parse in serde_json - Rust` above `Function parse`.
    let title = passage.title.strip_suffix(" - Rust").map(|title| title.split_once(" in ").map_or(title, |(_, of)| of));
    let title = title.unwrap_or(&passage.title);
    let is_said = first.is_some_and(|first| title.starts_with(first) || first.contains(title));
    let title = (!is_said && !title.is_empty()).then_some(title);
    let parts: Vec<&str> = title.into_iter().chain(passage.headings.iter().map(String::as_str)).collect();
    parts.join(" › ")
}

fn counted(count: usize, what: &str) -> String {
    let end = match (count, what.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {what}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(title: &str, headings: &[&str], expect: &str) {
        let passage = Passage {
            address: String::new(),
            title: title.to_owned(),
            headings: headings.iter().map(|&heading| heading.to_owned()).collect(),
            text: String::new(),
            score: 1.0,
            source: String::new(),
        };
        assert_eq!(name(&passage), expect);
    }

    #[test]
    fn a_title_is_not_said_twice() {
        check("Commands - hob", &["Commands", "Exit codes"], "Commands › Exit codes");
        check("Guide", &["Exit codes"], "Guide › Exit codes");
        check("", &["A"], "A");
        check("parse in hob_core - Rust", &["Function parse"], "hob_core › Function parse");
        check("hob_core - Rust", &["Crate hob_core", "Enums"], "Crate hob_core › Enums");
    }

    #[test]
    fn a_source_is_named_where_the_address_does_not() {
        assert_eq!(source("docs", "docs/a.md#b"), "");
        assert_eq!(source("./docs", "docs/a.md#b"), "");
        assert_eq!(source("https://a.example/", "https://a.example/b"), "");
        assert_eq!(source("book", "https://a.example/b"), " (book)");
    }

    #[test]
    fn counts() {
        let all = [counted(1, "page"), counted(2, "page"), counted(2, "address")];
        assert_eq!(all, ["1 page", "2 pages", "2 addresses"]);
    }
}
