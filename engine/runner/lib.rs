//! Slots, claims, rescue and cancellation around `run_one()`.
//!
//! Deliberately absent: wasmtime, SQL, TOML, terminal output. What runs a component, what reads the
//! configuration and what shows a notification are traits here, implemented above or beside, and
//! only `cli` wires them together.

mod contract;
pub mod daemon;
pub mod life;
mod listener;
mod os;
mod others;
mod reporter;
mod rescue;
mod room;
mod run_one;
mod shared;
mod slot;
pub mod stale;
mod worker;

pub use contract::{Attempt, Configuration, Executors, KeyValue, NotLoaded, OutputSink, Reporter, Unavailable};
pub use worker::{Error, Handle, Mode, WorkReport, Worker, WorkerOptions};
