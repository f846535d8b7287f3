use crate::{
    journey::Arrived,
    missing::Missing,
    params::{Wanted, Wish},
};
use hob_plugin::{JsonSchema, schemars};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;

/// What came of one address.
pub type Outcome = Result<Arrived, Missing>;

/// A page with what is known of it in front, or why there is none.
pub fn shown(given: &str, outcome: &Outcome) -> String {
    let mut text = String::from("---\n");
    // Writing to a String cannot fail.
    match outcome {
        Ok(Arrived { address, document }) => {
            if !document.title.is_empty() {
                let _ = writeln!(text, "title: {}", Value::from(document.title.as_str()));
            }
            let _ = writeln!(text, "url: {address}");
            if address.as_str().trim_end_matches('/') != given.trim_end_matches('/') {
                let _ = writeln!(text, "given: {given}");
            }
            let _ = writeln!(text, "fetched: {:.0}", document.fetched);
            if document.unchanged {
                text.push_str("unchanged: since then; the server says so, and this is what was kept\n");
            }
            if document.media_type != "text/html" {
                let _ = writeln!(text, "type: {}", document.media_type);
            }
            let _ = write!(text, "words: {}\n---\n\n{}\n\n", document.words, document.text.trim_end());
        }
        Err(missing) => {
            // A line in words; what may follow it are lines of configuration.
            let (words, lines) = missing.text.split_once('\n').unwrap_or((&missing.text, ""));
            let _ = write!(text, "url: {given}\nerror: {}\n---\n\n", Value::from(words));
            if !lines.is_empty() {
                let _ = write!(text, "{}\n\n", lines.trim());
            }
        }
    }
    text
}

/// One to three lines for a person.
pub fn summary(wish: &Wish, outcomes: &[Option<Outcome>]) -> String {
    let pages: Vec<&Arrived> = outcomes.iter().flatten().filter_map(|outcome| outcome.as_ref().ok()).collect();
    let words: usize = pages.iter().map(|page| page.document.words).sum();
    let mut lines = Vec::new();
    match pages.as_slice() {
        [page] if outcomes.len() == 1 => {
            let title = if page.document.title.is_empty() { page.address.as_str() } else { &page.document.title };
            lines.push(format!("{title}: {words} words"));
        }
        _ => lines.push(format!("{} of {} pages, {words} words", pages.len(), outcomes.len())),
    }
    let failed: Vec<(&str, &Missing)> = missing(wish, outcomes).collect();
    if let Some((given, missing)) = failed.first() {
        let more = if failed.len() > 1 { format!(" (and {} more)", failed.len() - 1) } else { String::new() };
        let first = missing.text.lines().next().unwrap_or_default();
        lines.push(format!("not fetched: {given}: {first}{more}"));
    }
    if wish.left_out > 0 {
        lines.push(format!("{} more in the text left out; --max takes more", wish.left_out));
    }
    lines.join("\n")
}

/// What failed, in the order in which it was given.
pub fn missing<'a>(wish: &'a Wish, outcomes: &'a [Option<Outcome>]) -> impl Iterator<Item = (&'a str, &'a Missing)> {
    let pairs = wish.wanted.iter().zip(outcomes);
    pairs.filter_map(|(wanted, outcome)| Some((wanted.given.as_str(), outcome.as_ref()?.as_ref().err()?)))
}

/// Everything, for programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Data {
    /// One for each address, in the order in which they were given
    pages: Vec<Entry>,
    /// Pages that there are
    fetched: usize,
    /// Pages that there are not
    failed: usize,
}

#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
struct Entry {
    /// As it was given
    url: String,
    /// After redirects
    address: Option<String>,
    /// The status of HTTP
    status: Option<u16>,
    /// Why there is no page
    error: Option<String>,
    /// When the server may be asked again
    retry_after_ms: Option<u32>,
    title: Option<String>,
    language: Option<String>,
    media_type: Option<String>,
    charset: Option<String>,
    /// When the server sent it, as RFC 3339
    fetched: Option<String>,
    /// It was kept from before, and the server says that it is the same
    unchanged: bool,
    /// Of the text, before it was cut
    bytes: Option<usize>,
    /// Of the text that is shown
    words: Option<usize>,
    /// Its end is not shown
    truncated: bool,
}

impl Data {
    pub fn new(wish: &Wish, outcomes: &[Option<Outcome>]) -> Self {
        let entries = wish.wanted.iter().zip(outcomes);
        let entry = |(wanted, outcome): (&Wanted, &Option<Outcome>)| Some(Entry::new(&wanted.given, outcome.as_ref()?));
        let pages: Vec<Entry> = entries.filter_map(entry).collect();
        let failed = missing(wish, outcomes).count();
        Self { fetched: pages.len() - failed, failed, pages }
    }
}

impl Entry {
    fn new(given: &str, outcome: &Outcome) -> Self {
        let url = given.to_owned();
        match outcome {
            Ok(Arrived { address, document }) => Self {
                url,
                address: Some(address.to_string()),
                status: Some(if document.unchanged { 304 } else { 200 }),
                title: Some(document.title.clone()),
                language: document.language.clone(),
                media_type: Some(document.media_type.clone()),
                charset: Some(document.charset.clone()),
                fetched: Some(format!("{:.0}", document.fetched)),
                unchanged: document.unchanged,
                bytes: document.bytes,
                words: Some(document.words),
                truncated: document.truncated,
                ..Self::default()
            },
            Err(missing) => Self {
                url,
                status: missing.status,
                error: Some(missing.text.clone()),
                retry_after_ms: missing.retry_after_ms,
                ..Self::default()
            },
        }
    }
}
