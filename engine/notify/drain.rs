//! Takes what ended out of the outbox for one channel, when the doorbell rings.

use crate::{
    channel::Channel,
    guard::Guard,
    message::{Ending, Gathered},
    notifier::{Status, Wish},
    report::{Report, members},
    trouble,
};
use hob_core::{ExecutorName, Notifications, PresetName, SessionId, StateName, Tally, TaskId};
use hob_store::{Happened, OutboxEvent, Store, View};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Every commit rings. Between two looks at the outbox there is at least this, so that a busy
/// runner is not asked a thousand times a second.
pub(crate) const PACE: Duration = Duration::from_millis(100);
/// Events that are taken at once: some 100 KB.
const PAGE: u32 = 500;
/// A look without a ring, for a writer that died before it rang.
const SLOW_LOOK: Duration = Duration::from_mins(5);
/// After an error of the store.
const RETRY: Duration = Duration::from_secs(5);

/// One channel.
pub(crate) struct Drain {
    pub(crate) channel: Channel,
    pub(crate) state: PathBuf,
    pub(crate) store: Store,
    pub(crate) guard: Guard,
    pub(crate) rings: watch::Receiver<u64>,
    pub(crate) wishes: watch::Receiver<Wish>,
    pub(crate) status: Arc<Mutex<Status>>,
}

impl Drain {
    pub(crate) async fn run(mut self) {
        loop {
            let pause = match self.turn().await {
                // Whoever removed the state folder has no use for notifications.
                _ if !self.store.is_in_place() => return,
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "finished tasks cannot be looked up for notifications");
                    RETRY
                }
            };
            let (is_on, finish) = self.wish();
            if finish {
                return;
            }
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
                Ok(()) = self.rings.changed(), if is_on => {
                    // Rings that come meanwhile are one.
                    let _ = timeout(paced - Instant::now(), self.wishes.clone().changed()).await;
                }
                () = sleep(pause), if is_on => {}
            }
        }
    }

    /// Whether this channel is wanted, and whether it is to end.
    fn wish(&self) -> (bool, bool) {
        let wish = self.wishes.borrow();
        (self.channel.is_on(&wish.told), wish.finish)
    }

    fn follow(&mut self) -> hob_store::Result<()> {
        let wish = self.wishes.borrow_and_update().clone();
        if wish.finish {
            return Ok(());
        }
        let is_on = self.channel.is_on(&wish.told);
        let was_on = *self.status.lock().unwrap_or_else(PoisonError::into_inner) != Status::Off;
        if is_on != was_on {
            self.say(if is_on { Status::Ready } else { Status::Off });
            obey(&mut self.store, &[self.channel], &wish.told)?;
        }
        Ok(())
    }

    /// One look at the outbox; if something ended, gathers what else ends and shows it. The time until the next look,
    /// if nobody rings before.
    async fn turn(&mut self) -> hob_store::Result<Duration> {
        if !self.wish().0 {
            return Ok(SLOW_LOOK);
        }
        if let Some(pause) = self.guard.pause() {
            return Ok(pause.min(SLOW_LOOK));
        }
        if self.store.view(|view| view.events_since(self.channel.consumer(), 1))?.is_empty() {
            return Ok(SLOW_LOOK);
        }
        // A changed wish ends the gathering; the loop outside follows it.
        let mut wishes = self.wishes.clone();
        let told = wishes.borrow_and_update().told.clone();
        let changed = |wish: &Wish| wish.finish || wish.told != told;
        let _ = timeout(told.gather, wishes.wait_for(changed)).await;
        if !self.wish().0 {
            return Ok(SLOW_LOOK);
        }
        let told = self.wishes.borrow().told.clone();
        let mut gathered = Gathered::new();
        loop {
            // Noted as dealt with before it is shown: a death in between loses one notification, the
            // other order would repeat it.
            let events = self.store.change(|changes| {
                let events = changes.events_since(self.channel.consumer(), PAGE)?;
                match events.last() {
                    Some(last) => changes.acknowledge(self.channel.consumer(), last.number)?,
                    None => false,
                };
                Ok(events)
            })?;
            if events.is_empty() {
                break;
            }
            let ended = events.into_iter().filter_map(Ended::of);
            self.store.view(|view| {
                ended.filter(|ended| ended.is_told(&told, view)).for_each(|ended| gathered.add(ended));
                Ok(())
            })?;
        }
        let look = |ended: Ended| {
            let found = self.store.view(|view| Ok(ended.found(view))).ok().flatten();
            found.unwrap_or_else(|| ended.pruned())
        };
        if let Some(message) = gathered.message(look) {
            let shown = self.guard.show(message).await;
            trouble::remember(&self.state, self.channel, shown.as_ref().err().map(String::as_str));
            self.say(shown.map_or_else(|reason| Status::Failing { reason }, |()| Status::Ready));
        }
        // The rest after a failure begins now.
        Ok(self.guard.pause().unwrap_or(SLOW_LOOK))
    }

    fn say(&self, status: Status) {
        if status == Status::Off {
            trouble::remember(&self.state, self.channel, None);
        }
        let mut current = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != status {
            if let Status::Failing { reason } = &status {
                tracing::warn!(channel = %self.channel, %reason, "notifications are not shown");
            }
            *current = status;
        }
    }
}

/// A consumer that is off must not make the outbox keep what nobody will read.
pub(crate) fn obey(store: &mut Store, channels: &[Channel], told: &Notifications) -> hob_store::Result<()> {
    store.change(|changes| {
        channels.iter().try_for_each(|channel| {
            if channel.is_on(told) {
                changes.subscribe(channel.consumer())
            } else {
                changes.unsubscribe(channel.consumer())
            }
        })
    })
}

/// Something that ended, as the outbox has it.
struct Ended {
    id: TaskId,
    state: StateName,
    session: Option<SessionId>,
    what: What,
}

enum What {
    Task(ExecutorName),
    Group(PresetName, Tally),
}

impl Ending for Ended {
    fn failed(&self) -> bool {
        self.state == StateName::Failed
    }
}

impl Ended {
    /// What a person is told of: not what somebody has just cancelled, and of a group its end only.
    fn of(event: OutboxEvent) -> Option<Self> {
        let ended = match event.what {
            Happened::Ended { id, state, session, executor, group: None, .. } => {
                Self { id, state, session, what: What::Task(executor) }
            }
            Happened::GroupEnded { id, state, session, preset, tally } => {
                Self { id, state, session, what: What::Group(preset, tally) }
            }
            Happened::Ended { group: Some(_), .. } | Happened::Blocked { .. } => return None,
        };
        matches!(ended.state, StateName::Completed | StateName::Failed).then_some(ended)
    }

    /// Whether the settings want it told; what was pruned since is, where its executor may be.
    fn is_told(&self, told: &Notifications, view: &View<'_>) -> bool {
        match &self.what {
            What::Task(executor) if told.silent.contains(executor) => false,
            What::Task(_) if told.is_choosy() => {
                view.get(&self.id).ok().flatten().is_none_or(|task| told.tells_of(&task))
            }
            What::Group(..) if told.is_choosy() || !told.silent.is_empty() => {
                let Some(group) = view.group(&self.id).ok().flatten() else { return true };
                let members = view.members(&self.id).unwrap_or_default();
                told.tells_of_group(&group, members.iter().filter_map(|member| member.task.as_ref()))
            }
            What::Task(_) | What::Group(..) => true,
        }
    }

    fn found(&self, view: &View<'_>) -> Option<Report> {
        match self.what {
            What::Task(_) => Report::of_task(&view.get(&self.id).ok()??),
            What::Group(..) => Report::of_group(&view.group(&self.id).ok()??),
        }
    }

    fn pruned(self) -> Report {
        let (executor, preset, tally) = match self.what {
            What::Task(executor) => (Some(executor), None, None),
            What::Group(preset, tally) => (None, Some(preset), Some(tally)),
        };
        Report {
            id: self.id,
            state: self.state,
            executor,
            preset,
            summary: tally.as_ref().map(members),
            tally,
            priority: None,
            cwd: None,
            session: self.session,
            duration: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[test]
    fn a_task_that_was_pruned_is_still_named() {
        let ended = Ended {
            id: "a".parse().expect("an id"),
            state: StateName::Failed,
            session: None,
            what: What::Task("explore".parse().expect("a name")),
        };
        let message = Message::of([ended.pruned()]).expect("a message");
        assert_eq!((message.title.as_str(), message.body.as_str()), ("Background task 'a' failed", "explore"));
    }
}
