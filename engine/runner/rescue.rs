//! What becomes of the tasks of a worker that died: a thread for each other worker waits for its death and then
//! sees to them, so that claims go on meanwhile.

use crate::{
    life::{self, Pulse, Rescue},
    shared::Shared,
    worker::Signal,
};
use hob_core::{ExecutorName, WorkerId};
use hob_store::Changes;
use std::{
    path::Path,
    sync::{Arc, Weak, mpsc::Sender},
    time::Duration,
};

/// How long the native programs of a dead worker may take to be gone. 10 s: their guards give them
/// two before they kill them, and a machine under load has to be allowed for.
const TREES_GONE: Duration = Duration::from_secs(10);

/// Waits on a thread of its own for the death of `worker` and rescues its tasks; then, or when that cannot be
/// done, it says that nobody looks after that worker any more. False if there is no thread for it.
pub(crate) fn look_after(shared: &Arc<Shared>, worker: &WorkerId, tell: &Sender<Signal>) -> bool {
    // Weak: who only waits keeps nothing of a worker that has ended.
    let (state, shared) = (shared.state.clone(), Arc::downgrade(shared));
    let (worker, tell) = (worker.clone(), tell.clone());
    let thread = std::thread::Builder::new().name("rescue".into()).stack_size(256 << 10);
    let spawned = thread.spawn(move || {
        when_dead(&state, &shared, &worker);
        let _ = tell.send(Signal::Left(worker));
    });
    spawned.is_ok()
}

fn when_dead(state: &Path, shared: &Weak<Shared>, worker: &WorkerId) {
    loop {
        let dead = life::until_dead(state, worker).and_then(|()| life::pulse(state, worker));
        match (dead, shared.upgrade()) {
            // Somebody else had its lock for a moment: to look, or to rescue its tasks.
            (Ok(Pulse::Alive), Some(_)) => {}
            (Ok(Pulse::Dead(right)), Some(shared)) => return lose(&shared, worker, right),
            (Err(error), _) => return tracing::warn!(%worker, %error, "whether a worker lives cannot be seen"),
            (_, None) => return,
        }
    }
}

fn lose(shared: &Shared, worker: &WorkerId, right: Rescue) {
    let guards = life::guards_path(&shared.state, worker);
    if !(shared.trees_gone)(&guards, TREES_GONE) {
        // What still runs may be about to finish, and running it a second time beside it is worse than to wait.
        tracing::error!(%worker, "programs of a dead worker are still there after {TREES_GONE:?}; its tasks wait for them");
        return;
    }
    let configuration = Arc::clone(&shared.configuration);
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
            let _ = std::fs::remove_file(guards);
            right.finish();
        }
        Err(error) => tracing::error!(%worker, %error, "a dead worker's tasks could not be rescued"),
    }
}
