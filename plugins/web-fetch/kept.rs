//! Pages and rules that are kept between tasks, in the store of the executor.

use hob_plugin::state;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

/// A page as it is kept: what it became, and what the server knows it by.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Kept {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub fetched: Timestamp,
    pub media_type: String,
    pub charset: String,
    pub title: String,
    pub language: Option<String>,
    /// Not in the line of JSON, after which it stands.
    #[serde(skip)]
    pub text: String,
}

/// When something was kept.
#[derive(Deserialize, Serialize)]
struct Age {
    fetched: Timestamp,
}

const PAGES: &str = "page ";
const RULES: &str = "robots ";

/// Bytes of a page that is kept. One shall not take the place of all others.
const LARGEST: usize = 2 << 20;

/// Longest key that the store takes.
const LONGEST_KEY: usize = 512;

/// How long the rules of a site hold: RFC 9309 has a day at most.
const RULES_HOLD: SignedDuration = SignedDuration::from_hours(24);

/// The page at an address as `kind` of reading made it.
pub fn page(url: &Url, kind: &str) -> Option<Kept> {
    let (head, text) = get(&page_key(url, kind)?)?;
    Some(Kept { text, ..serde_json::from_str(&head).ok()? })
}

/// Keeps a page, if the server can be asked whether it has changed.
pub fn keep_page(url: &Url, kind: &str, kept: &Kept) {
    let has_name = kept.etag.is_some() || kept.last_modified.is_some();
    if let Some(key) = page_key(url, kind).filter(|_| has_name && kept.text.len() <= LARGEST) {
        put(&key, kept, &kept.text);
    }
}

/// The robots.txt of a site.
pub fn rules(origin: &str) -> Option<String> {
    let (head, text) = get(&format!("{RULES}{origin}"))?;
    let age: Age = serde_json::from_str(&head).ok()?;
    (Timestamp::now().duration_since(age.fetched) < RULES_HOLD).then_some(text)
}

pub fn keep_rules(origin: &str, text: &str) {
    put(&format!("{RULES}{origin}"), &Age { fetched: Timestamp::now() }, text);
}

fn page_key(url: &Url, kind: &str) -> Option<String> {
    let key = format!("{PAGES}{kind} {url}");
    (key.len() <= LONGEST_KEY).then_some(key)
}

/// Without a grant of `state` there is nothing.
fn get(key: &str) -> Option<(String, String)> {
    let text = String::from_utf8(state::get(key).ok()??).ok()?;
    let (head, text) = text.split_once('\n')?;
    Some((head.to_owned(), text.to_owned()))
}

/// Sets a key; while the store is full, what was kept longest ago goes.
fn put(key: &str, head: &impl Serialize, text: &str) {
    let Ok(head) = serde_json::to_string(head) else { return };
    let value = format!("{head}\n{text}");
    if state::set(key, value.as_bytes()).is_ok() {
        return;
    }
    let mut all: Vec<(Option<Timestamp>, String)> = [PAGES, RULES]
        .iter()
        .flat_map(|prefix| state::keys(prefix).unwrap_or_default())
        .map(|key| (fetched(&key), key))
        .collect();
    all.sort();
    for (_, old) in all {
        // Another task may have done the same.
        let _ = state::delete(&old);
        if state::set(key, value.as_bytes()).is_ok() {
            return;
        }
    }
}

/// What cannot be read goes first.
fn fetched(key: &str) -> Option<Timestamp> {
    let (head, _) = get(key)?;
    serde_json::from_str::<Age>(&head).ok().map(|age| age.fetched)
}
