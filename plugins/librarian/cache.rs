//! What was fetched, kept between tasks in the store of the executor, within bounds.

use hob_plugin::state;
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// An answer as it is kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Kept {
    /// After redirects.
    pub address: String,
    pub content_type: String,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// Seconds since 1970.
    pub fetched: u64,
    /// How long it needs no question to the server.
    pub fresh_seconds: u64,
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// Bytes of one answer that is kept: the index of a large site fits.
const LARGEST: usize = 8 << 20;

/// Longest key that the store takes.
const LONGEST_KEY: usize = 512;

impl Kept {
    pub fn is_fresh(&self) -> bool {
        now() < self.fetched.saturating_add(self.fresh_seconds)
    }
}

/// The answer of that address, if there is one. Without a grant of `state` there is none.
pub fn get(address: &str) -> Option<Kept> {
    let bytes = state::get(&key(address)?).ok()??;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let mut kept: Kept = serde_json::from_slice(&bytes[..end]).ok()?;
    kept.body = bytes[end + 1..].to_vec();
    Some(kept)
}

/// Keeps an answer. When the store is full, everything goes: what is needed again comes back soon.
pub fn put(address: &str, kept: &Kept) {
    let (Some(key), Ok(mut bytes)) = (key(address), serde_json::to_vec(kept)) else { return };
    if kept.body.len() > LARGEST {
        return;
    }
    bytes.push(b'\n');
    bytes.extend_from_slice(&kept.body);
    if state::set(&key, &bytes).is_err() {
        for old in state::keys(PREFIX).unwrap_or_default() {
            // A key that is gone already is what is wanted.
            let _ = state::delete(&old);
        }
        // A store that takes nothing costs only time.
        let _ = state::set(&key, &bytes);
    }
}

const PREFIX: &str = "page ";

fn key(address: &str) -> Option<String> {
    let key = format!("{PREFIX}{address}");
    (key.len() <= LONGEST_KEY).then_some(key)
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
