//! Where components come from, and which were accepted.
//!
//! A component that is added is copied into a folder of hob's own, by its digest ([`Depot`]), so that
//! the bytes that were accepted are the ones that run whatever becomes of their [`Source`]. What was
//! accepted, and what it asked for then, stands in `hob.lock` ([`Lock`]).
//!
//! Deliberately absent: wasmtime (`host` looks at what comes from here), SQL, a terminal, and any
//! word of `hob.toml` (`settings` writes it).

mod depot;
mod lock;
mod manifest;
mod source;

pub use depot::{Depot, DepotError, Held, Kept, State};
pub use lock::{Entry, Lock, LockError};
pub use manifest::{Language, Manifest, ManifestError, Trial};
pub use source::{Fetched, Source, SourceError};
