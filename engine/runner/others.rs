//! The other workers: a thread waits for the death of each, and those that hold tasks and do not answer are ended.

use crate::{
    life::{self, Asked},
    rescue,
    shared::Shared,
    worker::Signal,
};
use hob_core::WorkerId;
use hob_store::Worker;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

/// So much later than the lease was over, the one who waited was not awake either: he asks again. 1 s: a thread
/// that is late by more has been frozen, or the machine has been.
const LATE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(crate) struct Others {
    /// Those for whose death a thread waits.
    watched: HashSet<WorkerId>,
    /// Those of them that were dead already; they are being rescued.
    dead: HashSet<WorkerId>,
    /// Those that hold tasks, with when they were asked to show themselves; none once they have.
    asked: HashMap<WorkerId, Option<(Asked, Instant)>>,
}

impl Others {
    /// Has a thread wait for the death of each, and asks those that hold tasks whether they are frozen.
    pub(crate) fn look_after(&mut self, shared: &Arc<Shared>, workers: &[Worker], tell: &Sender<Signal>) {
        let mut has_asked = false;
        for Worker { id, running, .. } in workers.iter().filter(|worker| worker.id != shared.worker) {
            if !self.watched.contains(id) {
                // Before the thread has the lock.
                let is_dead = matches!(life::is_dead(&shared.state, id), Ok(true));
                if rescue::look_after(shared, id, tell) {
                    self.watched.insert(id.clone());
                    self.dead.extend(is_dead.then(|| id.clone()));
                }
            }
            if *running > 0 && !self.dead.contains(id) && !self.asked.contains_key(id) {
                has_asked |= self.ask(shared, id);
            }
        }
        if has_asked {
            hob_store::ring(&shared.state);
        }
    }

    fn ask(&mut self, shared: &Shared, worker: &WorkerId) -> bool {
        match life::ask(&shared.state, worker) {
            Ok(asked) => {
                let is_asked = asked.is_some();
                self.asked.insert(worker.clone(), asked.map(|asked| (asked, Instant::now())));
                is_asked
            }
            Err(error) => {
                tracing::debug!(%worker, %error, "cannot be asked whether it is frozen");
                false
            }
        }
    }

    /// From now on everybody may be asked again.
    pub(crate) fn forget_answers(&mut self) {
        self.asked.retain(|_, asked| asked.is_some());
    }

    /// Nobody looks after that one any more: its tasks are rescued, or the next look begins again.
    pub(crate) fn left(&mut self, worker: &WorkerId) {
        self.watched.remove(worker);
        self.dead.remove(worker);
        self.asked.remove(worker);
    }

    /// Whether no other worker's tasks are about to come free.
    pub(crate) fn are_settled(&self) -> bool {
        self.dead.is_empty() && self.asked.values().all(Option::is_none)
    }

    /// How long until one that does not answer is to be ended.
    pub(crate) fn patience(&self, shared: &Shared) -> Duration {
        let lease = shared.configuration.lease();
        let open = self.asked.values().flatten();
        open.map(|(_, since)| lease.saturating_sub(since.elapsed())).min().unwrap_or(Duration::MAX)
    }

    /// Ends those that had the time of the lease to show themselves and did not. Their guards end what they had
    /// started, and then their tasks are rescued as those of any dead worker.
    pub(crate) fn end_frozen(&mut self, shared: &Shared) {
        let lease = shared.configuration.lease();
        for (worker, question) in &mut self.asked {
            let Some((asked, since)) = question else { continue };
            let waited = since.elapsed();
            if asked.is_answered() {
                *question = None;
            } else if waited > lease + LATE {
                *since = Instant::now();
            } else if waited >= lease {
                match (shared.end_worker)(asked.identity()) {
                    Ok(true) => {
                        tracing::error!(%worker, "did not answer for {lease:?} while it held tasks, and was ended");
                        // It is gone at once, and a thread waits for that.
                        self.dead.insert(worker.clone());
                    }
                    Ok(false) => tracing::warn!(%worker, "does not answer, and is not of this system: nobody ends it"),
                    Err(error) => tracing::error!(%worker, %error, "does not answer and cannot be ended"),
                }
                *question = None;
            }
        }
    }
}
