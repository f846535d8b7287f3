use serde::Deserialize;

/// What the host counted.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Stats {
    pub files_searched: u64,
    pub files_with_hits: u64,
    pub hits: u64,
    pub bytes_searched: u64,
    pub truncated: bool,
    pub per_pattern: Vec<u64>,
    pub errors: Vec<String>,
}
