//! Commands that a task gives: what they hand in descends from that task.

use crate::{context::Context, error::CommandResult};
use hob_core::{TaskId, Timestamp};
use hob_store::{Accepted, Changes, Nesting};

/// The variable in which every program of a task has the id of that task.
const TASK: &str = "HOB_TASK";

/// The task in which this process runs, if any, and how far tasks may go that hand in tasks.
pub struct Nested(Option<(TaskId, Nesting)>);

impl Nested {
    /// Looks. What the program of the task was started with counts, not what was made of that since.
    pub fn here(context: &Context) -> CommandResult<Self> {
        let task = hob_process::variable_of_the_task(TASK).and_then(|task| task.parse().ok());
        let hob_settings::Nesting { depth, per_minute } = context.settings()?.nesting;
        Ok(Self(task.map(|task| (task, Nesting { depth, per_minute }))))
    }

    /// Notes where these come from, in the transaction that accepts them; refused where that goes too far.
    pub fn note<'a>(
        &self,
        changes: &Changes<'_>,
        accepted: impl IntoIterator<Item = &'a Accepted>,
        at: Timestamp,
    ) -> hob_store::Result<()> {
        match &self.0 {
            Some((task, bounds)) => changes.descend(task, accepted, *bounds, at),
            None => Ok(()),
        }
    }
}
