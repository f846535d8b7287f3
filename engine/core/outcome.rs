use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, str::FromStr};

/// What a completed task answered. Reading it never consumes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskResult {
    /// One or a few lines for a person or a model.
    pub summary: String,
    /// The typed answer, in the shape that the component's `describe` publishes as `result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// Why a task failed, in words and by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// What happened, to what, and what to do next, for a person.
    pub message: String,
    /// The component holds that the same task may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// Not before this many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
    /// What the component adds: for a native program its exit code or signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The end of the component's stderr and, after a trap, the backtrace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl Failure {
    /// A failure of `kind` with nothing but a message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retryable: false, retry_after_ms: None, data: None, trace: None }
    }
}

macro_rules! failure_kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The sort of a failure. The words are part of the JSON output.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum FailureKind { $($(#[$doc])* $name,)* }

        impl FailureKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word for it, as in JSON and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

failure_kinds! {
    /// The component itself reported it: a command that exited with 1, a page that was not found.
    Executor = "executor",
    /// The component refused its parameters.
    InvalidParams = "invalid-params",
    /// A capability was refused; the message has the configuration lines that would allow it.
    Denied = "denied",
    /// Its wall clock ran out.
    TimedOut = "timed-out",
    /// Memory, computing time, output or another limit was reached; the message names it.
    Limit = "limit",
    /// The component trapped, panicked, threw, or exited without an answer.
    Trap = "trap",
    /// The process that ran it died.
    WorkerLost = "worker-lost",
    /// A fault of hob.
    Internal = "internal",
}

impl FromStr for FailureKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| text.to_owned())
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With an answer.
    Completed(TaskResult),
    /// Without one.
    Failed(Failure),
    /// Because it was asked to stop.
    Cancelled,
}

/// How a native program ended, by the convention of `data.exit_code` and `data.signal` that any
/// component may follow in its result or failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl ExitStatus {
    /// Reads the status out of a component's `data`, where it follows the convention.
    pub fn from_data(data: Option<&Value>) -> Option<Self> {
        let number = |key| data?.get(key)?.as_i64().and_then(|n| i32::try_from(n).ok());
        number("signal").map(Self::Signal).or_else(|| number("exit_code").map(Self::Code))
    }

    /// The code that a shell would report: the exit code itself, or 128 + the signal.
    pub fn shell_code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}
