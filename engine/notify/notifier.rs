//! The thread that waits for the doorbell and takes what ended out of the outbox.

use crate::{
    desktop::Desktop,
    guard::Guard,
    message::{Ended, Gathered, Message},
};
use hob_core::StateName;
use hob_store::{Happened, OutboxEvent, Store, Waiter};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// The outbox remembers by this name what was dealt with, over all processes and restarts.
const CONSUMER: &str = "desktop";
/// What ends within this of the first end goes into one notification.
const GATHER: Duration = Duration::from_secs(2);
/// Every commit rings. Between two looks at the outbox there is at least this, so that a busy
/// runner is not asked a thousand times a second.
const PACE: Duration = Duration::from_millis(100);
/// Events that are taken at once: some 100 KB.
const PAGE: u32 = 500;
/// A look without a ring, for a writer that died before it rang.
const SLOW_LOOK: Duration = Duration::from_mins(5);
/// After an error of the store.
const RETRY: Duration = Duration::from_secs(5);

/// Where notifications go.
pub trait Sink: Send + 'static {
    /// Shows one message; may block. The error is in words.
    fn show(&mut self, message: &Message) -> Result<(), String>;
}

/// How notifying goes, for `hob doctor` and the daemon's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The settings say no.
    Off,
    /// As far as is known, the next message will be shown.
    Ready,
    /// The last message could not be shown; the next ones are dropped until the sink had a rest.
    Failing {
        /// Why, in words.
        reason: String,
    },
}

/// Why notifying did not begin. Tasks do without it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The outbox cannot be reached.
    #[error("listen for finished tasks: {0}")]
    Store(#[from] hob_store::Error),
    /// No thread or no clock to be had.
    #[error("start notifying: {0}")]
    Thread(#[from] io::Error),
}

/// The running notifier. Dropping it stops it without a last look.
#[derive(Debug)]
pub struct Notifier {
    wish: watch::Sender<Wish>,
    status: Arc<Mutex<Status>>,
    ended: mpsc::Receiver<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Notify,
    Silence,
    /// Show what there is, then end.
    Finish,
}

impl Notifier {
    /// Begins to tell the desktop of tasks that end from now on. When it returns, nothing that ends
    /// later is missed; what ended while a former notifier was down is told too.
    pub fn start(state: &Path, enabled: bool) -> Result<Self, Error> {
        Self::start_with(state, enabled, Box::new(Desktop::new()))
    }

    /// The same with another sink.
    pub fn start_with(state: &Path, enabled: bool, sink: Box<dyn Sink>) -> Result<Self, Error> {
        Self::launch(state, enabled, Guard::new(sink)?, GATHER)
    }

    fn launch(state: &Path, enabled: bool, guard: Guard, gather: Duration) -> Result<Self, Error> {
        let waiter = Waiter::new(state)?;
        let mut store = Store::open(state)?;
        let first = if enabled { Wish::Notify } else { Wish::Silence };
        obey(&mut store, first)?;
        let (wish, wishes) = watch::channel(first);
        let status = Arc::new(Mutex::new(if enabled { Status::Ready } else { Status::Off }));
        let (end, ended) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut drain = Drain { waiter, store, guard, gather, wishes, status: Arc::clone(&status) };
        std::thread::Builder::new().name("notify".to_owned()).spawn(move || {
            runtime.block_on(drain.run());
            drop(end);
        })?;
        Ok(Self { wish, status, ended })
    }

    /// Follows a changed setting. What ends while it is off is never told.
    pub fn set_enabled(&self, enabled: bool) {
        let wish = if enabled { Wish::Notify } else { Wish::Silence };
        self.wish.send_if_modified(|current| std::mem::replace(current, wish) != wish);
    }

    /// How it goes.
    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows what has ended, without waiting for more, and stops. Gives up after `within`.
    pub fn finish(self, within: Duration) {
        let silent = *self.wish.borrow() == Wish::Silence;
        if !silent && self.wish.send(Wish::Finish).is_ok() {
            // An error is the other end closing, which is the end.
            let _ = self.ended.recv_timeout(within);
        }
    }
}

/// A consumer that is off must not make the outbox keep what nobody will read.
fn obey(store: &mut Store, wish: Wish) -> hob_store::Result<()> {
    store.change(|changes| match wish {
        Wish::Notify | Wish::Finish => changes.subscribe(CONSUMER),
        Wish::Silence => changes.unsubscribe(CONSUMER),
    })
}

struct Drain {
    waiter: Waiter,
    store: Store,
    guard: Guard,
    gather: Duration,
    wishes: watch::Receiver<Wish>,
    status: Arc<Mutex<Status>>,
}

impl Drain {
    async fn run(&mut self) {
        let mut rings = self.waiter.rings();
        loop {
            let pause = match self.turn().await {
                // Whoever removed the state folder has no use for notifications.
                _ if !self.store.is_in_place() => return,
                Ok(()) => SLOW_LOOK,
                Err(error) => {
                    tracing::warn!(%error, "finished tasks cannot be looked up for notifications");
                    RETRY
                }
            };
            let wish = *self.wishes.borrow();
            if wish == Wish::Finish {
                return;
            }
            let silent = wish == Wish::Silence;
            let paced = Instant::now() + PACE;
            tokio::select! {
                changed = self.wishes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if let Err(error) = self.follow() {
                        tracing::warn!(%error, "the setting for notifications cannot be followed");
                    }
                }
                Ok(()) = rings.changed(), if !silent => {
                    // Rings that come meanwhile are one.
                    let _ = timeout(paced - Instant::now(), self.wishes.clone().changed()).await;
                }
                () = sleep(pause), if !silent => {}
            }
        }
    }

    fn follow(&mut self) -> hob_store::Result<()> {
        let wish = *self.wishes.borrow_and_update();
        if wish != Wish::Finish {
            self.say(if wish == Wish::Notify { Status::Ready } else { Status::Off });
            obey(&mut self.store, wish)?;
        }
        Ok(())
    }

    /// One look at the outbox; if something ended, gathers what else ends and shows it.
    async fn turn(&mut self) -> hob_store::Result<()> {
        if *self.wishes.borrow() == Wish::Silence {
            return Ok(());
        }
        if self.store.view(|view| view.events_since(CONSUMER, 1))?.is_empty() {
            return Ok(());
        }
        // A changed wish ends the gathering; the loop outside follows it.
        let mut wishes = self.wishes.clone();
        let _ = timeout(self.gather, wishes.wait_for(|wish| *wish != Wish::Notify)).await;
        if *self.wishes.borrow() == Wish::Silence {
            return Ok(());
        }
        let mut gathered = Gathered::default();
        loop {
            // Noted as dealt with before it is shown: a death in between loses one notification, the
            // other order would repeat it.
            let events = self.store.change(|changes| {
                let events = changes.events_since(CONSUMER, PAGE)?;
                match events.last() {
                    Some(last) => changes.acknowledge(CONSUMER, last.number)?,
                    None => false,
                };
                Ok(events)
            })?;
            if events.is_empty() {
                break;
            }
            events.into_iter().filter_map(ended).for_each(|ended| gathered.add(ended));
        }
        let look = |id: &_| self.store.view(|view| view.get(id)).ok().flatten();
        if let Some(message) = gathered.message(look) {
            let shown = self.guard.show(message).await;
            self.say(shown.map_or_else(|reason| Status::Failing { reason }, |()| Status::Ready));
        }
        Ok(())
    }

    fn say(&self, status: Status) {
        let mut current = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != status {
            if let Status::Failing { reason } = &status {
                tracing::warn!(%reason, "notifications are not shown");
            }
            *current = status;
        }
    }
}

/// What a person is told of: not what somebody has just cancelled, and of a group its end only.
fn ended(event: OutboxEvent) -> Option<Ended> {
    let (id, state, group) = match event.what {
        Happened::Ended { id, state, group: None, .. } => (id, state, None),
        Happened::GroupEnded { id, state, tally, .. } => (id, state, Some(tally)),
        Happened::Ended { group: Some(_), .. } | Happened::Blocked { .. } => return None,
    };
    match state {
        StateName::Completed => Some(Ended { id, failed: false, group }),
        StateName::Failed => Some(Ended { id, failed: true, group }),
        StateName::Pending | StateName::Running | StateName::Cancelled => None,
    }
}

#[cfg(test)]
mod tests;
