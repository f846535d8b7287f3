//! The command line: arguments, one file a verb, rendering.
//!
//! The only room that prints or reads arguments, and the only one that knows all others: it wires
//! them together. Deliberately absent: SQL, wasmtime, rules of its own about what a task may become.
//! Nothing that only hands in or asks builds a component engine or a second thread.

mod advise;
mod agents;
mod alone;
mod answer;
mod app;
mod captured;
mod configuration_watch;
mod context;
mod error;
mod exit;
mod follow;
mod foreground;
mod handed_in;
mod logging;
mod lookup;
mod nested;
mod notice;
mod plan;
mod prepare;
mod render;
mod schema;
mod sources;
mod start;
mod state_files;
mod toolchain;
mod trial;
mod verb;
mod waiting;
mod whole;
mod wire;

pub use app::main;
pub use verb::check_batch_line;
