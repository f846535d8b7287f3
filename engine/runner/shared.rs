use crate::{Configuration, Executors};
use hob_core::{Clock, TaskId, Timestamp, WorkerId};
use hob_store::Writer;
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// What the threads of one worker share.
pub(crate) struct Shared {
    pub(crate) state: PathBuf,
    pub(crate) worker: WorkerId,
    pub(crate) writer: Writer,
    pub(crate) configuration: Arc<dyn Configuration>,
    pub(crate) executors: Arc<dyn Executors>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long a component that was asked to stop may take.
    pub(crate) grace: Duration,
    /// Waits until the trees of a dead worker are gone.
    pub(crate) trees_gone: fn(&Path, Duration) -> bool,
    /// Nothing more is claimed.
    pub(crate) draining: AtomicBool,
    running: Mutex<Attempts>,
}

#[derive(Default)]
struct Attempts {
    running: HashMap<TaskId, Running>,
    /// Cancelled between the claim and the moment in which its slot took it up.
    early: HashSet<TaskId>,
}

struct Running {
    stop: watch::Sender<bool>,
    /// Somebody cancelled the task, as opposed to the worker being shut down.
    cancelled: bool,
}

impl Shared {
    #[expect(clippy::too_many_arguments, reason = "each is one part of a worker, and it is made in one place")]
    pub(crate) fn new(
        state: PathBuf,
        worker: WorkerId,
        writer: Writer,
        configuration: Arc<dyn Configuration>,
        executors: Arc<dyn Executors>,
        clock: Arc<dyn Clock>,
        grace: Duration,
        trees_gone: fn(&Path, Duration) -> bool,
    ) -> Self {
        let draining = AtomicBool::new(false);
        let running = Mutex::default();
        Self { state, worker, writer, configuration, executors, clock, grace, trees_gone, draining, running }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Notes that an attempt begins; what it gets turns true when it has to stop.
    pub(crate) fn begin(&self, id: &TaskId) -> watch::Receiver<bool> {
        let mut attempts = self.lock();
        let cancelled = attempts.early.remove(id);
        let (stop, stopped) = watch::channel(cancelled);
        attempts.running.insert(id.clone(), Running { stop, cancelled });
        stopped
    }

    /// Notes that an attempt is over; whether somebody had cancelled it.
    pub(crate) fn end(&self, id: &TaskId) -> bool {
        self.lock().running.remove(id).is_some_and(|running| running.cancelled)
    }

    /// Asks one attempt to stop because somebody cancelled its task, or because it is not this
    /// worker's any more.
    pub(crate) fn cancel(&self, id: &TaskId) {
        let mut attempts = self.lock();
        match attempts.running.get_mut(id) {
            Some(running) => {
                running.cancelled = true;
                running.stop.send_replace(true);
            }
            None => drop(attempts.early.insert(id.clone())),
        }
    }

    /// Forgets early cancellations of tasks that this worker does not hold any more.
    pub(crate) fn keep_early(&self, held: &HashSet<TaskId>) {
        self.lock().early.retain(|id| held.contains(id));
    }

    /// Asks every attempt to stop because this worker is shut down.
    pub(crate) fn stop_all(&self) {
        for running in self.lock().running.values() {
            running.stop.send_replace(true);
        }
    }

    /// The tasks that run here and were not asked to stop.
    pub(crate) fn active(&self) -> Vec<TaskId> {
        self.lock().running.iter().filter(|(_, running)| !running.cancelled).map(|(id, _)| id.clone()).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
