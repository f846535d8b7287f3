//! Drains the event outbox to the desktop and to a command of the person's own, and has the words for a terminal.
//!
//! A side system: it works on a thread of its own, with store handles of its own, and whatever goes
//! wrong here is said in the log, in [`Status`] and to `hob doctor`, and changes no task. Deliberately absent:
//! writing to a task, and any way for the text of a task to be anything but text.

mod channel;
mod command;
mod desktop;
mod drain;
mod guard;
mod message;
mod notifier;
mod report;
mod terminal;
mod trouble;

pub use channel::Channel;
pub use command::Program;
pub use desktop::{Desktop, Service, probe};
pub use guard::Sink;
pub use message::Message;
pub use notifier::{Error, Notifier, Status};
pub use report::Report;
pub use terminal::sequence;
pub use trouble::{Trouble, last_trouble};
