//! One slot: a thread that runs a task, reports its end and takes the next in one transaction.

use crate::{
    room::room,
    run_one::{Ended, run_one},
    shared::Shared,
    worker::Signal,
};
use hob_core::{AttemptNumber, TaskId, Timestamp};
use hob_store::{Changes, Claim, Error, Finished};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender},
    },
    time::Duration,
};

/// Between attempts to store an end while the disk is full or the database locked. One second: nobody
/// waits for less after a disk was full.
const RETRY: Duration = Duration::from_secs(1);

/// Runs claims until the queue of them is closed. After each it takes the next task itself, so that a
/// busy slot never waits for anybody; when there is none, it says that it is idle.
pub(crate) fn work(shared: &Shared, claims: &Arc<Mutex<Receiver<Claim>>>, signals: &Sender<Signal>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "a slot cannot wait for anything");
            return;
        }
    };
    loop {
        let received = claims.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(claim) = received else { return };
        let mut next = Some(claim);
        let mut ran = 0;
        while let Some(claim) = next {
            next = step(shared, &runtime, claim);
            ran += 1;
        }
        if signals.send(Signal::Idle { ran }).is_err() {
            return;
        }
    }
}

fn step(shared: &Shared, runtime: &tokio::runtime::Runtime, claim: Claim) -> Option<Claim> {
    let (id, attempt) = (claim.task.id.clone(), claim.attempt);
    tracing::info!(%id, executor = %claim.task.executor, %attempt, "started");
    let ended = Arc::new(run_one(shared, runtime, claim));
    loop {
        let next = shared.next_claims(room(shared.busy(), u32::from(shared.goes_on())));
        let end = End { id: id.clone(), attempt, ended: Arc::clone(&ended) };
        let now = shared.now();
        let reply = shared.writer.change(move |changes| {
            end.record(changes, now)?;
            next.make(changes)
        });
        match reply.wait() {
            Ok(claims) => {
                shared.taken(&claims);
                tracing::info!(%id, "ended");
                return claims.into_iter().next();
            }
            // It was recorded after all by a commit whose outcome was unknown, or this worker was taken
            // for dead. Either way this attempt has nothing more to say.
            Err(error @ (Error::Illegal { .. } | Error::NotFound { .. } | Error::UnknownWorker { .. })) => {
                tracing::warn!(%id, %error, "the end of an attempt does not count");
                return None;
            }
            Err(error) if is_final(&error) => {
                tracing::error!(%id, %error, "the end of an attempt could not be stored");
                return None;
            }
            Err(error) => {
                tracing::error!(%id, %error, "the end of an attempt could not be stored; trying again");
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// Whether trying again cannot help, because there is no store any more.
pub(crate) fn is_final(error: &Error) -> bool {
    matches!(error, Error::Closed | Error::Vanished { .. } | Error::Newer { .. } | Error::Corrupt { .. })
}

/// How an attempt ended, to be recorded on the writer's thread.
struct End {
    id: TaskId,
    attempt: AttemptNumber,
    ended: Arc<Ended>,
}

impl End {
    fn record(self, changes: &Changes<'_>, now: Timestamp) -> hob_store::Result<()> {
        let Self { id, attempt, ended } = self;
        match &*ended {
            Ended::Finished(outcome) => changes.finish(Finished { id, attempt, outcome: outcome.clone() }, now),
            Ended::Blocked(reason) => changes.release(&id, attempt, Some(reason.clone()), now),
            Ended::Returned => changes.release(&id, attempt, None, now),
        }
    }
}
