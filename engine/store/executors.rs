//! Executors that cannot run, and the queues of those that can.
//!
//! What `Event::Block` and `Event::Unblock` do to a pending task happens to all tasks of an executor at once,
//! those that are submitted later included. So it is stored with the executor: one row however
//! many tasks wait, read back as part of each task's state.

use crate::{
    error::Result,
    rows,
    transaction::{Changes, View},
};
use hob_core::{ExecutorName, Timestamp};
use rusqlite::params;

/// An executor whose tasks wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The executor.
    pub executor: ExecutorName,
    /// How many of its tasks are pending.
    pub pending: u64,
    /// Why none of them can go.
    pub blocked: Option<String>,
    /// Workers died of it, and only [`Changes::let_go`] lets them go.
    pub is_aside: bool,
}

/// Losses in a row after which an executor is set aside, if it is clear which of those that ran it was. 3: a machine
/// that is switched off, or a person who kills a worker, does not come three times in a row.
const LOSSES: u32 = 3;
/// Losses in a row after which all that ran are set aside though it is not clear which it was. 6: else it would
/// go on for ever.
const MOST_LOSSES: u32 = 6;

const BLOCK: &str = "
    INSERT INTO executors (executor, blocked) VALUES (?1, ?2)
    ON CONFLICT (executor) DO UPDATE SET blocked = excluded.blocked
    WHERE blocked IS NOT excluded.blocked AND aside = 0";
const TELL: &str = "INSERT INTO events (at, executor, reason) VALUES (?1, ?2, ?3)";
const UNBLOCK: &str = "UPDATE executors SET blocked = NULL WHERE executor = ?1 AND blocked IS NOT NULL AND aside = 0";
/// A loss counts if what was lost began after the one before it: several workers that die at once are one loss.
const COUNT_LOSS: &str = "
    UPDATE executors SET lost = lost + 1, lost_at = ?2
    WHERE executor = ?1 AND aside = 0 AND (lost = 0 OR lost_at IS NULL OR lost_at < ?3) RETURNING lost";
const FORGET_LOSSES: &str = "UPDATE executors SET lost = 0 WHERE executor = ?1 AND lost > 0 AND aside = 0";
const SET_ASIDE: &str = "UPDATE executors SET blocked = ?2, aside = 1 WHERE executor = ?1";
const LET_GO: &str = "UPDATE executors SET blocked = NULL, aside = 0, lost = 0 WHERE executor = ?1 AND aside = 1";
const QUEUES: &str = "
    SELECT executor, pending, blocked, aside FROM executors WHERE pending > 0 OR blocked IS NOT NULL ORDER BY executor";

impl Changes<'_> {
    /// Keeps the tasks of an executor waiting and says why. Only a new reason is an event.
    pub fn block_executor(&self, executor: &ExecutorName, reason: &str, at: Timestamp) -> Result<()> {
        if self.run(BLOCK, params![executor.as_str(), reason])? > 0 {
            self.run(TELL, params![at.0, executor.as_str(), reason])?;
        }
        Ok(())
    }

    /// Lets the tasks of executors that are back go; how many of the executors were blocked. Those that were set
    /// aside stay so.
    pub fn unblock(&self, executors: &[ExecutorName]) -> Result<usize> {
        executors.iter().map(|executor| self.run(UNBLOCK, [executor.as_str()])).sum()
    }

    /// Lets the tasks of an executor go that was set aside; false if it was not.
    pub fn let_go(&self, executor: &ExecutorName) -> Result<bool> {
        Ok(self.run(LET_GO, [executor.as_str()])? > 0)
    }

    /// Counts that a worker died while it ran these, each with when its last attempt began. Whatever ran three times
    /// in a row, with nothing of it that ended by itself in between, is set aside: the one that did so most often, or
    /// all of them once there have been six and it is still not clear which one it is.
    pub(crate) fn count_losses(&self, executors: &[(ExecutorName, Timestamp)], at: Timestamp) -> Result<()> {
        let mut counted: Vec<(&ExecutorName, u32)> = Vec::new();
        for (executor, began) in executors {
            let lost = self.first(COUNT_LOSS, params![executor.as_str(), at.0, began.0], |row| Ok(row.get(0)?))?;
            counted.extend(lost.map(|lost| (executor, lost)));
        }
        let most = counted.iter().map(|(_, lost)| *lost).max().unwrap_or(0);
        counted.retain(|(_, lost)| *lost == most);
        if most >= MOST_LOSSES || (most >= LOSSES && counted.len() == 1) {
            for (executor, _) in counted {
                let reason = format!(
                    "set aside: {most} times in a row the worker died while it ran; once the cause is gone, \
                     `hob executors {executor} --let-go` lets its tasks run"
                );
                tracing::error!(%executor, "{reason}");
                self.run(SET_ASIDE, params![executor.as_str(), reason])?;
                self.run(TELL, params![at.0, executor.as_str(), reason])?;
            }
        }
        Ok(())
    }

    /// Notes that an attempt ended while its worker lived.
    pub(crate) fn forget_losses(&self, executor: &ExecutorName) -> Result<()> {
        self.run(FORGET_LOSSES, [executor.as_str()]).map(drop)
    }
}

impl View<'_> {
    /// The executors whose tasks wait, and those that are blocked.
    pub fn queues(&self) -> Result<Vec<Queue>> {
        self.all(QUEUES, [], |row| {
            Ok(Queue {
                executor: rows::parse(row, 0)?,
                pending: rows::count(row.get(1)?),
                blocked: row.get(2)?,
                is_aside: row.get(3)?,
            })
        })
    }
}
