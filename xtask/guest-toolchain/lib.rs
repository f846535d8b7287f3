//! Finds a compiler for `wasm32-wasip2` and builds the guests with it.
//!
//! There are two ways to such a compiler: rustup's own toolchain, where the target could be added
//! to it, and a toolchain made of Debian's packages in the user's cache folder, which
//! `cargo xtask setup` lays out. This crate only finds what is there; it downloads nothing, because
//! the build script of the bundled components uses it.

mod compile;
mod find;
mod places;
mod version;

pub use compile::{BuildError, Workspace, build};
pub use find::{CompilerError, Missing, Toolchain, Way, find, host_triple, wanted_way};
pub use places::{guest_target_dir, target_dir, toolchains};
pub use version::{REVISION, folder_name};

/// The target of every guest.
pub const TARGET: &str = "wasm32-wasip2";
