//! Components are added, granted, pinned and removed; what must not be added is refused.

mod granting;
mod local;
mod refused;

use crate::sandbox::Sandbox;
use std::{fs, path::PathBuf};

/// The person's configuration.
pub fn configuration(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.home().join("hob.toml")).unwrap_or_default()
}

/// The components that are kept.
pub fn kept(sandbox: &Sandbox) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(sandbox.state().join("components")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.file_name().is_some_and(|name| name != "lock")).collect()
}

/// Nothing was added, and nothing is left of what was refused.
#[track_caller]
pub fn nothing_is_added(sandbox: &Sandbox) {
    assert_eq!(kept(sandbox), Vec::<PathBuf>::new());
    assert_eq!(sandbox.json(["plugin", "list", "--json"]), serde_json::json!([]));
    assert!(!configuration(sandbox).contains("executors"), "{}", configuration(sandbox));
}
