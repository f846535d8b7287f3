//! Who serves the calls: hob, or on the machine itself the world of a test.

#[cfg(target_family = "wasm")]
pub use crate::bindings::hob::plugin::{context, files, http, io, process, search, state};

#[cfg(not(target_family = "wasm"))]
pub use crate::testing::host::{context, files, http, io, process, search, state};
