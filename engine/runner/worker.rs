//! A worker: slots, and one thread that listens.

use crate::{
    Configuration, Executors,
    life::{Answers, Life},
    listener::Listener,
    shared::Shared,
};
use hob_core::{Clock, TaskId, WorkerId};
use hob_store::{Changes, Store, Waiter, WorkerKind, Writer};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// A wait without an end; the deadline is only there because the wait takes one.
const FOR_EVER: Duration = Duration::from_hours(365 * 24);

/// How a worker lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Until it is told to stop.
    Daemon,
    /// Until nothing is left that it could take.
    Drain,
    /// For one task.
    Once,
    /// For the tasks that it was given, which it runs at once where there are slots, and no others.
    Foreground,
}

/// What a worker is made of.
pub struct WorkerOptions {
    /// The state folder.
    pub state: PathBuf,
    /// Its name, and that of its lock.
    pub id: WorkerId,
    /// How it lives.
    pub mode: Mode,
    /// What [`Mode::Foreground`] is there for, in the order in which it is to be taken.
    pub tasks: Vec<TaskId>,
    /// What there is to run, and how much at once.
    pub configuration: Arc<dyn Configuration>,
    /// What runs it.
    pub executors: Arc<dyn Executors>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Waits, for so long at most, until what a dead worker's guards look after is gone, given their
    /// lock file; whether it is.
    pub trees_gone: fn(&Path, Duration) -> bool,
    /// Which process this is, for others to end it should it be frozen.
    pub identity: String,
    /// Ends the process of that identity at once; false if there is none here.
    pub end_worker: fn(&str) -> std::io::Result<bool>,
}

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkReport {
    /// Claims that were carried out or given back.
    pub ran: u64,
}

/// Why a worker cannot work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its lock.
    #[error("take the lock of worker {worker} in {state}: {source}")]
    Life {
        /// Who.
        worker: WorkerId,
        /// The state folder.
        state: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] hob_store::Error),
    /// A thread.
    #[error("start a slot: {0}")]
    Slot(std::io::Error),
    /// The state folder is gone or is another one.
    #[error("go on: the state folder {0} was removed or replaced while hob worked in it")]
    Vanished(PathBuf),
}

/// What wakes the listening thread.
pub(crate) enum Signal {
    /// Somebody committed something; to be set to false before looking.
    Bell(Arc<AtomicBool>),
    /// A slot has nothing to do.
    Idle {
        /// How many claims it had since it was last idle.
        ran: u64,
    },
    /// Nobody looks after another worker any more, which has died.
    Left(WorkerId),
    /// A file of the configuration, or of a component, is another.
    Configuration,
    /// This one is to stop.
    Stop,
}

/// Tells a worker something.
#[derive(Clone)]
pub struct Handle(Sender<Signal>);

impl Handle {
    /// A file of the configuration, or of a component, may have changed.
    pub fn look_at_configuration(&self) {
        let _ = self.0.send(Signal::Configuration);
    }

    /// Asks the worker to stop: it claims nothing more, and what has not ended within the grace is asked to stop, too; a second time is for the caller, who ends
    /// the process. Nothing happens if it has stopped already.
    pub fn stop(&self) {
        let _ = self.0.send(Signal::Stop);
    }
}

/// A worker that is signed on and has not begun.
pub struct Worker {
    shared: Arc<Shared>,
    store: Store,
    waiter: Waiter,
    signals: (Sender<Signal>, Receiver<Signal>),
    life: Life,
}

impl Worker {
    /// Takes the worker's lock, opens the store and signs on.
    pub fn new(options: WorkerOptions) -> Result<Self, Error> {
        let WorkerOptions { state, id, mode, clock, identity, .. } = &options;
        let mut store = Store::open_for_worker(state)?;
        let life = Life::begin(state, id, identity).map_err(|source| Error::Life {
            worker: id.clone(),
            state: state.clone(),
            source,
        })?;
        let waiter = Waiter::new(state)?;
        let kind = match mode {
            Mode::Daemon => WorkerKind::Daemon,
            Mode::Drain | Mode::Once | Mode::Foreground => WorkerKind::Lazy,
        };
        store.change(|changes| changes.register_worker(id, kind, clock.now()))?;
        let writer = Writer::start(Store::open_for_worker(state)?)?;
        let shared = Shared::new(options, writer);
        Ok(Self { shared: Arc::new(shared), store, waiter, signals: channel(), life })
    }

    /// With which it can be told something.
    pub fn handle(&self) -> Handle {
        Handle(self.signals.0.clone())
    }

    /// Works until its mode says that it is over, or until it is told to stop.
    pub fn run(self) -> Result<WorkReport, Error> {
        let Self { shared, store, waiter, signals: (sender, receiver), life } = self;
        ring_through(waiter, sender.clone(), life.answers(), shared.state.clone()).map_err(Error::Slot)?;
        let mut listener = Listener::new(Arc::clone(&shared), store, sender);
        listener.listen(&receiver)?;
        let report = listener.report();
        drop(listener);
        let worker = shared.worker.clone();
        shared.writer.change(move |changes: &Changes<'_>| changes.remove_worker(&worker)).wait()?;
        drop(life);
        Ok(report)
    }
}

/// Between two looks after a ring. The claims and ends of a busy worker ring, too, up to thousands of
/// times a second; the first ring after a rest is passed on at once.
const PACE: Duration = Duration::from_millis(2);

/// Passes the doorbell on: one signal for all rings that nobody has looked at yet; and answers those who ask
/// whether this worker is frozen, whatever its other threads wait for. The thread ends with the first ring after
/// the worker did.
fn ring_through(mut waiter: Waiter, sender: Sender<Signal>, answers: Answers, state: PathBuf) -> std::io::Result<()> {
    let unseen = Arc::new(AtomicBool::new(false));
    let thread = std::thread::Builder::new().name("bell".into());
    thread.spawn(move || {
        loop {
            let rang = waiter.wait(Instant::now() + FOR_EVER);
            if rang && answers.give() {
                hob_store::ring(&state);
            }
            if rang && !unseen.swap(true, Ordering::AcqRel) && sender.send(Signal::Bell(Arc::clone(&unseen))).is_err() {
                return;
            }
            std::thread::sleep(PACE);
        }
    })?;
    Ok(())
}
