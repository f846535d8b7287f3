//! Components and their capabilities; the only code that names wasmtime.
//!
//! A component is **admitted** once: a limited child process takes its digest, holds it against the
//! contract, compiles it and asks what it does ([`Catalog`]). From then on its native code is mapped
//! from the cache. Each attempt gets a fresh instance with its own limits and clocks ([`Host`]), and
//! every power that the instance uses is decided by [`hob_core::Policy`] first.
//!
//! Deliberately absent: SQL, terminals, configuration files, and any wait of native processes; those
//! are `hob-process`'s.

mod admission;
mod artefact;
mod attempt;
mod bindings;
mod capability;
mod component;
mod console;
mod contract;
mod describe;
mod engine;
mod folders;
mod guest;
mod host;
mod leftovers;
mod meter;
mod nothing;
mod os;
mod runtime;
mod schema;
mod ticker;
mod trial;

pub use admission::{
    AdmissionError, Admitted, Bundled, BundledComponent, Catalog, Examiner, LARGEST_COMPONENT, admission_child,
};
pub use contract::Refusal;
pub use host::{Host, HostOptions};
pub use leftovers::{leftovers, remove_leftover};
pub use schema::validate_params;
pub use trial::{Trial, Tried};
