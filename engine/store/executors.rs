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
}

const BLOCK: &str = "
    INSERT INTO executors (executor, blocked) VALUES (?1, ?2)
    ON CONFLICT (executor) DO UPDATE SET blocked = excluded.blocked WHERE blocked IS NOT excluded.blocked";
const TELL: &str = "INSERT INTO events (at, executor, reason) VALUES (?1, ?2, ?3)";
const UNBLOCK: &str = "UPDATE executors SET blocked = NULL WHERE executor = ?1 AND blocked IS NOT NULL";
const QUEUES: &str = "
    SELECT executor, pending, blocked FROM executors WHERE pending > 0 OR blocked IS NOT NULL ORDER BY executor";

impl Changes<'_> {
    /// Keeps the tasks of an executor waiting and says why. Only a new reason is an event.
    pub fn block_executor(&self, executor: &ExecutorName, reason: &str, at: Timestamp) -> Result<()> {
        if self.run(BLOCK, params![executor.as_str(), reason])? > 0 {
            self.run(TELL, params![at.0, executor.as_str(), reason])?;
        }
        Ok(())
    }

    /// Lets the tasks of executors that are back go; how many of the executors were blocked.
    pub fn unblock(&self, executors: &[ExecutorName]) -> Result<usize> {
        executors.iter().map(|executor| self.run(UNBLOCK, [executor.as_str()])).sum()
    }
}

impl View<'_> {
    /// The executors whose tasks wait, and those that are blocked.
    pub fn queues(&self) -> Result<Vec<Queue>> {
        self.all(QUEUES, [], |row| {
            Ok(Queue { executor: rows::parse(row, 0)?, pending: rows::count(row.get(1)?), blocked: row.get(2)? })
        })
    }
}
