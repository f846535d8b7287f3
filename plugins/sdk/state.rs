//! A store of the executor's own that outlives the task, if that is granted. Keys have 512 bytes at most.

use crate::{error::Refused, host};
use serde::{Serialize, de::DeserializeOwned};

/// What is kept by that key.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Refused> {
    host::state::get(key).map_err(Refused::of)
}

/// Keeps bytes by a key, in place of what was there.
pub fn set(key: &str, value: &[u8]) -> Result<(), Refused> {
    host::state::set(key, value).map_err(Refused::of)
}

/// Removes what is kept by that key.
pub fn delete(key: &str) -> Result<(), Refused> {
    host::state::delete(key).map_err(Refused::of)
}

/// The keys that begin so.
pub fn keys(prefix: &str) -> Result<Vec<String>, Refused> {
    host::state::keys(prefix).map_err(Refused::of)
}

/// What is kept by that key, as JSON of that type; none too where it does not fit, as what another version kept.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Refused> {
    Ok(get(key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Keeps a value as JSON.
pub fn set_json(key: &str, value: &impl Serialize) -> Result<(), Refused> {
    let bytes = serde_json::to_vec(value).map_err(|error| Refused::Failed(error.to_string()))?;
    set(key, &bytes)
}
