//! What is handed back: Markdown for a person or a model, facts for a program, a line for both.

use crate::{passage::Passage, research::Research};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _};

/// Pages that are listed; the rest is counted.
const LISTED: usize = 60;

/// The answer.
pub fn markdown(question: &str, best: &[Passage], research: &Research<'_>) -> String {
    let mut text = format!("# {}\n", question.trim());
    for (number, passage) in best.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}. {}\n\n<{}>", number + 1, name(passage), passage.address);
        let _ = write!(text, " ({})\n\n{}\n", passage.source, passage.text);
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
            let _ = writeln!(text, "- <{}> ({}): {}", failed.address, failed.source, failed.why);
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

/// In the shape that `describe` publishes.
pub fn data(best: &[Passage], research: &Research<'_>) -> Value {
    let looked = &research.looked[..research.looked.len().min(LISTED)];
    json!({
        "passages": best,
        "looked_at": looked,
        "failed": research.failed,
        "pages": research.looked.len(),
        "bytes": research.bytes(),
        "stopped": research.stopped,
    })
}

/// Where a passage stands: the title of its page where that is not its first heading, then its headings.
fn name(passage: &Passage) -> String {
    let first = passage.headings.first().map(String::as_str);
    let is_said = first.is_some_and(|first| passage.title.starts_with(first) || first.contains(&passage.title));
    let title = (!is_said && !passage.title.is_empty()).then_some(passage.title.as_str());
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
    }

    #[test]
    fn counts() {
        let all = [counted(1, "page"), counted(2, "page"), counted(2, "address")];
        assert_eq!(all, ["1 page", "2 pages", "2 addresses"]);
    }
}
