use crate::{bindings::hob::plugin::types::Task, source::Configured};
use serde::Deserialize;
use std::time::Duration;

/// What the person asked for; `describe.json` says what each means.
#[derive(Deserialize)]
pub struct Params {
    pub question: String,
    #[serde(default)]
    pub source: Vec<String>,
    passages: Option<usize>,
    max_pages: Option<usize>,
    max_bytes: Option<usize>,
    max_seconds: Option<u64>,
}

/// `[executors.librarian.settings]`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub sources: Vec<Configured>,
    passages: Option<usize>,
    max_pages: Option<usize>,
    max_bytes: Option<usize>,
    max_seconds: Option<u64>,
}

/// How much is looked at and returned.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub passages: usize,
    pub pages: usize,
    pub bytes: usize,
    pub time: Duration,
}

/// A quarter of a minute on a slow site, at two pages a second.
const PAGES: usize = 30;
/// Some thirty large pages and the index of a large site.
const BYTES: usize = 48 << 20;
/// A person who waits for an answer has given up by then.
const SECONDS: u64 = 120;
/// What a model reads without losing sight of its task.
const PASSAGES: usize = 8;

/// Kept back of the task's own time for ranking and writing.
const RESERVE: Duration = Duration::from_secs(5);

impl Limits {
    /// Parameters win over settings, settings over what is built in.
    pub fn of(params: &Params, settings: &Settings, task: &Task) -> Self {
        let seconds = params.max_seconds.or(settings.max_seconds).unwrap_or(SECONDS);
        let deadline = task.deadline_ms.map(|ms| Duration::from_millis(ms.into()));
        let time = Duration::from_secs(seconds);
        Self {
            passages: params.passages.or(settings.passages).unwrap_or(PASSAGES),
            pages: params.max_pages.or(settings.max_pages).unwrap_or(PAGES),
            bytes: params.max_bytes.or(settings.max_bytes).unwrap_or(BYTES),
            time: deadline.map_or(time, |deadline| time.min(deadline.saturating_sub(RESERVE))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_the_defaults_of_the_schema() {
        let description: serde_json::Value = serde_json::from_str(include_str!("describe.json")).expect("JSON");
        let properties = &description["params"]["properties"];
        assert_eq!(properties["passages"]["default"], PASSAGES);
        assert_eq!(properties["max_pages"]["default"], PAGES);
        assert_eq!(properties["max_bytes"]["default"], BYTES);
        assert_eq!(properties["max_seconds"]["default"], SECONDS);
    }
}
