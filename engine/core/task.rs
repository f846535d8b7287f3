use crate::{ExecutorName, Membership, Priority, SessionId, State, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// What a component last said of its progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 1, where known.
    pub fraction: Option<f64>,
    /// A few words.
    pub message: String,
}

/// Environment variables as the operating system has them: bytes, in the order given.
///
/// Private: never shown, never logged, dropped from the database when the task ends.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Environment {
    /// The value of `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(key, _)| key == name.as_bytes()).map(|(_, value)| value.as_slice())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

/// What somebody hands in.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    /// The caller's own id; none lets the store choose one.
    pub id: Option<TaskId>,
    /// Which executor does it.
    pub executor: ExecutorName,
    /// JSON text, already held against the executor's schema.
    pub params: String,
    /// When it goes.
    pub priority: Priority,
    /// The folder of whoever dispatched it, or `--cwd`. Absolute.
    pub cwd: PathBuf,
    /// What the executor's grant says of the dispatcher's environment, and nothing more of it.
    pub environment: Environment,
    /// Its own wall clock, in place of the executor's limit.
    pub timeout: Option<Duration>,
    /// The agent's session that dispatched it.
    pub session: Option<SessionId>,
    /// The task that this one repeats.
    pub retry_of: Option<TaskId>,
}

/// A task as the store has it. Its environment is not part of it: only a claim carries that.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its name for ever.
    pub id: TaskId,
    /// The order of acceptance, from 1; first in, first out goes by it.
    pub sequence: i64,
    /// Which executor does it.
    pub executor: ExecutorName,
    /// JSON text.
    pub params: String,
    /// When it goes.
    pub priority: Priority,
    /// The folder it is about. Absolute.
    pub cwd: PathBuf,
    /// Its own wall clock.
    pub timeout: Option<Duration>,
    /// The agent's session that dispatched it.
    pub session: Option<SessionId>,
    /// The task that this one repeats.
    pub retry_of: Option<TaskId>,
    /// When it was accepted.
    pub created: Timestamp,
    /// The group that it was made for; others that keep it are not named here.
    pub group: Option<Membership>,
    /// Where it is.
    pub state: State,
}
