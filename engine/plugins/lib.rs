//! Where components come from, and which were accepted.
//!
//! Deliberately absent: wasmtime (`host` looks at what comes from here), SQL, a terminal, and any
//! word of `hob.toml` (`settings` writes it).

mod manifest;

pub use manifest::{Language, Manifest, ManifestError, Trial};
