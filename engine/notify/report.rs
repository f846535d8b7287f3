use crate::message::one_line;
use hob_core::{ExecutorName, Group, PresetName, Priority, SessionId, State, StateName, Tally, Task, TaskId};
use serde::{Serialize, Serializer};
use std::time::Duration;

/// A task or group that ended, as a command is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its name.
    pub id: TaskId,
    /// `completed` or `failed`.
    pub state: StateName,
    /// Who did it; none of a group.
    pub executor: Option<ExecutorName>,
    /// What it was made from; none of a task.
    pub preset: Option<PresetName>,
    /// How its members ended; none of a task.
    pub tally: Option<Tally>,
    /// When it went; none of a group, and of a task that was pruned since.
    pub priority: Option<Priority>,
    /// The folder it is about; none if it was pruned since.
    pub cwd: Option<String>,
    /// The session that dispatched it.
    pub session: Option<SessionId>,
    /// How long its last attempt took, or the group from its acceptance on; none if it was pruned since.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Option<Duration>,
    /// The first line of its result, or why it failed; plain text, cut.
    pub summary: Option<String>,
}

impl Report {
    /// Of a task that ended and of which people are told: who cancels one knows.
    pub fn of_task(task: &Task) -> Option<Self> {
        let said = match &task.state {
            State::Completed { result, .. } => &result.summary,
            State::Failed { failure, .. } => &failure.message,
            State::Pending { .. } | State::Running { .. } | State::Cancelled { .. } => return None,
        };
        Some(Self {
            id: task.id.clone(),
            state: task.state.name(),
            executor: Some(task.executor.clone()),
            preset: None,
            tally: None,
            priority: Some(task.priority),
            cwd: Some(task.cwd.to_string_lossy().into_owned()),
            session: task.session.clone(),
            duration: task.state.took(),
            summary: one_line(said),
        })
    }

    /// The same of a group.
    pub fn of_group(group: &Group) -> Option<Self> {
        let state = group.state();
        if !matches!(state, StateName::Completed | StateName::Failed) {
            return None;
        }
        Some(Self {
            id: group.id.clone(),
            state,
            executor: None,
            preset: Some(group.preset.clone()),
            tally: Some(group.tally),
            priority: None,
            cwd: Some(group.cwd.to_string_lossy().into_owned()),
            session: group.session.clone(),
            duration: group.finished.map(|finished| finished.since(group.created)),
            summary: Some(members(&group.tally)),
        })
    }
}

/// How the members of a group ended.
pub(crate) fn members(tally: &Tally) -> String {
    let mut words = vec![format!("{} of {} tasks completed", tally.completed, tally.members())];
    let more = [(tally.failed, "failed"), (tally.cancelled, "cancelled")];
    words.extend(more.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
    words.join(", ")
}

#[expect(clippy::ref_option, reason = "so serde hands it over")]
fn milliseconds<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).serialize(to)
}
