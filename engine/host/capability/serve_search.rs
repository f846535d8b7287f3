//! Binds [`super::search`] to the contract. The policy decides over the root of each search.

use super::{blocking::blocking, search};
use crate::{bindings::hob::plugin::search as wit, guest::Guest};
use wasmtime::{Result, component::Resource};

/// Lines in one answer, whatever was asked for. 10,000: a few MiB.
const MOST: usize = 10_000;

/// The host's side of `search.hits`.
pub struct Hits(search::Hits);

impl wit::Host for Guest {
    async fn grep(&mut self, root: String, query: wit::Query) -> Result<std::result::Result<Resource<Hits>, String>> {
        let place = match self.readable(&root) {
            Ok(place) => place,
            Err(message) => return Ok(Err(message)),
        };
        let query = from_wit(query);
        let found = blocking(&self.cancel, move |stop| search::grep(&place, &query, &|| stop())).await?;
        match found {
            Ok(hits) => Ok(Ok(self.table.push(Hits(hits))?)),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

impl wit::HostHits for Guest {
    async fn next(&mut self, this: Resource<Hits>, max: u32) -> Result<std::result::Result<Vec<wit::Line>, String>> {
        let most = usize::try_from(max).unwrap_or(usize::MAX).min(MOST);
        let lines = self.table.get_mut(&this)?.0.next(most);
        Ok(Ok(lines.into_iter().map(to_wit).collect()))
    }

    async fn stats(&mut self, this: Resource<Hits>) -> Result<String> {
        Ok(serde_json::to_string(self.table.get(&this)?.0.stats())?)
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
