use crate::{MemberName, NewTask, PresetName, SessionId, StateName, TaskId, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How many members of a group have to complete for the group to have completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// Every one.
    All,
    /// At least so many; 1 is "any".
    AtLeast(u32),
}

impl Join {
    /// The number for a group of `members`.
    pub fn least(self, members: u32) -> u32 {
        match self {
            Self::All => members,
            Self::AtLeast(least) => least.min(members),
        }
    }
}

/// Tasks that are handed in together and have a result together.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGroup {
    /// Of the same names as tasks: what names a task names no group.
    pub id: TaskId,
    /// The preset that it was made from.
    pub preset: PresetName,
    /// What the person said: `{input}`.
    pub input: String,
    /// When it has completed.
    pub join: Join,
    /// A template for its result, with the results of its members as placeholders.
    pub result: Option<String>,
    /// The folder it is about: `{cwd}`. Absolute.
    pub cwd: PathBuf,
    /// The agent's session that dispatched it.
    pub session: Option<SessionId>,
    /// The group that this one repeats.
    pub retry_of: Option<TaskId>,
    /// In the order of the preset; at least one, each name once.
    pub members: Vec<NewMember>,
}

/// A member of a group that is handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMember {
    /// What the preset calls it.
    pub name: MemberName,
    /// The members that have to complete before it starts. Without a cycle.
    pub needs: Vec<MemberName>,
    /// What it does.
    pub task: MemberTask,
}

/// What a member of a group does.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberTask {
    /// A new task. Where it has needs, `params` is a template that is filled when they have completed;
    /// otherwise it is what it says.
    New(Box<NewTask>),
    /// A task of the group that is repeated, with its result; `needs` of it mean nothing.
    Kept(TaskId),
}

/// The place of a task in the group that it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: TaskId,
    /// What the preset calls the task.
    pub name: MemberName,
    /// The members that have yet to complete before it starts.
    pub waits_for: Vec<MemberName>,
}

/// How many members of a group are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Waiting, for a slot or for other members.
    pub pending: u32,
    /// Running.
    pub running: u32,
    /// Completed.
    pub completed: u32,
    /// Failed.
    pub failed: u32,
    /// Cancelled.
    pub cancelled: u32,
}

impl Tally {
    /// All of them.
    pub fn members(&self) -> u32 {
        self.pending + self.running + self.completed + self.failed + self.cancelled
    }

    /// Where the group is that has these members: over when they all are, completed if enough of them
    /// completed, else failed if one failed.
    pub fn state(&self, join: Join) -> StateName {
        let is_over = self.pending == 0 && self.running == 0;
        match (is_over, self.completed >= join.least(self.members())) {
            (false, _) if self.pending == self.members() => StateName::Pending,
            (false, _) => StateName::Running,
            (true, true) => StateName::Completed,
            (true, false) if self.failed > 0 => StateName::Failed,
            (true, false) => StateName::Cancelled,
        }
    }
}

/// A group as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name for ever.
    pub id: TaskId,
    /// The preset that it was made from.
    pub preset: PresetName,
    /// What the person said.
    pub input: String,
    /// When it has completed.
    pub join: Join,
    /// A template for its result.
    pub result: Option<String>,
    /// The folder it is about. Absolute.
    pub cwd: PathBuf,
    /// The agent's session that dispatched it.
    pub session: Option<SessionId>,
    /// The group that this one repeats.
    pub retry_of: Option<TaskId>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its last member ended.
    pub finished: Option<Timestamp>,
    /// Its members, by state.
    pub tally: Tally,
}

impl Group {
    /// Where it is.
    pub fn state(&self) -> StateName {
        self.tally.state(self.join)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_group() {
        use StateName::{Cancelled, Completed, Failed, Pending, Running};
        let tally = |[pending, running, completed, failed, cancelled]: [u32; 5]| Tally {
            pending,
            running,
            completed,
            failed,
            cancelled,
        };
        for (counts, join, expect) in [
            ([3, 0, 0, 0, 0], Join::All, Pending),
            ([2, 1, 0, 0, 0], Join::All, Running),
            ([1, 0, 2, 0, 0], Join::All, Running),
            ([0, 1, 2, 0, 0], Join::AtLeast(1), Running),
            ([0, 0, 3, 0, 0], Join::All, Completed),
            ([0, 0, 2, 1, 0], Join::All, Failed),
            ([0, 0, 2, 0, 1], Join::All, Cancelled),
            ([0, 0, 1, 1, 1], Join::AtLeast(1), Completed),
            ([0, 0, 1, 1, 1], Join::AtLeast(2), Failed),
            ([0, 0, 0, 0, 3], Join::AtLeast(1), Cancelled),
            ([0, 0, 2, 0, 0], Join::AtLeast(9), Completed),
        ] {
            assert_eq!(tally(counts).state(join), expect, "{counts:?} {join:?}");
        }
    }
}
