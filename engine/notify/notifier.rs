//! The thread on which every channel waits for the doorbell.

use crate::{
    channel::Channel,
    command::{self, Program},
    desktop::{self, Desktop},
    drain::{Drain, obey},
    guard::{Guard, Sink, Terms},
};
use hob_core::Notifications;
use hob_store::{Store, Waiter};
use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};
use tokio::{sync::watch, task::LocalSet};

/// How notifying goes on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The settings say no.
    Off,
    /// As far as is known, the next message will be shown.
    Ready,
    /// The last message could not be shown; the sink has a rest before the next one.
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
    statuses: Vec<(Channel, Arc<Mutex<Status>>)>,
    program: Program,
    ended: mpsc::Receiver<()>,
}

/// What the worker wants of every channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) told: Arc<Notifications>,
    /// Show what there is, then end.
    pub(crate) finish: bool,
}

/// A channel, what it tells, and what that may cost.
pub(crate) type Telling = (Channel, Box<dyn Sink>, Terms);

impl Notifier {
    /// Begins to tell of what ends from now on, as the settings want it. When it returns, nothing that ends
    /// later is missed; what ended while a former notifier was down is told too.
    pub fn start(state: &Path, told: &Notifications) -> Result<Self, Error> {
        let program = Program::new(told.command.clone());
        let desktop: Telling = (Channel::Desktop, Box::new(Desktop::new()), desktop::TERMS);
        let command: Telling = (Channel::Command, Box::new(program.clone()), command::TERMS);
        Self::launch(state, told, program, vec![desktop, command])
    }

    pub(crate) fn launch(
        state: &Path,
        told: &Notifications,
        program: Program,
        tellings: Vec<Telling>,
    ) -> Result<Self, Error> {
        let waiter = Waiter::new(state)?;
        let (wish, wishes) = watch::channel(Wish { told: Arc::new(told.clone()), finish: false });
        let channels: Vec<Channel> = tellings.iter().map(|(channel, ..)| *channel).collect();
        obey(&mut Store::open(state)?, &channels, told)?;
        let mut drains = Vec::with_capacity(tellings.len());
        let mut statuses = Vec::with_capacity(tellings.len());
        for (channel, sink, terms) in tellings {
            let status = Arc::new(Mutex::new(if channel.is_on(told) { Status::Ready } else { Status::Off }));
            statuses.push((channel, Arc::clone(&status)));
            drains.push(Drain {
                channel,
                state: state.to_owned(),
                store: Store::open(state)?,
                guard: Guard::new(sink, terms)?,
                rings: waiter.rings(),
                wishes: wishes.clone(),
                status,
            });
        }
        drop(wishes);
        let (end, ended) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("notify".to_owned()).spawn(move || {
            let tasks = LocalSet::new();
            for drain in drains {
                tasks.spawn_local(drain.run());
            }
            // Ends with the last of them; a channel that waits does not keep another from telling.
            runtime.block_on(tasks);
            drop((waiter, end));
        })?;
        Ok(Self { wish, statuses, program, ended })
    }

    /// Follows changed settings. What ends while a channel is off is never told on it.
    pub fn follow(&self, told: &Notifications) {
        self.program.replace(told.command.clone());
        self.wish.send_if_modified(|wish| {
            let is_another = *wish.told != *told;
            if is_another {
                wish.told = Arc::new(told.clone());
            }
            is_another
        });
    }

    /// How it goes on that channel.
    pub fn status(&self, channel: Channel) -> Status {
        let status = self.statuses.iter().find(|(known, _)| *known == channel);
        status.map_or(Status::Off, |(_, status)| status.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Shows what has ended, without waiting for more, and stops. Gives up after `within`.
    pub fn finish(self, within: Duration) {
        self.wish.send_modify(|wish| wish.finish = true);
        // An error is the other end closing, which is the end.
        let _ = self.ended.recv_timeout(within);
    }
}

#[cfg(test)]
mod tests;
