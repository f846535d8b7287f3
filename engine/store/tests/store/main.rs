//! The store, held to its promises through its public interface.

mod concurrency;
mod conformance;
mod glance;
mod groups;
mod house;
mod interleavings;
mod log;
mod losses;
mod model;
mod nesting;
mod opening;
mod output;
mod own;
mod salvage;
mod secrecy;
mod sessions;
mod size;
mod waiting;
mod writer;
