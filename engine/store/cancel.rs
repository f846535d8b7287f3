//! Cancellation.

use crate::{
    error::Result,
    rows::{self, Place, select_place},
    transaction::Changes,
};
use hob_core::{Event, State, StateName, TaskId, Timestamp};

/// What became of a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was pending and will never run.
    AtOnce,
    /// It runs; its worker has been asked to stop it.
    Stopping,
    /// It had ended before.
    Already(StateName),
    /// There is no such task.
    Unknown,
}

/// The answer for one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelReply {
    /// The task.
    pub id: TaskId,
    /// What became of it.
    pub became: Cancelled,
}

/// Tasks that one transaction of [`crate::Store::cancel_all`] cancels. 500: some ten milliseconds, so that
/// dispatch and claims of others hardly wait.
pub(crate) const SLICE: u32 = 500;

const OPEN: &str = select_place!(
    "WHERE t.seq IN (
        SELECT seq FROM tasks WHERE state = 'running' AND cancel_requested IS NULL AND seq <= ?1
        UNION ALL
        SELECT seq FROM (SELECT seq FROM tasks WHERE state = 'pending' AND waits > 0 AND seq <= ?1 LIMIT ?2)
        UNION ALL
        SELECT seq FROM (SELECT seq FROM tasks WHERE state = 'pending' AND waits = 0 AND seq <= ?1 LIMIT ?2))"
);
const NEWEST: &str = "SELECT coalesce(max(seq), 0) FROM tasks";

impl Changes<'_> {
    /// Asks for the end of tasks: a pending one ends at once, a running one is stopped by its worker.
    pub fn cancel(&self, ids: &[TaskId], at: Timestamp) -> Result<Vec<CancelReply>> {
        let place = |id| match self.place(id) {
            Ok(place) => Ok(Some(place)),
            Err(crate::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let places: Vec<Option<Place>> = ids.iter().map(place).collect::<Result<_>>()?;
        let unknown = |id: &TaskId| CancelReply { id: id.clone(), became: Cancelled::Unknown };
        ids.iter()
            .zip(places)
            .map(|(id, place)| place.map_or_else(|| Ok(unknown(id)), |place| self.cancel_now(&place, at)))
            .collect()
    }

    /// Cancels some of the tasks up to `newest` that have not ended; none left: an empty answer.
    pub(crate) fn cancel_slice(&self, newest: i64, at: Timestamp) -> Result<Vec<CancelReply>> {
        let places = self.all(OPEN, [newest, i64::from(SLICE)], rows::place)?;
        places.into_iter().map(|place| self.cancel_now(&place, at)).collect()
    }

    /// Cancels a task as it is now, which may have been cancelled with one of the same request that it needed.
    fn cancel_now(&self, before: &Place, at: Timestamp) -> Result<CancelReply> {
        let now = self.place(&before.id)?;
        if !before.state.name().is_final() && matches!(now.state, State::Cancelled { reason: Some(_), .. }) {
            return Ok(CancelReply { id: now.id, became: Cancelled::AtOnce });
        }
        self.cancel_one(now, at)
    }

    fn cancel_one(&self, place: Place, at: Timestamp) -> Result<CancelReply> {
        let id = place.id.clone();
        let became = match &place.state {
            State::Completed { .. } | State::Failed { .. } | State::Cancelled { .. } => {
                Cancelled::Already(place.state.name())
            }
            State::Running { cancel_requested: Some(_), .. } => Cancelled::Stopping,
            State::Pending { .. } | State::Running { .. } => {
                if self.happen(place, Event::RequestCancel { at })?.state.name().is_final() {
                    Cancelled::AtOnce
                } else {
                    Cancelled::Stopping
                }
            }
        };
        Ok(CancelReply { id, became })
    }
}

impl crate::View<'_> {
    /// The sequence number of the newest task; 0 where there is none.
    pub fn newest(&self) -> Result<i64> {
        Ok(self.database.prepare_cached(NEWEST)?.query_row([], |row| row.get(0))?)
    }
}
