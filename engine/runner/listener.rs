//! The thread of a worker that listens: it wakes slots, passes cancellations on, and sees that somebody looks
//! after the tasks of workers that died.

use crate::{
    others::Others,
    room::room,
    shared::Shared,
    slot,
    worker::{Error, Mode, Signal, WorkReport},
};
use hob_core::{ExecutorName, State, Task};
use hob_store::{Changes, Claim, Queue, Store};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    time::{Duration, Instant},
};

/// The slow look behind the doorbell, for a writer that died between commit and ring, and for a
/// configuration that changed. 40 s: an idle daemon wakes less than twice a minute.
const SLOW_LOOK: Duration = Duration::from_secs(40);
/// Between attempts to claim while the disk is full, the database locked, or no more files can be opened.
const RETRY: Duration = Duration::from_secs(1);
/// Between two looks at what retention lets go. 10 minutes: it is measured in days.
const PRUNE: Duration = Duration::from_mins(10);

pub(crate) struct Listener {
    shared: Arc<Shared>,
    /// For reading; every change goes through the writer.
    store: Store,
    sender: Sender<Signal>,
    claims: Sender<Claim>,
    taken: Arc<Mutex<Receiver<Claim>>>,
    slots: u32,
    idle: u32,
    others: Others,
    /// When the next slow look is due.
    look: Instant,
    /// When what still runs is asked to stop, because this worker is to end.
    stop: Option<Instant>,
    pruned: Option<Instant>,
    /// There was no room for what waits, and it was said.
    is_cramped: bool,
    report: WorkReport,
}

impl Listener {
    pub(crate) fn new(shared: Arc<Shared>, store: Store, sender: Sender<Signal>) -> Self {
        let (claims, taken) = channel();
        Self {
            shared,
            store,
            sender,
            claims,
            taken: Arc::new(Mutex::new(taken)),
            slots: 0,
            idle: 0,
            others: Others::default(),
            look: Instant::now() + SLOW_LOOK,
            stop: None,
            pruned: None,
            is_cramped: false,
            report: WorkReport::default(),
        }
    }

    pub(crate) fn report(&self) -> WorkReport {
        self.report
    }

    /// Until the mode says that it is over.
    pub(crate) fn listen(&mut self, signals: &Receiver<Signal>) -> Result<(), Error> {
        self.look_after_others();
        self.unblock();
        loop {
            // A look at a file takes a microsecond, and whoever changed it may have done so for what rang.
            if self.shared.configuration.reload() {
                self.unblock();
            }
            let patience = match self.fill() {
                Ok(true) => SLOW_LOOK,
                Ok(false) => RETRY,
                Err(Error::Store(error)) if !slot::is_final(&error) => {
                    tracing::error!(%error, "nothing can be claimed; trying again");
                    RETRY
                }
                Err(error) => return Err(error),
            };
            if self.is_over()? {
                self.prune();
                return Ok(());
            }
            match signals.recv_timeout(self.patience(patience)) {
                Ok(Signal::Bell(unseen)) => {
                    unseen.store(false, Ordering::Release);
                    self.is_in_place()?;
                    self.pass_cancellations_on()?;
                    self.look_after_others();
                }
                Ok(Signal::Idle { ran }) => {
                    self.idle += 1;
                    self.report.ran += ran;
                }
                Ok(Signal::Left(worker)) => self.others.left(&worker),
                // A file that is another, or a component that is back. The other look is at the beginning of
                // every round.
                Ok(Signal::Configuration) => self.unblock(),
                Ok(Signal::Stop) => {
                    // What ends within the grace has finished; only the rest is asked to.
                    self.shared.draining.store(true, Ordering::Release);
                    self.stop = Instant::now().checked_add(self.shared.configuration.grace());
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if self.stop.take_if(|stop| Instant::now() >= *stop).is_some() {
                self.shared.stop_all();
            }
            self.others.end_frozen(&self.shared);
            // By the clock and not by silence: a worker that is always busy looks, too.
            if Instant::now() >= self.look {
                self.look = Instant::now() + SLOW_LOOK;
                self.slow_look()?;
            }
        }
    }

    /// How long to wait for a signal: until the next thing that is due, and no longer than `most`.
    fn patience(&self, most: Duration) -> Duration {
        let now = Instant::now();
        let due = self.stop.map_or(self.look, |stop| stop.min(self.look)).saturating_duration_since(now);
        most.min(due).min(self.others.patience(&self.shared))
    }

    fn is_over(&self) -> Result<bool, Error> {
        let nobody_works = self.idle == self.slots;
        Ok(match self.shared.mode {
            _ if !nobody_works => false,
            Mode::Daemon => self.shared.is_draining(),
            Mode::Foreground => self.shared.is_draining() || self.none_can_go()?,
            Mode::Drain | Mode::Once => self.shared.is_draining() || self.others.are_settled(),
        })
    }

    /// Whether what this worker is there for has ended, or waits for an executor that is not there.
    fn none_can_go(&self) -> Result<bool, Error> {
        let mut own = self.shared.own();
        let states = self.store.states(&own)?;
        let mut open = states.into_iter().map(|state| state.is_some_and(|state| !state.is_final()));
        own.retain(|_| open.next().unwrap_or_default());
        for id in own.iter() {
            let task = self.store.get(id)?;
            let is_blocked = |task: Task| matches!(task.state, State::Pending { blocked: Some(_), .. });
            if !task.is_none_or(is_blocked) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Claims as many tasks as have a slot here. False if some wait only because this process cannot open more files:
    /// better later than to fail for it.
    fn fill(&mut self) -> Result<bool, Error> {
        let max_running = self.shared.configuration.max_running();
        let busy = self.slots - self.idle;
        let most = match self.shared.mode {
            Mode::Daemon | Mode::Foreground => max_running.saturating_sub(busy),
            Mode::Drain => 1_u32.saturating_sub(busy),
            Mode::Once => u32::from(self.slots == 0),
        };
        if most == 0
            || self.shared.is_draining()
            || !self.shared.may_take()
            || !self.store.view(|view| view.claimable(&self.shared.worker, max_running))?
        {
            return Ok(true);
        }
        let room = room(busy, most, self.shared.free_descriptors);
        if room == 0 && !std::mem::replace(&mut self.is_cramped, true) {
            tracing::warn!("too many files are open in this process, or on this machine, to take a task; trying again");
        }
        if room == 0 {
            return Ok(false);
        }
        self.is_cramped &= room < most;
        let next = self.shared.next_claims(room);
        let claims = self.shared.writer.change(move |changes| next.make(changes)).wait()?;
        self.shared.taken(&claims);
        for claim in claims {
            if self.idle == 0 {
                self.add_slot()?;
            }
            self.idle -= 1;
            // Cannot fail: this side holds a receiver, too.
            let _ = self.claims.send(claim);
        }
        Ok(room == most)
    }

    fn add_slot(&mut self) -> Result<(), Error> {
        let (shared, taken, sender) = (Arc::clone(&self.shared), Arc::clone(&self.taken), self.sender.clone());
        let thread = std::thread::Builder::new().name(format!("slot-{}", self.slots + 1));
        thread.spawn(move || slot::work(&shared, &taken, &sender)).map_err(Error::Slot)?;
        self.slots += 1;
        self.idle += 1;
        Ok(())
    }

    /// Tells attempts that somebody cancelled their tasks, or that they are not this worker's any more. An error only
    /// where there is no store any more for this worker: with every slot busy nothing else would notice.
    fn pass_cancellations_on(&self) -> Result<(), Error> {
        // In this order: what is active now was claimed before, so it is either held or lost.
        let active = self.shared.active();
        let held = match self.store.held_by(&self.shared.worker) {
            Ok(held) => held,
            Err(error) if slot::is_final(&error) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "requests to cancel cannot be read");
                return Ok(());
            }
        };
        let ids: HashSet<_> = held.iter().map(|held| held.id.clone()).collect();
        for held in held {
            if held.cancel_requested.is_some() {
                self.shared.cancel(&held.id);
            }
        }
        for id in active {
            if !ids.contains(&id) {
                tracing::warn!(%id, "this task is not this worker's any more");
                self.shared.cancel(&id);
            }
        }
        self.shared.keep_early(&ids);
        Ok(())
    }

    /// Has a thread wait for the death of each other worker, to rescue its tasks.
    fn look_after_others(&mut self) {
        match self.store.workers() {
            Ok(workers) => self.others.look_after(&self.shared, &workers, &self.sender),
            Err(error) => tracing::warn!(%error, "the other workers cannot be listed"),
        }
    }

    fn is_in_place(&self) -> Result<(), Error> {
        if self.store.is_in_place() { Ok(()) } else { Err(Error::Vanished(self.shared.state.clone())) }
    }

    fn slow_look(&mut self) -> Result<(), Error> {
        self.is_in_place()?;
        self.pass_cancellations_on()?;
        self.others.forget_answers();
        self.look_after_others();
        self.unblock();
        if self.pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            self.prune();
        }
        Ok(())
    }

    /// Lets the tasks of executors go that are back.
    fn unblock(&self) {
        let blocked: Vec<ExecutorName> = match self.store.queues() {
            Ok(queues) => {
                let waits = |queue: &Queue| queue.blocked.is_some() && !queue.is_aside;
                queues.into_iter().filter(waits).map(|queue| queue.executor).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "the queues cannot be read");
                return;
            }
        };
        let back: Vec<ExecutorName> = blocked.into_iter().filter(|name| self.is_back(name)).collect();
        if !back.is_empty() {
            let reply = self.shared.writer.change(move |changes: &Changes<'_>| changes.unblock(&back));
            if let Err(error) = reply.wait() {
                tracing::warn!(%error, "executors that are back stay blocked");
            }
        }
    }

    fn is_back(&self, name: &ExecutorName) -> bool {
        let Ok(config) = self.shared.configuration.executor(name) else { return false };
        self.shared.executors.load(&config).is_ok()
    }

    fn prune(&mut self) {
        self.pruned = Some(Instant::now());
        let retention = self.shared.configuration.retention();
        loop {
            match self.store.prune(&retention, self.shared.now()) {
                Ok(pruned) if pruned.more => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "ended tasks could not be pruned");
                    return;
                }
            }
        }
    }
}
