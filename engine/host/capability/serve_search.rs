//! Binds [`super::search`] to the contract. The policy decides over the root of each search.

use super::{blocking::blocking, search};
use crate::{bindings::hob::plugin::search as wit, guest::Guest};
use std::{
    mem,
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::task::{JoinHandle, spawn_blocking};
use wasmtime::{Result, component::Resource};

/// Lines in one answer, whatever was asked for. 10,000: a few MiB.
const MOST: usize = 10_000;

/// Lines that are made ready while the guest is busy with those before. 1,024: what the Rust toolkit
/// asks for, and at most 2 MiB.
const AHEAD: usize = 1024;

/// The host's side of `search.hits`.
pub struct Hits {
    found: Arc<Mutex<search::Hits>>,
    stats: String,
    /// Lines that are ready.
    ready: Vec<wit::Line>,
    /// Those that are made ready beside the guest.
    coming: Option<JoinHandle<Vec<wit::Line>>>,
}

impl Hits {
    fn new(hits: search::Hits) -> Result<Self> {
        let stats = serde_json::to_string(hits.stats())?;
        Ok(Self { found: Arc::new(Mutex::new(hits)), stats, ready: Vec::new(), coming: None })
    }

    /// Up to `most` further lines, and as many as there are.
    async fn next(&mut self, most: usize) -> Result<Vec<wit::Line>> {
        if let Some(coming) = self.coming.take() {
            self.ready = match coming.await {
                Ok(lines) => lines,
                Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                Err(error) => return Err(wasmtime::Error::new(error)),
            };
        }
        let later = self.ready.split_off(self.ready.len().min(most));
        let mut lines = mem::replace(&mut self.ready, later);
        if lines.len() < most {
            lines.extend(take(&self.found, most - lines.len()));
        }
        if self.ready.is_empty() && !lock(&self.found).is_empty() {
            let hits = Arc::clone(&self.found);
            self.coming = Some(spawn_blocking(move || take(&hits, most.min(AHEAD))));
        }
        Ok(lines)
    }
}

fn take(hits: &Mutex<search::Hits>, most: usize) -> Vec<wit::Line> {
    lock(hits).next(most).into_iter().map(to_wit).collect()
}

fn lock(hits: &Mutex<search::Hits>) -> MutexGuard<'_, search::Hits> {
    hits.lock().unwrap_or_else(PoisonError::into_inner)
}

impl wit::Host for Guest {
    async fn grep(&mut self, root: String, query: wit::Query) -> Result<std::result::Result<Resource<Hits>, String>> {
        let place = match self.readable(&root) {
            Ok(place) => place,
            Err(message) => return Ok(Err(message)),
        };
        let query = from_wit(query);
        let found = blocking(&self.cancel, move |stop| search::grep(&place, &query, &|| stop())).await?;
        match found {
            Ok(hits) => Ok(Ok(self.table.push(Hits::new(hits)?)?)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

impl wit::HostHits for Guest {
    async fn next(&mut self, this: Resource<Hits>, max: u32) -> Result<std::result::Result<Vec<wit::Line>, String>> {
        let most = usize::try_from(max).unwrap_or(usize::MAX).min(MOST);
        Ok(Ok(self.table.get_mut(&this)?.next(most).await?))
    }

    async fn stats(&mut self, this: Resource<Hits>) -> Result<String> {
        Ok(self.table.get(&this)?.stats.clone())
    }

    async fn drop(&mut self, this: Resource<Hits>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

fn from_wit(query: wit::Query) -> search::Query {
    search::Query {
        patterns: query.patterns,
        literal: query.literal,
        case: match query.case_sensitivity {
            wit::CaseMode::Sensitive => search::Case::Sensitive,
            wit::CaseMode::Insensitive => search::Case::Insensitive,
            wit::CaseMode::Smart => search::Case::Smart,
        },
        whole_words: query.whole_words,
        globs: query.globs,
        hidden: query.hidden,
        no_ignore: query.no_ignore,
        context_before: query.context_before,
        context_after: query.context_after,
        max_hits: query.max_hits,
        max_hits_per_file: query.max_hits_per_file,
        mode: match query.mode {
            wit::SearchMode::Lines => search::SearchMode::Lines,
            wit::SearchMode::Files => search::SearchMode::Files,
        },
    }
}

fn to_wit(line: search::Line) -> wit::Line {
    wit::Line {
        path: line.path,
        number: line.number,
        column: line.column,
        kind: match line.kind {
            search::LineKind::Hit => wit::LineKind::Hit,
            search::LineKind::Context => wit::LineKind::Context,
        },
        patterns: line.patterns,
        text: line.text,
    }
}
