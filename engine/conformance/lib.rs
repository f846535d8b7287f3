//! The conformance suite: rules that a component has to keep, each tried on it through
//! [`hob_host::Host::try_out`], which is how every task runs.
//!
//! Deliberately absent: another way to run a component, wasmtime, a terminal, and knowledge of where components come from.

mod heard;
mod rule;
mod rules;
mod sample;
mod suite;
mod wrong;

pub use rule::{Finding, Rule, Verdict};
pub use sample::sample;
pub use suite::{Stage, Subject, Suite};
