//! Tasks as others are shown them from afar: without parameters, and with the beginning of what came of them.

use crate::{error::Result, rows, transaction::View};
use hob_core::{ExecutorName, FailureKind, SessionId, StateName, TaskId, Timestamp};
use rusqlite::params;

/// What there is to see of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Its name.
    pub id: TaskId,
    /// Who does it.
    pub executor: ExecutorName,
    /// Where it is.
    pub state: StateName,
    /// The session that dispatched it.
    pub session: Option<SessionId>,
    /// The group that it was made for.
    pub group: Option<TaskId>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its attempt began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Why it failed, in a word.
    pub kind: Option<FailureKind>,
    /// The beginning of its summary, of why it failed, or of why it was cancelled.
    pub said: Option<String>,
}

/// Changes whenever a task has ended or was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndStamp {
    event: i64,
    ended: i64,
}

/// `SELECT` of up to `?1` tasks, each with up to `?2` characters of what it said.
macro_rules! select_glance {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.executor, t.state, t.session, g.id, t.created, t.started, t.finished, r.kind,
                substr(coalesce(r.summary, r.message, t.reason), 1, ?2)
            FROM tasks t LEFT JOIN results r ON r.seq = t.seq LEFT JOIN groups g ON g.grp = t.grp ",
            $rest
        )
    };
}

const RUNNING: &str = select_glance!("WHERE t.state = 'running' ORDER BY t.started DESC, t.seq DESC LIMIT ?1");
const COMPLETED: &str = select_glance!(
    "WHERE t.finished IS NOT NULL AND t.state = 'completed' ORDER BY t.finished DESC, t.seq DESC LIMIT ?1"
);
const NOT_COMPLETED: &str = select_glance!(
    "WHERE t.seq IN (
        SELECT seq FROM tasks WHERE state = 'failed' UNION ALL SELECT seq FROM tasks WHERE state = 'cancelled')
    ORDER BY t.finished DESC, t.seq DESC LIMIT ?1"
);
const STAMP: &str = "
    SELECT (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'), completed + failed + cancelled
    FROM counts";

impl View<'_> {
    /// Those that run, up to `most`, each with up to `longest` characters of text; the newest first.
    pub fn glance_at_running(&self, most: u32, longest: u32) -> Result<Vec<Glance>> {
        self.all(RUNNING, params![most, longest], glance)
    }

    /// Those that completed, the last ended first.
    pub fn glance_at_completed(&self, most: u32, longest: u32) -> Result<Vec<Glance>> {
        self.all(COMPLETED, params![most, longest], glance)
    }

    /// Those that failed or were cancelled, the last ended first.
    pub fn glance_at_failed(&self, most: u32, longest: u32) -> Result<Vec<Glance>> {
        self.all(NOT_COMPLETED, params![most, longest], glance)
    }

    /// What changes with every end of a task. Asking costs the same at any number of them.
    pub fn end_stamp(&self) -> Result<EndStamp> {
        let (event, ended) =
            self.database.prepare_cached(STAMP)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(EndStamp { event, ended })
    }
}

fn glance(row: &rusqlite::Row<'_>) -> Result<Glance> {
    let moment = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
    Ok(Glance {
        id: rows::parse(row, 0)?,
        executor: rows::parse(row, 1)?,
        state: rows::parse(row, 2)?,
        session: rows::optional(row, 3)?,
        group: rows::optional(row, 4)?,
        created: Timestamp(row.get(5)?),
        started: moment(6)?,
        finished: moment(7)?,
        kind: rows::optional(row, 8)?,
        said: row.get(9)?,
    })
}
