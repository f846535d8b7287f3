//! Requests of a component: several under way at once on one thread, and never many to one host.

mod exchange;
pub mod together;
mod turns;

pub use exchange::{ask, read};
pub use turns::{Turn, Turns};
