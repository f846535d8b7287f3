//! Web addresses.

use super::{Receiving, SourceError, network};
use crate::depot::{Depot, Kept};
use std::io;

/// Servers that an address may lead through. 5: a mirror behind a shop window behind a short address.
const REDIRECTS: usize = 5;

pub(super) fn fetch(url: &str, sha256: &str, depot: &Depot, limit: u64) -> Result<Kept, SourceError> {
    network::wait(url, async {
        let failed = |error: reqwest::Error| network::failed(url, &error.without_url());
        let client = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::limited(REDIRECTS))
            // The digest is of the bytes as they are published.
            .gzip(false)
            .brotli(false)
            .connect_timeout(network::CONNECT)
            .read_timeout(network::SILENCE)
            .user_agent(network::USER_AGENT)
            .build()
            .map_err(failed)?;
        let mut response = client.get(url).send().await.map_err(failed)?;
        if !response.status().is_success() {
            let source = io::Error::other(format!("its server answers {}", response.status()));
            return Err(SourceError::Read { place: url.to_owned(), source });
        }
        let mut receiving = Receiving::new(url.to_owned(), response.content_length(), depot, limit)?;
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            receiving.add(&chunk)?;
        }
        receiving.keep(Some(sha256))
    })
}
