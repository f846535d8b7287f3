use crate::{context::Context, error::CommandResult, start::ensure_daemon};
use hob_store::Waiter;
use std::time::{Duration, Instant};

/// How often a waiter looks although nobody rang: a writer may have died between its commit and
/// its ring, and so may the daemon that was to run the task.
const SLOW_POLL: Duration = Duration::from_secs(10);

/// Waits for changes in the store.
pub struct Watch<'a> {
    context: &'a Context,
    waiter: Waiter,
    deadline: Option<Instant>,
}

impl<'a> Watch<'a> {
    /// Begins to listen; every change from now on is seen. Gives up after `timeout`.
    pub fn new(context: &'a Context, timeout: Option<Duration>) -> CommandResult<Self> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Ok(Self { context, waiter: Waiter::new(&context.places.state)?, deadline })
    }

    /// Waits for a change, at most `longest`; false once the time of this watch is over.
    pub fn pause(&mut self, longest: Duration) -> CommandResult<bool> {
        let now = Instant::now();
        let next = now + longest.min(SLOW_POLL);
        let wake = self.deadline.map_or(next, |deadline| deadline.min(next));
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Ok(false);
        }
        if !self.waiter.wait(wake) && longest >= SLOW_POLL && wake == next {
            ensure_daemon(self.context)?;
        }
        Ok(true)
    }
}
