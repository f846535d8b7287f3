use crate::{Configuration, Executors, Mode, WorkerOptions};
use hob_core::{Clock, TaskId, Timestamp, WorkerId};
use hob_store::{Changes, Claim, Writer};
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
    pub(crate) mode: Mode,
    pub(crate) writer: Writer,
    pub(crate) configuration: Arc<dyn Configuration>,
    pub(crate) executors: Arc<dyn Executors>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Waits until the trees of a dead worker are gone.
    pub(crate) trees_gone: fn(&Path, Duration) -> bool,
    /// Ends the process of another worker.
    pub(crate) end_worker: fn(&str) -> std::io::Result<bool>,
    /// Nothing more is claimed.
    pub(crate) draining: AtomicBool,
    running: Mutex<Attempts>,
    /// What [`Mode::Foreground`] is there for and has not taken yet.
    own: Mutex<Vec<TaskId>>,
}

/// A claim to be made on the writer's thread.
pub(crate) struct NextClaims {
    worker: WorkerId,
    /// None: of the queue.
    own: Option<Vec<TaskId>>,
    max_running: u32,
    most: u32,
    at: Timestamp,
}

impl NextClaims {
    pub(crate) fn make(&self, changes: &Changes<'_>) -> hob_store::Result<Vec<Claim>> {
        let Self { worker, own, max_running, most, at } = self;
        match own {
            _ if *most == 0 => Ok(Vec::new()),
            None => changes.claim(worker, *max_running, *most, *at),
            Some(own) => changes.claim_of(own, worker, *max_running, *most, *at),
        }
    }
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
    pub(crate) fn new(options: WorkerOptions, writer: Writer) -> Self {
        let WorkerOptions { trees_gone, end_worker, .. } = options;
        let WorkerOptions { state, id: worker, mode, tasks, configuration, executors, clock, .. } = options;
        Self {
            state,
            worker,
            mode,
            writer,
            configuration,
            executors,
            clock,
            trees_gone,
            end_worker,
            draining: AtomicBool::new(false),
            running: Mutex::default(),
            own: Mutex::new(tasks),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Whether a slot that has ended a task takes another one.
    pub(crate) fn goes_on(&self) -> bool {
        !self.is_draining() && self.mode != Mode::Once && self.may_take()
    }

    /// Whether the configuration lets this worker take tasks.
    pub(crate) fn may_take(&self) -> bool {
        self.mode != Mode::Daemon || self.configuration.in_background()
    }

    /// The claim of up to `most` tasks.
    pub(crate) fn next_claims(&self, most: u32) -> NextClaims {
        NextClaims {
            worker: self.worker.clone(),
            own: (self.mode == Mode::Foreground).then(|| self.own().clone()),
            max_running: self.configuration.max_running(),
            most,
            at: self.now(),
        }
    }

    /// Notes what was claimed.
    pub(crate) fn taken(&self, claims: &[Claim]) {
        if self.mode == Mode::Foreground {
            self.own().retain(|id| !claims.iter().any(|claim| claim.task.id == *id));
        }
    }

    /// What this worker is there for and has not taken yet.
    pub(crate) fn own(&self) -> std::sync::MutexGuard<'_, Vec<TaskId>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// How many attempts run here.
    pub(crate) fn busy(&self) -> u32 {
        u32::try_from(self.lock().running.len()).unwrap_or(u32::MAX)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
