//! Components are added, granted, pinned and removed; what must not be added is refused.

mod granting;
mod https;
mod local;
pub mod refused;
mod registry;
pub mod tls;
mod update;

use crate::{denials::guest, sandbox::Sandbox};
use sha2::{Digest as _, Sha256};
use std::{fs, path::PathBuf};

/// A test component.
pub fn bytes(name: &str) -> Vec<u8> {
    fs::read(guest(name)).expect("a component")
}

pub fn sha256(bytes: &[u8]) -> String {
    let digits: Vec<String> = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

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
