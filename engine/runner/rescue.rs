//! What becomes of the tasks of a worker that died.

use crate::{
    life::{self, Pulse, Rescue},
    shared::Shared,
};
use hob_core::{ExecutorName, WorkerId};
use hob_store::Changes;
use std::time::Duration;

/// How long the native programs of a dead worker may take to be gone. 10 s: their guards give them
/// two before they kill them, and a machine under load has to be allowed for.
const TREES_GONE: Duration = Duration::from_secs(10);

/// Rescues the tasks of `worker` if it is dead and nobody else does. True if it was dead.
pub(crate) fn rescue(shared: &Shared, worker: &WorkerId) -> bool {
    match life::pulse(&shared.state, worker) {
        Ok(Pulse::Alive) => false,
        Ok(Pulse::Dead(right)) => {
            lose(shared, worker, right);
            true
        }
        Err(error) => {
            tracing::warn!(%worker, %error, "whether a worker lives cannot be seen");
            false
        }
    }
}

fn lose(shared: &Shared, worker: &WorkerId, right: Rescue) {
    if !(shared.trees_gone)(&life::guards_path(&shared.state, worker), TREES_GONE) {
        tracing::error!(%worker, "programs of a dead worker are still there after {TREES_GONE:?}");
    }
    let configuration = std::sync::Arc::clone(&shared.configuration);
    let (lost, now) = (worker.clone(), shared.now());
    let reply = shared.writer.change(move |changes: &Changes<'_>| {
        let repeatable = |name: &ExecutorName| configuration.executor(name).is_ok_and(|config| config.repeatable);
        changes.lose(&lost, repeatable, now)
    });
    match reply.wait() {
        Ok(tasks) => {
            for task in tasks {
                tracing::warn!(%worker, id = %task.id, became = %task.became, "lost its worker");
            }
            let _ = std::fs::remove_file(life::guards_path(&shared.state, worker));
            right.finish();
        }
        Err(error) => tracing::error!(%worker, %error, "a dead worker's tasks could not be rescued"),
    }
}
