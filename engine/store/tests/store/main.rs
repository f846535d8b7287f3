//! The store, held to its promises through its public interface.

mod concurrency;
mod conformance;
mod glance;
mod groups;
mod house;
mod interleavings;
mod losses;
mod model;
mod nesting;
mod opening;
mod output;
mod own;
mod secrecy;
mod sessions;
mod waiting;
mod writer;
