use crate::{
    bindings::hob::plugin::context as wit,
    error::Refused,
    host,
    io::{IoError, Waitable, Writer},
};
use std::{error::Error, fmt};

pub use wit::Level;

/// A running task's surroundings; they need no grant.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    _given_by_the_crate: (),
}

/// The task was asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task was asked to stop")
    }
}

impl Error for Cancelled {}

impl Context {
    pub(crate) fn new() -> Self {
        Self { _given_by_the_crate: () }
    }

    /// The task's live output. What is printed on stdout goes there too.
    pub fn output(&self) -> Writer {
        Writer(host::context::output())
    }

    /// Writes text to the output.
    pub fn print(&self, text: &str) -> Result<(), IoError> {
        self.output().print(text)
    }

    /// Says what the task is about to do. As often as you like: the host stores about ten a second.
    pub fn progress(&self, message: &str) {
        host::context::progress(None, message);
    }

    /// As [`Self::progress`], with how far the task is, from 0 to 1.
    pub fn progress_at(&self, fraction: f64, message: &str) {
        host::context::progress(Some(fraction), message);
    }

    /// A line for hob's log, with facts by name.
    pub fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<(String, String)> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        host::context::log(level, message, &fields);
    }

    /// A line for hob's log.
    pub fn info(&self, message: &str) {
        self.log(Level::Info, message, &[]);
    }

    /// A line for hob's log, of something that may be wrong.
    pub fn warn(&self, message: &str) {
        self.log(Level::Warn, message, &[]);
    }

    /// A file that stays with the task, once it is written and [finished](Writer::finish).
    pub fn artifact(&self, name: &str, media_type: &str) -> Result<Writer, Refused> {
        host::context::artifact(name, media_type).map(Writer).map_err(Refused::of)
    }

    /// Whether the task was asked to stop. It then has two seconds.
    pub fn is_cancelled(&self) -> bool {
        host::context::is_cancelled()
    }

    /// Returns the error if the task was asked to stop: `context.check()?` in every long loop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Ready when the task is asked to stop.
    pub fn cancelled(&self) -> Waitable {
        Waitable(host::context::cancelled())
    }
}
