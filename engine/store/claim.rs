//! Workers and their claims.

use crate::{
    error::{Error, Result},
    rows::{self, select_task},
    transaction::{Changes, View},
};
use hob_core::{AttemptNumber, Environment, Event, Outcome, Task, TaskId, Timestamp, WorkerId};
use rusqlite::params;

/// A task that is this worker's now.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The task, in state `running`.
    pub task: Task,
    /// Guards every later write.
    pub attempt: AttemptNumber,
    /// What was captured of the dispatcher's environment.
    pub environment: Environment,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The task.
    pub id: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// How it ended.
    pub outcome: Outcome,
}

/// What came of [`Changes::finish_and_claim`].
#[derive(Clone, Debug)]
pub struct FinishedAndClaimed {
    /// For each attempt that was reported: whether its end counted.
    pub finished: Vec<Result<()>>,
    /// What to do next.
    pub claims: Vec<Claim>,
}

/// A task that a worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The task.
    pub id: TaskId,
    /// The attempt.
    pub attempt: AttemptNumber,
    /// When somebody asked it to stop.
    pub cancel_requested: Option<Timestamp>,
}

/// What sort of process a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerKind {
    /// The daemon.
    Daemon,
    /// `hob work`.
    Lazy,
}

impl WorkerKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Lazy => "lazy",
        }
    }
}

impl std::str::FromStr for WorkerKind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        [Self::Daemon, Self::Lazy].into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| text.to_owned())
    }
}

const REGISTER: &str = "
    INSERT INTO workers (worker, kind, registered) VALUES (?1, ?2, ?3)
    ON CONFLICT (worker) DO UPDATE SET kind = excluded.kind";
const REMOVE: &str = "DELETE FROM workers WHERE worker = ?1";
const IS_REGISTERED: &str = "SELECT 1 FROM workers WHERE worker = ?1";
const HOLDS: &str = "SELECT count(*) FROM tasks WHERE state = 'running' AND worker = ?1";
const HELD: &str = "
    SELECT id, attempt, cancel_requested FROM tasks WHERE state = 'running' AND worker = ?1 ORDER BY seq";
const RUNNING: &str = "SELECT running FROM counts";
const QUEUED: &str = "SELECT EXISTS (SELECT 1 FROM executors WHERE pending > waiting AND blocked IS NULL)";

/// The first of the heads of the queues that are not blocked. Its cost is one look into an index
/// for each executor, however many tasks wait and however many of them are blocked.
const NEXT: &str = select_task!(
    "TRUE",
    "WHERE t.seq = (
        SELECT h.seq FROM executors q CROSS JOIN tasks h ON h.seq = (
            SELECT p.seq FROM tasks p INDEXED BY pending_tasks
            WHERE p.state = 'pending' AND p.waits = 0 AND p.executor = q.executor ORDER BY p.priority DESC, p.seq LIMIT 1)
        WHERE q.pending > q.waiting AND q.blocked IS NULL
        ORDER BY h.priority DESC, h.seq LIMIT 1)"
);
const CLAIMABLE: &str =
    select_task!("TRUE", "WHERE t.id = ?1 AND t.state = 'pending' AND t.waits = 0 AND e.blocked IS NULL");
const ENVIRONMENT: &str = "
    SELECT c.content FROM tasks t JOIN environment_contents c ON c.environment = t.environment WHERE t.seq = ?1";

impl Changes<'_> {
    /// Signs a worker on; doing so twice changes nothing.
    pub fn register_worker(&self, worker: &WorkerId, kind: WorkerKind, at: Timestamp) -> Result<()> {
        self.run(REGISTER, params![worker.as_str(), kind.as_str(), at.0])?;
        Ok(())
    }

    /// Signs a worker off that holds nothing any more.
    pub fn remove_worker(&self, worker: &WorkerId) -> Result<()> {
        let running: i64 = self.database.prepare_cached(HOLDS)?.query_row([worker.as_str()], |row| row.get(0))?;
        if running > 0 {
            return Err(Error::WorkerHoldsTasks { worker: worker.clone(), running: rows::count(running) });
        }
        self.run(REMOVE, [worker.as_str()])?;
        Ok(())
    }

    /// Takes up to `most` tasks, by priority and then in the order of acceptance, as long as fewer than
    /// `max_running` run over all processes together.
    pub fn claim(&self, worker: &WorkerId, max_running: u32, most: u32, at: Timestamp) -> Result<Vec<Claim>> {
        let mut claims = Vec::new();
        for _ in 0..self.free(worker, max_running, most)? {
            match self.first(NEXT, [], rows::task)? {
                Some(task) => claims.push(self.take(task, worker, at)?),
                None => break,
            }
        }
        Ok(claims)
    }

    /// The same of these tasks only, in the order in which they are given, for a worker that is there for them.
    pub fn claim_of(
        &self,
        tasks: &[TaskId],
        worker: &WorkerId,
        max_running: u32,
        most: u32,
        at: Timestamp,
    ) -> Result<Vec<Claim>> {
        let free = self.free(worker, max_running, most)?;
        let mut claims = Vec::new();
        for id in tasks {
            if claims.len() as u64 >= free {
                break;
            }
            if let Some(task) = self.first(CLAIMABLE, [id.as_str()], rows::task)? {
                claims.push(self.take(task, worker, at)?);
            }
        }
        Ok(claims)
    }

    fn free(&self, worker: &WorkerId, max_running: u32, most: u32) -> Result<u64> {
        self.is_registered(worker)?;
        let running: i64 = self.database.prepare_cached(RUNNING)?.query_row([], |row| row.get(0))?;
        Ok(u64::from(max_running).saturating_sub(rows::count(running)).min(u64::from(most)))
    }

    fn take(&self, task: Task, worker: &WorkerId, at: Timestamp) -> Result<Claim> {
        let Task { id, sequence, executor, params, priority, cwd, timeout, session, retry_of, created, group, state } =
            task;
        let place = rows::Place { sequence, id, executor, state };
        let rows::Place { sequence, id, executor, state } =
            self.happen(place, Event::Claim { worker: worker.clone(), at })?;
        let environment = self
            .first(ENVIRONMENT, [sequence], |row| {
                rows::unpack(row.get_ref(0)?.as_blob_or_null().ok().flatten().unwrap_or_default())
            })?
            .unwrap_or_default();
        let attempt = match &state {
            hob_core::State::Running { attempt, .. } => *attempt,
            other => return Err(Error::internal(format!("a claim led to {}", other.name().as_str()))),
        };
        let task =
            Task { id, sequence, executor, params, priority, cwd, timeout, session, retry_of, created, group, state };
        Ok(Claim { task, attempt, environment })
    }

    /// Reports how attempts ended and takes the next tasks, in one transaction. An end that does not count
    /// (the worker was taken for dead) is told in the answer and keeps nothing else from happening.
    pub fn finish_and_claim(
        &self,
        ends: Vec<Finished>,
        worker: &WorkerId,
        max_running: u32,
        most: u32,
        at: Timestamp,
    ) -> Result<FinishedAndClaimed> {
        let mut finished = Vec::with_capacity(ends.len());
        for end in ends {
            // Both are found out before anything is written.
            match self.finish(end, at) {
                Err(error @ (Error::Illegal { .. } | Error::NotFound { .. })) => finished.push(Err(error)),
                Err(error) => return Err(error),
                Ok(()) => finished.push(Ok(())),
            }
        }
        Ok(FinishedAndClaimed { finished, claims: self.claim(worker, max_running, most, at)? })
    }
}

impl View<'_> {
    fn is_registered(&self, worker: &WorkerId) -> Result<()> {
        if self.database.prepare_cached(IS_REGISTERED)?.exists([worker.as_str()])? {
            Ok(())
        } else {
            Err(Error::UnknownWorker { worker: worker.clone() })
        }
    }

    /// Whether a claim of this worker could take anything now.
    pub fn claimable(&self, worker: &WorkerId, max_running: u32) -> Result<bool> {
        self.is_registered(worker)?;
        let running: i64 = self.database.prepare_cached(RUNNING)?.query_row([], |row| row.get(0))?;
        if rows::count(running) >= u64::from(max_running) {
            return Ok(false);
        }
        Ok(self.database.prepare_cached(QUEUED)?.query_row([], |row| row.get(0))?)
    }

    /// Whether a task waits for nothing but a slot.
    pub fn is_anything_queued(&self) -> Result<bool> {
        Ok(self.database.prepare_cached(QUEUED)?.query_row([], |row| row.get(0))?)
    }

    /// What a worker holds, with the requests to stop; an attempt that is not in it is not its own any more.
    pub fn held_by(&self, worker: &WorkerId) -> Result<Vec<Held>> {
        self.all(HELD, [worker.as_str()], |row| {
            Ok(Held {
                id: rows::parse(row, 0)?,
                attempt: AttemptNumber(row.get(1)?),
                cancel_requested: row.get::<_, Option<i64>>(2)?.map(Timestamp),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{query::COUNTS, transaction::tests::waiting};
    use rusqlite::StatementStatus;

    /// The steps of `SQLite`'s machine in which one of so many waiting tasks is claimed, and all are counted.
    fn steps(count: usize) -> [i32; 4] {
        let (_folder, mut store, worker) = waiting(count);
        assert_eq!(store.claim(&worker, 5, 1, Timestamp(1)).expect("claims").len(), 1);
        assert!(store.changes().claimable(&worker, 5).expect("looks"));
        assert_eq!(store.counts().expect("counts").pending, count as u64 - 1);
        [NEXT, RUNNING, QUEUED, COUNTS].map(|sql| {
            let statement = store.changes().database.prepare_cached(sql).expect("is kept");
            assert_eq!(statement.get_status(StatementStatus::FullscanStep), 0, "{sql}");
            statement.get_status(StatementStatus::VmStep)
        })
    }

    #[test]
    fn f16_a_claim_and_a_count_take_as_many_steps_among_thousands_as_among_two() {
        let (few, many) = (steps(2), steps(5_000));
        assert_eq!(few, many);
        assert!(few.iter().all(|steps| *steps > 0), "{few:?}");
    }
}
