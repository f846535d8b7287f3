//! The outbox: what happened, for notifiers and hooks.

use crate::{
    error::{Error, Result},
    rows,
    transaction::{Changes, View},
};
use hob_core::{ExecutorName, PresetName, SessionId, StateName, Tally, TaskId, Timestamp};
use rusqlite::{OptionalExtension, Row, params};

/// Something that happened, written in the same transaction as the thing itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its number; grows, and is never used twice.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A task reached its final state.
    Ended {
        /// The task.
        id: TaskId,
        /// Its order of acceptance.
        sequence: i64,
        /// Its executor.
        executor: ExecutorName,
        /// The session that dispatched it.
        session: Option<SessionId>,
        /// Its final state.
        state: StateName,
        /// The group that it was made for.
        group: Option<TaskId>,
    },
    /// The last member of a group ended.
    GroupEnded {
        /// The group.
        id: TaskId,
        /// The preset that it was made from.
        preset: PresetName,
        /// The session that dispatched it.
        session: Option<SessionId>,
        /// Its final state.
        state: StateName,
        /// How its members ended.
        tally: Tally,
    },
    /// An executor cannot run; its tasks wait.
    Blocked {
        /// The executor.
        executor: ExecutorName,
        /// Why.
        reason: String,
    },
}

/// Events kept for a consumer that does not come for them. 100,000 (some 10 MB): days of heavy use, and a
/// consumer that was removed from the configuration does not fill the disk.
const KEPT: i64 = 100_000;

const SUBSCRIBE: &str = "
    INSERT INTO consumers (consumer, event)
    VALUES (?1, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events'))
    ON CONFLICT (consumer) DO NOTHING";
const UNSUBSCRIBE: &str = "DELETE FROM consumers WHERE consumer = ?1";
const CURSOR: &str = "SELECT event FROM consumers WHERE consumer = ?1";
macro_rules! select_events {
    ($rest:literal) => {
        concat!(
            "SELECT event, at, executor, seq, id, session, state, reason, member_of, preset,
                completed, failed, cancelled
            FROM events WHERE event > ?1 ",
            $rest
        )
    };
}
const SINCE: &str = select_events!("ORDER BY event LIMIT ?2");
const SINCE_OF_SESSION: &str = select_events!(
    "AND session = ?3 AND (preset IS NOT NULL OR (seq IS NOT NULL AND member_of IS NULL)) ORDER BY event LIMIT ?2"
);
const ACKNOWLEDGE: &str = "UPDATE consumers SET event = ?2 WHERE consumer = ?1 AND event < ?2";
/// A session keeps what it was not told of; that keeps nothing else.
const FORGET: &str = "
    DELETE FROM events WHERE event IN (
        SELECT e.event FROM events e
        WHERE (e.event <= coalesce((SELECT min(event) FROM consumers WHERE consumer NOT GLOB 'session:*'), ?1)
                AND NOT EXISTS (
                    SELECT 1 FROM consumers c WHERE c.consumer = 'session:' || e.session AND c.event < e.event))
            OR e.event <= (SELECT coalesce(max(event), 0) FROM events) - ?2
        ORDER BY e.event LIMIT ?3)";
/// Sessions of which no task is left.
const FORGET_SESSIONS: &str = "
    DELETE FROM consumers WHERE consumer GLOB 'session:*'
        AND NOT EXISTS (SELECT 1 FROM tasks WHERE session = substr(consumer, 9))";

/// What a session is called as a consumer.
fn consumer_of(session: &SessionId) -> String {
    format!("session:{session}")
}

impl Changes<'_> {
    /// Makes sure that there is a consumer of that name; a new one hears what happens from now on.
    pub fn subscribe(&self, consumer: &str) -> Result<()> {
        self.run(SUBSCRIBE, [consumer])?;
        Ok(())
    }

    /// Forgets a consumer.
    pub fn unsubscribe(&self, consumer: &str) -> Result<()> {
        self.run(UNSUBSCRIBE, [consumer])?;
        Ok(())
    }

    /// Takes note that a consumer has dealt with everything up to `event`. False: it had done so before.
    /// Where several processes serve one consumer, whoever gets true is the one to deliver.
    pub fn acknowledge(&self, consumer: &str, event: i64) -> Result<bool> {
        if self.run(ACKNOWLEDGE, params![consumer, event])? == 1 {
            return Ok(true);
        }
        self.cursor(consumer).map(|_| false)
    }

    /// From now on what ends of this session is kept until the session was told of it.
    pub(crate) fn subscribe_session(&self, session: &SessionId) -> Result<()> {
        self.subscribe(&consumer_of(session))
    }

    /// Takes note that a session was told of everything up to `event`.
    pub fn told(&self, session: &SessionId, event: i64) -> Result<()> {
        self.run(ACKNOWLEDGE, params![consumer_of(session), event])?;
        Ok(())
    }

    /// Removes up to `most` events that no consumer waits for.
    pub(crate) fn forget_events(&self, most: u32) -> Result<usize> {
        self.run(FORGET_SESSIONS, [])?;
        self.run(FORGET, params![i64::MAX, KEPT, most])
    }
}

impl View<'_> {
    fn cursor(&self, consumer: &str) -> Result<i64> {
        let cursor = self.database.prepare_cached(CURSOR)?.query_row([consumer], |row| row.get(0)).optional()?;
        cursor.ok_or_else(|| Error::UnknownConsumer { consumer: consumer.to_owned() })
    }

    /// What happened since a consumer last acknowledged, the oldest first, at most `limit`.
    pub fn events_since(&self, consumer: &str, limit: u32) -> Result<Vec<OutboxEvent>> {
        let cursor = self.cursor(consumer)?;
        self.all(SINCE, [cursor, i64::from(limit)], event)
    }

    /// What a session has not been told of: its tasks and groups that ended since it last was, the oldest first, at
    /// most `limit`. The tasks of a group are not told one by one.
    pub fn untold(&self, session: &SessionId, limit: u32) -> Result<Vec<OutboxEvent>> {
        match self.cursor(&consumer_of(session)) {
            Ok(cursor) => self.all(SINCE_OF_SESSION, params![cursor, limit, session.as_str()], event),
            // It never dispatched anything.
            Err(Error::UnknownConsumer { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn event(row: &Row<'_>) -> Result<OutboxEvent> {
    let what = match (rows::optional(row, 9)?, row.get(3)?) {
        (Some(preset), _) => Happened::GroupEnded {
            id: rows::parse(row, 4)?,
            preset,
            session: rows::optional(row, 5)?,
            state: rows::parse(row, 6)?,
            tally: Tally { completed: row.get(10)?, failed: row.get(11)?, cancelled: row.get(12)?, ..Tally::default() },
        },
        (None, Some(sequence)) => Happened::Ended {
            id: rows::parse(row, 4)?,
            sequence,
            executor: rows::parse(row, 2)?,
            session: rows::optional(row, 5)?,
            state: rows::parse(row, 6)?,
            group: rows::optional(row, 8)?,
        },
        (None, None) => Happened::Blocked { executor: rows::parse(row, 2)?, reason: row.get(7)? },
    };
    Ok(OutboxEvent { number: row.get(0)?, at: Timestamp(row.get(1)?), what })
}
