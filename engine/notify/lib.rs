//! Drains the event outbox to desktop notifications.
//!
//! A side system: it works on threads of its own, with a store handle of its own, and whatever goes
//! wrong here is said in the log and in [`Status`] and changes no task. Deliberately absent:
//! writing to a task, and any way for the text of a task to be anything but text.

mod desktop;
mod guard;
mod message;
mod notifier;

pub use desktop::{Desktop, probe};
pub use message::Message;
pub use notifier::{Error, Notifier, Sink, Status};
