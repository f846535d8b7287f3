use crate::{AttemptNumber, Failure, FailureKind, Outcome, Progress, TaskResult, Timestamp, WorkerId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

/// Where a task is, with the data of that place and of no other, so that no field can be stale.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It waits for a slot.
    Pending {
        /// The number of the last claim that was given back; 0 before the first.
        last_attempt: AttemptNumber,
        /// Why no worker can take it now: its executor is missing or does not load.
        blocked: Option<String>,
    },
    /// A worker runs it.
    Running {
        /// Which attempt this is.
        attempt: AttemptNumber,
        /// Who runs it.
        worker: WorkerId,
        /// When it was claimed.
        started: Timestamp,
        /// When somebody asked it to stop.
        cancel_requested: Option<Timestamp>,
        /// What the component last said of its progress.
        progress: Option<Progress>,
    },
    /// It has its answer.
    Completed {
        /// The attempt that succeeded.
        attempt: AttemptNumber,
        /// When that attempt was claimed.
        started: Timestamp,
        /// When it ended.
        finished: Timestamp,
        /// The answer.
        result: TaskResult,
    },
    /// It has none.
    Failed {
        /// The attempt that failed.
        attempt: AttemptNumber,
        /// When that attempt was claimed.
        started: Timestamp,
        /// When it ended.
        finished: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// It was stopped.
    Cancelled {
        /// The attempt that was stopped and when it was claimed; none if it was still pending.
        stopped: Option<(AttemptNumber, Timestamp)>,
        /// When it ended.
        finished: Timestamp,
        /// Why, where nobody asked for it: what it needed did not complete.
        reason: Option<String>,
    },
}

/// A state without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
    /// [`State::Pending`]
    Pending,
    /// [`State::Running`]
    Running,
    /// [`State::Completed`]
    Completed,
    /// [`State::Failed`]
    Failed,
    /// [`State::Cancelled`]
    Cancelled,
}

impl StateName {
    /// Every state, in the order in which a task passes them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// The word for it, as in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether no event leads out of it.
    pub fn is_final(self) -> bool {
        match self {
            Self::Pending | Self::Running => false,
            Self::Completed | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// A word that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state; use pending, running, completed, failed or cancelled")]
pub struct UnknownState(pub String);

impl FromStr for StateName {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl State {
    /// The state of a task that was just accepted.
    pub const fn accepted() -> Self {
        Self::Pending { last_attempt: AttemptNumber(0), blocked: None }
    }

    /// The state without its data.
    pub fn name(&self) -> StateName {
        match self {
            Self::Pending { .. } => StateName::Pending,
            Self::Running { .. } => StateName::Running,
            Self::Completed { .. } => StateName::Completed,
            Self::Failed { .. } => StateName::Failed,
            Self::Cancelled { .. } => StateName::Cancelled,
        }
    }

    /// How long its last attempt took, if that is over.
    pub fn took(&self) -> Option<Duration> {
        match self {
            Self::Completed { started, finished, .. } | Self::Failed { started, finished, .. } => {
                Some(finished.since(*started))
            }
            Self::Cancelled { stopped, finished, .. } => stopped.map(|(_, started)| finished.since(started)),
            Self::Pending { .. } | Self::Running { .. } => None,
        }
    }
}

/// What can happen to a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Its executor turned out to be missing or not to load.
    Block {
        /// What a person is told.
        reason: String,
    },
    /// Its executor is back.
    Unblock,
    /// A worker takes it.
    Claim {
        /// Who.
        worker: WorkerId,
        /// When.
        at: Timestamp,
    },
    /// The component said how far it is.
    Report {
        /// The attempt that speaks.
        attempt: AttemptNumber,
        /// What it said.
        progress: Progress,
    },
    /// Somebody wants it stopped.
    RequestCancel {
        /// When.
        at: Timestamp,
    },
    /// It can never start: what it needs did not complete.
    Forgo {
        /// What a person is told.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// The attempt ended.
    Finish {
        /// Which.
        attempt: AttemptNumber,
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// The worker gives it back before the component started.
    Release {
        /// The attempt that is given back.
        attempt: AttemptNumber,
        /// Why no other worker can take it either, if so.
        blocked: Option<String>,
    },
    /// The worker died and what it had started is gone.
    Lose {
        /// The attempt that is lost.
        attempt: AttemptNumber,
        /// Whether its executor is declared repeatable.
        repeatable: bool,
        /// When that was noticed.
        at: Timestamp,
    },
}

impl Event {
    fn name(&self) -> &'static str {
        match self {
            Self::Block { .. } => "block",
            Self::Unblock => "unblock",
            Self::Claim { .. } => "claim",
            Self::Report { .. } => "report",
            Self::RequestCancel { .. } => "cancel",
            Self::Forgo { .. } => "forgo",
            Self::Finish { .. } => "finish",
            Self::Release { .. } => "release",
            Self::Lose { .. } => "lose",
        }
    }
}

/// An event that does not fit the state; nothing is changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// The state knows no such event.
    #[error("{event} a task that is {state}")]
    State {
        /// What the task is.
        state: StateName,
        /// What was tried.
        event: &'static str,
    },
    /// The event is of an attempt that is over: its worker was taken for dead.
    #[error("{event} attempt {stale} of a task whose attempt {current} runs")]
    Attempt {
        /// What was tried.
        event: &'static str,
        /// The attempt that spoke.
        stale: AttemptNumber,
        /// The attempt that counts.
        current: AttemptNumber,
    },
}

/// The one function that decides what a task becomes. Dispatch, workers, cancellation and rescue
/// all go through it; the CHECKs of the schema repeat it.
pub fn transition(state: State, event: Event) -> Result<State, IllegalTransition> {
    let illegal = IllegalTransition::State { state: state.name(), event: event.name() };
    match state {
        State::Pending { last_attempt, blocked } => from_pending(last_attempt, blocked.is_some(), event).ok_or(illegal),
        State::Running { attempt, worker, started, cancel_requested, progress } => {
            let running = Running { attempt, worker, started, cancel_requested, progress };
            from_running(running, event, illegal)
        }
        State::Completed { .. } | State::Failed { .. } | State::Cancelled { .. } => Err(illegal),
    }
}

fn from_pending(last_attempt: AttemptNumber, is_blocked: bool, event: Event) -> Option<State> {
    match event {
        Event::Block { reason } => Some(State::Pending { last_attempt, blocked: Some(reason) }),
        Event::Unblock => Some(State::Pending { last_attempt, blocked: None }),
        Event::Claim { worker, at } => (!is_blocked).then(|| State::Running {
            attempt: last_attempt.next(),
            worker,
            started: at,
            cancel_requested: None,
            progress: None,
        }),
        Event::RequestCancel { at } => Some(State::Cancelled { stopped: None, finished: at, reason: None }),
        Event::Forgo { reason, at } => Some(State::Cancelled { stopped: None, finished: at, reason: Some(reason) }),
        Event::Report { .. } | Event::Finish { .. } | Event::Release { .. } | Event::Lose { .. } => None,
    }
}

struct Running {
    attempt: AttemptNumber,
    worker: WorkerId,
    started: Timestamp,
    cancel_requested: Option<Timestamp>,
    progress: Option<Progress>,
}

fn from_running(now: Running, event: Event, illegal: IllegalTransition) -> Result<State, IllegalTransition> {
    let name = event.name();
    let guard = |speaker: AttemptNumber| {
        if speaker == now.attempt {
            Ok(())
        } else {
            Err(IllegalTransition::Attempt { event: name, stale: speaker, current: now.attempt })
        }
    };
    match event {
        Event::Report { attempt, progress } => {
            guard(attempt)?;
            Ok(State::Running {
                attempt,
                worker: now.worker,
                started: now.started,
                cancel_requested: now.cancel_requested,
                progress: Some(progress),
            })
        }
        Event::RequestCancel { at } => Ok(State::Running {
            attempt: now.attempt,
            worker: now.worker,
            started: now.started,
            cancel_requested: now.cancel_requested.or(Some(at)),
            progress: now.progress,
        }),
        Event::Finish { attempt, outcome, at } => {
            guard(attempt)?;
            let started = now.started;
            Ok(match outcome {
                Outcome::Completed(result) => State::Completed { attempt, started, finished: at, result },
                Outcome::Failed(failure) => State::Failed { attempt, started, finished: at, failure },
                Outcome::Cancelled => {
                    State::Cancelled { stopped: Some((attempt, started)), finished: at, reason: None }
                }
            })
        }
        Event::Release { attempt, blocked } => {
            guard(attempt)?;
            Ok(State::Pending { last_attempt: attempt, blocked })
        }
        Event::Lose { attempt, repeatable, at } => {
            guard(attempt)?;
            Ok(if now.cancel_requested.is_some() {
                State::Cancelled { stopped: Some((attempt, now.started)), finished: at, reason: None }
            } else if repeatable {
                State::Pending { last_attempt: attempt, blocked: None }
            } else {
                let message = format!(
                    "the worker {} died while it ran this; what it had started was ended. \
                     `hob retry` runs it again",
                    now.worker
                );
                let failure = Failure::new(FailureKind::WorkerLost, message);
                State::Failed { attempt, started: now.started, finished: at, failure }
            })
        }
        Event::Block { .. } | Event::Unblock | Event::Claim { .. } | Event::Forgo { .. } => Err(illegal),
    }
}

#[cfg(test)]
mod tests;
