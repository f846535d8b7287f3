use crate::source::Configured;
use hob_plugin::{JsonSchema, Task, schemars};
use serde::Deserialize;
use std::time::Duration;

/// What the person asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Params {
    /// What you want to know; an address in it is looked at too
    #[schemars(length(min = 1), extend("x-hob-cli" = { "positional": true }))]
    pub question: String,
    /// Look only here: the name of a configured source, an address, or a folder in the project
    #[serde(default)]
    #[schemars(inner(length(min = 1)), extend("x-hob-cli" = { "short": "s" }))]
    pub source: Vec<String>,
    /// How many passages to return at most
    #[schemars(range(min = 1, max = 100), extend("default" = PASSAGES))]
    passages: Option<usize>,
    /// How many pages to ask web servers for, beside the indices of sites
    #[schemars(range(min = 1, max = 1000), extend("default" = PAGES))]
    max_pages: Option<usize>,
    /// How many bytes to read
    #[schemars(range(min = 1, max = 1 << 30), extend("default" = BYTES))]
    max_bytes: Option<usize>,
    /// How long to look
    #[schemars(range(min = 1, max = 86_400), extend("default" = SECONDS))]
    max_seconds: Option<u64>,
}

/// `[executors.librarian.settings]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// Where to look when the task names no source; none is the folder of the task
    pub sources: Vec<Configured>,
    /// What --passages is where the task does not say
    #[schemars(range(min = 1, max = 100))]
    passages: Option<usize>,
    /// What --max-pages is where the task does not say
    #[schemars(range(min = 1, max = 1000))]
    max_pages: Option<usize>,
    /// What --max-bytes is where the task does not say
    #[schemars(range(min = 1, max = 1 << 30))]
    max_bytes: Option<usize>,
    /// What --max-seconds is where the task does not say
    #[schemars(range(min = 1, max = 86_400))]
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
    pub fn of(task: &Task<Params, Settings>) -> Self {
        let Task { params, settings, deadline, .. } = task;
        let seconds = params.max_seconds.or(settings.max_seconds).unwrap_or(SECONDS);
        let time = Duration::from_secs(seconds);
        Self {
            passages: params.passages.or(settings.passages).unwrap_or(PASSAGES),
            pages: params.max_pages.or(settings.max_pages).unwrap_or(PAGES),
            bytes: params.max_bytes.or(settings.max_bytes).unwrap_or(BYTES),
            time: deadline.map_or(time, |deadline| time.min(deadline.saturating_sub(RESERVE))),
        }
    }
}
