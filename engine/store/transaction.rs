//! What a transaction is, and the one way in which it moves a task.

use crate::{
    error::{Error, Result},
    output,
    rows::{self, Place, select_place},
};
use hob_core::{AttemptNumber, Event, State, StateName, TaskId, transition};
use rusqlite::{Connection, OptionalExtension, named_params, params};
use std::{cell::Cell, path::Path};

/// Reads, all of the same moment.
pub struct View<'a> {
    pub(crate) database: &'a Connection,
}

/// Changes, all or none of them, and reads that see them.
pub struct Changes<'a> {
    view: View<'a>,
    pub(crate) folder: &'a Path,
    /// Whether the last use of a captured environment may have ended.
    pub(crate) freed: Cell<bool>,
}

impl<'a> std::ops::Deref for Changes<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

const PLACE: &str = select_place!("WHERE t.id = ?1");

/// The only statement that writes a state.
const MOVE: &str = "
    UPDATE tasks SET state = :state, attempt = :attempt, worker = :worker, started = :started,
        cancel_requested = :cancel_requested, progress = :progress, finished = :finished,
        output = CASE WHEN :final THEN :output ELSE output END,
        environment = CASE WHEN :final THEN NULL ELSE environment END, reason = :reason
    WHERE seq = :seq AND state = :from_state AND attempt = :from_attempt";

const INSERT_RESULT: &str = "
    INSERT INTO results (seq, summary, data, kind, message, retryable, retry_after, trace)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// The columns that a state is stored in.
#[derive(Default)]
struct Columns {
    attempt: u32,
    worker: Option<String>,
    started: Option<i64>,
    cancel_requested: Option<i64>,
    progress: Option<String>,
    finished: Option<i64>,
    reason: Option<String>,
}

impl Columns {
    fn of(state: &State, last_attempt: AttemptNumber) -> Result<Self> {
        Ok(match state {
            State::Pending { last_attempt, blocked: _ } => Self { attempt: last_attempt.0, ..Self::default() },
            State::Running { attempt, worker, started, cancel_requested, progress } => Self {
                attempt: attempt.0,
                worker: Some(worker.as_str().to_owned()),
                started: Some(started.0),
                cancel_requested: cancel_requested.map(|at| at.0),
                progress: progress.as_ref().map(rows::to_json).transpose()?,
                ..Self::default()
            },
            State::Completed { attempt, started, finished, result: _ }
            | State::Failed { attempt, started, finished, failure: _ } => {
                Self { attempt: attempt.0, started: Some(started.0), finished: Some(finished.0), ..Self::default() }
            }
            // The number of the last attempt stays, so that pruning knows its files.
            State::Cancelled { stopped, finished, reason } => Self {
                attempt: stopped.map_or(last_attempt, |(attempt, _)| attempt).0,
                started: stopped.map(|(_, started)| started.0),
                finished: Some(finished.0),
                reason: reason.clone(),
                ..Self::default()
            },
        })
    }
}

/// The number of the attempt that a state that can still change is guarded by.
fn guard(state: &State) -> AttemptNumber {
    match state {
        State::Pending { last_attempt, .. } => *last_attempt,
        State::Running { attempt, .. } | State::Completed { attempt, .. } | State::Failed { attempt, .. } => *attempt,
        State::Cancelled { stopped, .. } => stopped.map_or(AttemptNumber(0), |(attempt, _)| attempt),
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(database: &'a Connection) -> Self {
        Self { database }
    }

    /// The first row of a query, if there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.database.prepare_cached(sql)?;
        statement.query_row(values, |row| Ok(read(row))).optional()?.transpose()
    }

    /// Every row of a query.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.database.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    pub(crate) fn place(&self, id: &TaskId) -> Result<Place> {
        self.first(PLACE, [id.as_str()], rows::place)?.ok_or_else(|| Error::NotFound {
            id: id.to_string(),
            nearest: Vec::new(),
            retired: false,
        })
    }
}

impl<'a> Changes<'a> {
    pub(crate) fn new(database: &'a Connection, folder: &'a Path) -> Self {
        Self { view: View::new(database), folder, freed: Cell::new(false) }
    }

    /// Runs a statement; the number of rows it changed.
    pub(crate) fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        Ok(self.database.prepare_cached(sql)?.execute(values)?)
    }

    /// Lets an event happen to a task: the core decides, one guarded statement writes it. What follows from its
    /// end for the group that it was made for happens with it.
    pub(crate) fn happen(&self, place: Place, event: Event) -> Result<Place> {
        let Place { sequence, id, executor, state } = place;
        let (from_state, from_attempt) = (state.name(), guard(&state));
        let state = transition(state, event).map_err(|illegal| Error::Illegal { id: id.clone(), illegal })?;
        let is_final = state.name().is_final();
        let mut kept_output = 0;
        if is_final {
            self.store_result(sequence, &state)?;
            kept_output = output::size_of_attempts(self.folder, sequence, guard(&state).max(from_attempt));
            self.freed.set(true);
        }
        let columns = Columns::of(&state, from_attempt)?;
        let changed = self.database.prepare_cached(MOVE)?.execute(named_params! {
            ":state": state.name().as_str(),
            ":attempt": columns.attempt,
            ":worker": columns.worker,
            ":started": columns.started,
            ":cancel_requested": columns.cancel_requested,
            ":progress": columns.progress,
            ":finished": columns.finished,
            ":final": is_final,
            ":output": rows::column(kept_output),
            ":reason": columns.reason,
            ":seq": sequence,
            ":from_state": from_state.as_str(),
            ":from_attempt": from_attempt.0,
        })?;
        if changed != 1 {
            return Err(Error::internal(format!("a change of `{id}` met {changed} rows in place of one")));
        }
        let place = Place { sequence, id, executor, state };
        if is_final {
            self.settle(&place)?;
        }
        Ok(place)
    }

    fn store_result(&self, sequence: i64, state: &State) -> Result<()> {
        match state {
            State::Completed { result, .. } => {
                let data = result.data.as_ref().map(rows::to_json).transpose()?;
                let none = rusqlite::types::Null;
                self.run(INSERT_RESULT, params![sequence, result.summary, data, none, none, none, none, none])?;
            }
            State::Failed { failure, .. } => {
                let data = failure.data.as_ref().map(rows::to_json).transpose()?;
                self.run(
                    INSERT_RESULT,
                    params![
                        sequence,
                        rusqlite::types::Null,
                        data,
                        failure.kind.as_str(),
                        failure.message,
                        failure.retryable,
                        failure.retry_after_ms,
                        failure.trace,
                    ],
                )?;
            }
            State::Cancelled { .. } | State::Pending { .. } | State::Running { .. } => {}
        }
        Ok(())
    }
}

/// Whether a state is the one asked for or any, for queries that filter by several.
pub(crate) fn words(states: &[StateName]) -> String {
    states.iter().map(|state| format!("'{}'", state.as_str())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        claim::{Finished, WorkerKind},
        store::Store,
    };
    use hob_core::{Environment, NewTask, Outcome, Priority, TaskResult, Timestamp, WorkerId};
    use rusqlite::StatementStatus;
    use tempfile::TempDir;

    /// A store in which so many tasks wait, and a worker that may claim them.
    pub(crate) fn waiting(count: usize) -> (TempDir, Store, WorkerId) {
        let folder = TempDir::new().expect("a temporary folder");
        let mut store = Store::open_for_worker(&folder.path().join("state")).expect("opens");
        let worker: WorkerId = "w1".parse().expect("a worker");
        store.register_worker(&worker, WorkerKind::Daemon, Timestamp(1)).expect("signs on");
        let task = NewTask {
            id: None,
            executor: "shell".parse().expect("a name"),
            params: "{}".into(),
            priority: Priority::Medium,
            cwd: "/".into(),
            environment: Environment::default(),
            timeout: None,
            session: None,
            retry_of: None,
        };
        store.submit(&vec![task; count], Timestamp(1)).expect("accepted");
        (folder, store, worker)
    }

    #[test]
    fn a_statement_is_planned_once_however_many_tasks_there_are() {
        let (_folder, mut store, worker) = waiting(4);
        let at = Timestamp(1);
        let mut ended = 0;
        let mut claims = store.claim(&worker, 1, 1, at).expect("claims");
        while let Some(claim) = claims.pop() {
            let result = TaskResult { summary: "done".into(), data: None };
            let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: Outcome::Completed(result) };
            claims = store.finish_and_claim(vec![end], &worker, 1, 1, at).expect("goes on").claims;
            ended += 1;
        }
        assert_eq!(ended, 4);
        for sql in [MOVE, PLACE, INSERT_RESULT] {
            let statement = store.changes().database.prepare_cached(sql).expect("is kept");
            let runs = statement.get_status(StatementStatus::Run);
            assert!(runs >= 4, "{runs} runs: {sql}");
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
