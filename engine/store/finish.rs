//! What a worker says of its attempts.

use crate::{claim::Finished, error::Result, transaction::Changes};
use hob_core::{AttemptNumber, Event, FailureKind, Outcome, Progress, TaskId, Timestamp};

impl Changes<'_> {
    /// Ends an attempt: result or failure, event, the end of its captured environment and the state, all in
    /// one transaction. Its output has to be finished before, because its size is recorded here.
    pub fn finish(&self, end: Finished, at: Timestamp) -> Result<()> {
        let Finished { id, attempt, outcome } = end;
        let is_lost = matches!(&outcome, Outcome::Failed(failure) if failure.kind == FailureKind::WorkerLost);
        let place = self.happen(self.place(&id)?, Event::Finish { attempt, outcome, at })?;
        if is_lost { Ok(()) } else { self.forget_losses(&place.executor) }
    }

    /// Says how far an attempt is.
    pub fn report(&self, id: &TaskId, attempt: AttemptNumber, progress: Progress) -> Result<()> {
        self.happen(self.place(id)?, Event::Report { attempt, progress }).map(drop)
    }

    /// Gives a claim back that was not carried out. With a reason, the executor cannot run at all, and all
    /// of its tasks wait until it is unblocked.
    pub fn release(&self, id: &TaskId, attempt: AttemptNumber, blocked: Option<String>, at: Timestamp) -> Result<()> {
        let place = self.happen(self.place(id)?, Event::Release { attempt, blocked: blocked.clone() })?;
        match blocked {
            Some(reason) => self.block_executor(&place.executor, &reason, at),
            None => Ok(()),
        }
    }
}
