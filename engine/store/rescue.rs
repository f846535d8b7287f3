//! Workers that died, and what they held.

use crate::{
    claim::WorkerKind,
    error::Result,
    rows::{self, select_place},
    transaction::{Changes, View},
};
use hob_core::{AttemptNumber, Event, ExecutorName, State, StateName, TaskId, Timestamp, WorkerId};
use std::collections::BTreeMap;

/// A process that may hold claims. Whether it lives, only its lock file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its id, and the name of its lock file.
    pub id: WorkerId,
    /// What sort of process it is.
    pub kind: WorkerKind,
    /// When it signed on.
    pub registered: Timestamp,
    /// How many tasks it holds.
    pub running: u64,
}

/// A task whose worker died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The task.
    pub id: TaskId,
    /// Its order of acceptance.
    pub sequence: i64,
    /// Its executor.
    pub executor: ExecutorName,
    /// The attempt that was lost.
    pub attempt: AttemptNumber,
    /// What it became: `failed`, `cancelled` if that had been asked for, or `pending` if it is repeatable.
    pub became: StateName,
}

const WORKERS: &str = "
    SELECT w.worker, w.kind, w.registered,
        (SELECT count(*) FROM tasks t WHERE t.state = 'running' AND t.worker = w.worker)
    FROM workers w ORDER BY w.registered, w.worker";
/// Attempts of a task that may lose their worker. 8: one that is repeatable and kills its worker would do so for ever;
/// one that runs beside it is lost six times at most before that executor is set aside.
const ATTEMPTS: u32 = 8;

const COUNT: &str = "UPDATE tasks SET lost = lost + 1 WHERE seq = ?1 RETURNING lost";
const RUNNING_OF: &str = select_place!("WHERE t.state = 'running' AND t.worker = ?1 ORDER BY t.seq");

impl Changes<'_> {
    /// Ends the attempts of a worker whose lock is free and whose native processes were ended, and signs
    /// it off. A late write of it changes nothing, a late claim is refused. One that is repeatable goes back to the
    /// queue, but not for ever; an executor that always loses its worker is set aside.
    pub fn lose(
        &self,
        worker: &WorkerId,
        repeatable: impl Fn(&ExecutorName) -> bool,
        at: Timestamp,
    ) -> Result<Vec<Lost>> {
        let places = self.all(RUNNING_OF, [worker.as_str()], rows::place)?;
        let mut lost = Vec::with_capacity(places.len());
        let mut executors: BTreeMap<ExecutorName, Timestamp> = BTreeMap::new();
        for place in places {
            let State::Running { attempt, started, .. } = place.state else { continue };
            let last = executors.entry(place.executor.clone()).or_insert(started);
            *last = started.max(*last);
            let times: Option<u32> = self.first(COUNT, [place.sequence], |row| Ok(row.get(0)?))?;
            let again = times.is_none_or(|times| times < ATTEMPTS) && repeatable(&place.executor);
            let place = self.happen(place, Event::Lose { attempt, repeatable: again, at })?;
            lost.push(Lost {
                id: place.id,
                sequence: place.sequence,
                executor: place.executor,
                attempt,
                became: place.state.name(),
            });
        }
        self.count_losses(&executors.into_iter().collect::<Vec<_>>(), at)?;
        self.remove_worker(worker)?;
        Ok(lost)
    }
}

impl View<'_> {
    /// Everybody who signed on and did not sign off, the oldest first.
    pub fn workers(&self) -> Result<Vec<Worker>> {
        self.all(WORKERS, [], |row| {
            Ok(Worker {
                id: rows::parse(row, 0)?,
                kind: rows::parse(row, 1)?,
                registered: Timestamp(row.get(2)?),
                running: rows::count(row.get(3)?),
            })
        })
    }
}
