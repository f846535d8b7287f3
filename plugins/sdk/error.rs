use crate::{bindings::hob::plugin::types, http::HttpError, io::IoError, process::SpawnError};
use serde::Serialize;
use std::{cell::RefCell, error::Error, fmt, time::Duration};

/// Why a task has no result.
///
/// Every error becomes one with `?`. Denials keep the host's words, a cancellation stays one, anything else is a failure
/// in the error's own words.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskError {
    /// JSON pointer and message, for each parameter that does not fit.
    InvalidParams(Vec<(String, String)>),
    /// A capability was refused; the host's text, passed on.
    Denied(String),
    /// The task was asked to stop, and did.
    Cancelled,
    /// Anything else.
    Failed(Failure),
}

/// What happened, and whether it is worth another try.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// What happened, to what, and what to do next.
    pub message: String,
    /// Whether the same task may succeed later.
    pub retryable: bool,
    /// Not before this time has passed.
    pub retry_after: Option<Duration>,
    /// As in a result: JSON.
    pub data: Option<String>,
}

impl TaskError {
    /// A failure in these words.
    pub fn failed(message: impl Into<String>) -> Self {
        Failure::new(message).into()
    }

    /// A parameter that does not fit: its JSON pointer, such as `/path`, and what is wrong with it.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidParams(vec![(pointer.into(), message.into())])
    }

    /// The same, with what it was done for in front of a failure's words: `write the report: …`.
    #[must_use]
    pub fn doing(self, what: &str) -> Self {
        match self {
            Self::Failed(failure) => {
                let message = format!("{what}: {}", failure.message);
                Self::Failed(Failure { message, ..failure })
            }
            other => other,
        }
    }
}

impl Failure {
    /// A failure that another try does not help.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The same task may succeed later.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// The same task may succeed when this time has passed.
    #[must_use]
    pub fn retry_after(self, time: Duration) -> Self {
        Self { retryable: true, retry_after: Some(time), ..self }
    }

    /// With data in the shape of the result.
    #[must_use]
    pub fn with_data(self, data: &impl Serialize) -> Self {
        // Data without a form in JSON are left out: the message says what happened.
        Self { data: serde_json::to_string(data).ok(), ..self }
    }
}

impl From<Failure> for TaskError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What the host said no to, where it says so in words only: reading files, a search, the store, an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not granted; the text has the lines that would allow it.
    Denied(String),
    /// It cannot be done as it was asked for: a bad pattern, a name that is none, a full store.
    Failed(String),
}

impl Refused {
    /// The host's words.
    pub fn text(&self) -> &str {
        match self {
            Self::Denied(text) | Self::Failed(text) => text,
        }
    }

    pub(crate) fn of(text: String) -> Self {
        // The beginning of every denial.
        let start = EXECUTOR.with_borrow(|name| format!("{name} may not "));
        if text.starts_with(&start) { Self::Denied(text) } else { Self::Failed(text) }
    }
}

thread_local! {
    static EXECUTOR: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The name under which the task runs, by which denials are told.
pub fn set_executor(name: &str) {
    EXECUTOR.set(name.to_owned());
}

/// The name under which the task runs.
#[cfg(not(target_family = "wasm"))]
pub fn executor() -> String {
    EXECUTOR.with_borrow(String::clone)
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Error for Refused {}

/// Not an error itself, so that every error can become one.
impl<E: Error + 'static> From<E> for TaskError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(one) = cause {
            if let Some(known) = known(one) {
                return known;
            }
            let text = one.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            // What `std::io::Error` has inside is not its source, but that of which it has the words.
            let inner = one.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| one.source());
        }
        Self::failed(message)
    }
}

/// What this crate's own errors mean for the task.
fn known(error: &(dyn Error + 'static)) -> Option<TaskError> {
    let later = |text: String| TaskError::from(Failure::new(text).retryable());
    Some(if let Some(error) = error.downcast_ref::<IoError>() {
        match error {
            IoError::Cancelled => TaskError::Cancelled,
            other => TaskError::failed(other.to_string()),
        }
    } else if let Some(error) = error.downcast_ref::<Refused>() {
        match error {
            Refused::Denied(text) => TaskError::Denied(text.clone()),
            Refused::Failed(text) => TaskError::failed(text.clone()),
        }
    } else if let Some(error) = error.downcast_ref::<SpawnError>() {
        match error {
            SpawnError::Denied(text) => TaskError::Denied(text.clone()),
            SpawnError::NotFound(text) | SpawnError::Invalid(text) => TaskError::failed(text.clone()),
            SpawnError::Limit(text) | SpawnError::Os(text) => later(text.clone()),
        }
    } else if let Some(error) = error.downcast_ref::<HttpError>() {
        match error {
            HttpError::Denied(text) => TaskError::Denied(text.clone()),
            HttpError::Cancelled => TaskError::Cancelled,
            HttpError::TooLarge => TaskError::failed(error.to_string()),
            HttpError::Timeout | HttpError::Failed(_) => later(error.to_string()),
        }
    } else if error.is::<crate::Cancelled>() {
        TaskError::Cancelled
    } else {
        return None;
    })
}

impl From<TaskError> for types::TaskError {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::InvalidParams(misfits) => Self::InvalidParams(misfits),
            TaskError::Denied(text) => Self::Denied(text),
            TaskError::Cancelled => Self::Cancelled,
            TaskError::Failed(Failure { message, retryable, retry_after, data }) => {
                let retry_after_ms = retry_after.map(milliseconds);
                Self::Failed(types::Failure { message, retryable, retry_after_ms, data })
            }
        }
    }
}

/// As many as there are, or as the contract can say.
pub fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn through(error: impl Into<TaskError>) -> TaskError {
        error.into()
    }

    #[test]
    fn what_a_question_mark_makes_of_errors() {
        let denied = || "lint may not start `x`".to_owned();
        assert_eq!(through(SpawnError::Denied(denied())), TaskError::Denied(denied()));
        assert_eq!(through(HttpError::Denied(denied())), TaskError::Denied(denied()));
        assert_eq!(through(Refused::Denied(denied())), TaskError::Denied(denied()));
        assert_eq!(through(IoError::Cancelled), TaskError::Cancelled);
        assert_eq!(through(io::Error::other(IoError::Cancelled)), TaskError::Cancelled);
        assert_eq!(through(io::Error::other("no room")), TaskError::failed("no room"));
        let TaskError::Failed(later) = through(HttpError::Timeout) else { panic!("a failure") };
        assert!(later.retryable);
        let json = serde_json::from_str::<u8>("x").expect_err("no JSON");
        assert_eq!(through(json).doing("read it"), TaskError::failed("read it: expected value at line 1 column 1"));
    }

    #[test]
    fn denials_are_told_by_the_name_of_the_executor() {
        set_executor("lint");
        assert!(matches!(Refused::of("lint may not read `/x`".to_owned()), Refused::Denied(_)));
        assert!(matches!(Refused::of("other may not read `/x`".to_owned()), Refused::Failed(_)));
    }
}
