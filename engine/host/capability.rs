//! The host's side of the contract: one file for each power.
//!
//! `search`, `files` and `http` are plain modules that know nothing of components; `serve_*` bind
//! them to the contract, and every use of a power goes through [`hob_core::Policy::decide`] first.

mod blocking;
pub mod context;
mod files;
pub mod http;
pub mod io;
pub(crate) mod opening;
pub mod process;
mod search;
pub mod serve_files;
pub mod serve_http;
pub mod serve_search;
pub mod state;
mod tree;

pub(crate) use serve_http::Hooks;

use tokio::sync::watch;

/// Whether the task was asked to stop.
#[derive(Clone)]
pub struct Cancel(pub(crate) watch::Receiver<bool>);

impl Cancel {
    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready once it was asked; never, when nobody is left who could ask.
    pub(crate) async fn wait(mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests;
