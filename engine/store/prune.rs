//! Retention: which ended tasks are kept, and for how long.

use crate::{
    error::Result,
    output::{self, Whose},
    rows,
    transaction::{Changes, View},
};
use hob_core::{AttemptNumber, Bytes, TaskId, Timestamp};
use rusqlite::params;
use std::time::Duration;

/// What is kept of ended tasks; what exceeds any of it goes, the longest ended first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Tasks that ended longer ago than this go.
    pub age: Option<Duration>,
    /// At most so many ended tasks stay.
    pub count: Option<u64>,
    /// Captured output of ended tasks, together; of tasks without output it says nothing.
    pub output: Option<Bytes>,
}

/// A task that is gone. Its id is never used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrunedTask {
    /// What it was called.
    pub id: TaskId,
    /// Its order of acceptance: in the names of its output files.
    pub sequence: i64,
    /// Its last attempt; there are files for attempts up to this one.
    pub attempts: AttemptNumber,
    /// How much captured output it had.
    pub output: Bytes,
}

/// What a slice of pruning did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The tasks that are gone.
    pub tasks: Vec<PrunedTask>,
    /// Call again: there is more to prune.
    pub more: bool,
}

/// Tasks that one transaction removes. 500: some ten milliseconds, so that dispatch and claims hardly wait.
const SLICE: u32 = 500;

/// `SELECT` of ended tasks, the longest ended first, but for members of groups that are not over.
macro_rules! select_ended {
    ($condition:literal) => {
        concat!(
            "SELECT t.seq, t.id, t.attempt, t.output FROM tasks t WHERE t.finished IS NOT NULL ",
            $condition,
            " AND NOT EXISTS (
                SELECT 1 FROM members m JOIN groups g ON g.grp = m.grp WHERE m.seq = t.seq AND g.finished IS NULL)
            ORDER BY t.finished, t.seq LIMIT ?1"
        )
    };
}

const BY_AGE: &str = select_ended!("AND t.finished < ?2");
const OLDEST: &str = select_ended!("");
const OLDEST_WITH_OUTPUT: &str = select_ended!("AND t.output > 0");
const DELETE: &str = "DELETE FROM tasks WHERE seq = ?1";
const IS_THERE: &str = "SELECT 1 FROM tasks WHERE seq = ?1";
const LAST_GIVEN: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'tasks'";

fn pruned(row: &rusqlite::Row<'_>) -> Result<PrunedTask> {
    Ok(PrunedTask {
        sequence: row.get(0)?,
        id: rows::parse(row, 1)?,
        attempts: AttemptNumber(row.get(2)?),
        output: Bytes(rows::count(row.get(3)?)),
    })
}

impl Changes<'_> {
    /// Removes up to a slice of what exceeds the retention, and events that nobody waits for. The files of
    /// the tasks are removed by [`crate::Store::prune`] after the commit.
    pub fn prune(&self, retention: &Retention, at: Timestamp) -> Result<Pruned> {
        let mut tasks = Vec::new();
        if let Some(age) = retention.age {
            tasks = self.all(BY_AGE, params![SLICE, at.before(age).0], pruned)?;
            self.remove(&tasks)?;
        }
        let counts = self.counts()?;
        let ended = counts.completed + counts.failed + counts.cancelled;
        let excess = retention.count.map_or(0, |most| ended.saturating_sub(most));
        let room = u64::from(SLICE).saturating_sub(tasks.len() as u64);
        if excess.min(room) > 0 {
            let oldest = self.all(OLDEST, [rows::column(excess.min(room))], pruned)?;
            self.remove(&oldest)?;
            tasks.extend(oldest);
        }
        if let Some(Bytes(most)) = retention.output {
            let mut kept = self.counts()?.output.0;
            let room = i64::from(SLICE).saturating_sub(rows::column(tasks.len() as u64));
            if kept > most && room > 0 {
                let mut oldest = self.all(OLDEST_WITH_OUTPUT, [room], pruned)?;
                oldest.retain(|task| {
                    let goes = kept > most;
                    kept = kept.saturating_sub(if goes { task.output.0 } else { 0 });
                    goes
                });
                self.remove(&oldest)?;
                tasks.extend(oldest);
            }
        }
        let forgotten = self.forget_events(SLICE)?;
        let slice = usize::try_from(SLICE).unwrap_or(usize::MAX);
        Ok(Pruned { more: tasks.len() >= slice || forgotten >= slice, tasks })
    }

    fn remove(&self, tasks: &[PrunedTask]) -> Result<()> {
        tasks.iter().try_for_each(|task| self.run(DELETE, [task.sequence]).map(drop))
    }
}

impl View<'_> {
    /// Whose the files of this sequence number are. A number is given out once, so that one below the last belongs
    /// to a task that was pruned.
    pub(crate) fn whose(&self, sequence: i64) -> Result<Whose> {
        if self.database.prepare_cached(IS_THERE)?.exists([sequence])? {
            return Ok(Whose::ATask);
        }
        let last: Option<i64> = self.first(LAST_GIVEN, [], |row| Ok(row.get(0)?))?;
        Ok(if last.is_some_and(|last| sequence <= last) { Whose::APrunedTask } else { Whose::AnotherDatabases })
    }
}

/// Removes what a pruned task left on the disk; what cannot be removed is left for another time.
pub(crate) fn remove_files(folder: &std::path::Path, task: &PrunedTask) {
    for attempt in 1..=task.attempts.0 {
        output::remove(folder, task.sequence, AttemptNumber(attempt));
    }
}
