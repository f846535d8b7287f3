//! Acceptance of tasks.

use crate::{
    error::{Error, Result},
    os,
    rows::{self, milliseconds, priority_number},
    transaction::Changes,
};
use hob_core::{Environment, ExecutorName, NewTask, PresetName, SessionId, State, StateName, TaskId, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A task that is durable from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id: the caller's own, or the one chosen.
    pub id: TaskId,
    /// The order of acceptance.
    pub sequence: i64,
    /// It was there before: the same submission, repeated.
    pub already: bool,
    /// Where it is now.
    pub state: StateName,
}

const KNOWN: &str = "
    SELECT t.seq, t.executor, i.params, t.state FROM tasks t JOIN inputs i ON i.seq = t.seq WHERE t.id = ?1";
const RETIRED: &str = "SELECT 1 FROM retired_ids WHERE id = ?1";
const KNOWN_GROUP: &str = "SELECT 1 FROM groups WHERE id = ?1";
const ADD_EXECUTOR: &str = "INSERT INTO executors (executor) VALUES (?1) ON CONFLICT DO NOTHING";
const ADD_TASK: &str = "
    INSERT INTO tasks (id, executor, priority, created, timeout, session, retry_of, environment, state, attempt,
        grp, position, waits)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11, ?12)";
const ADD_INPUTS: &str = "INSERT INTO inputs (seq, params, cwd) VALUES (?1, ?2, ?3)";
const FIND_ENVIRONMENT: &str = "SELECT environment FROM environments WHERE digest = ?1";
const ADD_ENVIRONMENT: &str = "INSERT INTO environments (digest, uses) VALUES (?1, 0)";
const ADD_CONTENT: &str = "INSERT INTO environment_contents (environment, content) VALUES (?1, ?2)";

/// Letters and digits of a generated id: lower case, without those that look like another.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// How many of them are letters; an id begins with one.
const LETTERS: u64 = 23;
/// Characters of a generated id. 8: of 600 milliards, a million tasks meet by chance about once, and
/// then another one is drawn; still quick to type, and four are usually enough.
const ID_LENGTH: usize = 8;
/// Characters after the name of a preset. 5: of 21 million, a thousand groups of one preset meet by chance about
/// once in fifty, and then another one is drawn.
const SUFFIX_LENGTH: usize = 5;

/// The place of a task in the group that it is made for.
#[derive(Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) group: i64,
    pub(crate) position: u32,
    /// How many of its needs have not completed.
    pub(crate) waits: usize,
}

/// What the tasks of one submission share.
#[derive(Default)]
pub(crate) struct Shared<'a> {
    environment: Option<(&'a Environment, Option<i64>)>,
    executor: Option<&'a ExecutorName>,
    session: Option<&'a SessionId>,
}

impl Changes<'_> {
    /// Accepts tasks in the order given, all or none of them. Repeating a submission with the same id,
    /// executor and parameters changes nothing and says so.
    pub fn submit(&self, tasks: &[NewTask], at: Timestamp) -> Result<Vec<Accepted>> {
        let mut shared = Shared::default();
        tasks.iter().map(|task| self.accept(task, None, at, &mut shared)).collect()
    }

    pub(crate) fn accept<'a>(
        &self,
        task: &'a NewTask,
        seat: Option<Seat>,
        at: Timestamp,
        shared: &mut Shared<'a>,
    ) -> Result<Accepted> {
        let id = match &task.id {
            Some(id) => {
                if let Some(accepted) = self.repeated(id, task)? {
                    return Ok(accepted);
                }
                id.clone()
            }
            None => self.new_id()?,
        };
        if shared.executor != Some(&task.executor) {
            self.run(ADD_EXECUTOR, [task.executor.as_str()])?;
            shared.executor = Some(&task.executor);
        }
        if let Some(session) = task.session.as_ref().filter(|session| shared.session != Some(session)) {
            self.subscribe_session(session)?;
            shared.session = Some(session);
        }
        let environment = match shared.environment {
            Some((last, number)) if *last == task.environment => number,
            _ => {
                let number = self.share_environment(&task.environment)?;
                shared.environment = Some((&task.environment, number));
                number
            }
        };
        let state = State::accepted().name();
        self.run(
            ADD_TASK,
            params![
                id.as_str(),
                task.executor.as_str(),
                priority_number(task.priority),
                at.0,
                task.timeout.map(milliseconds),
                task.session.as_ref().map(SessionId::as_str),
                task.retry_of.as_ref().map(TaskId::as_str),
                environment,
                state.as_str(),
                seat.map(|seat| seat.group),
                seat.map(|seat| seat.position),
                seat.map_or(0, |seat| rows::column(seat.waits as u64)),
            ],
        )?;
        let sequence = self.database.last_insert_rowid();
        self.run(ADD_INPUTS, params![sequence, task.params, os::path_to(&task.cwd)])?;
        Ok(Accepted { id, sequence, already: false, state })
    }

    /// Whether this id was submitted before, and by the same submission.
    fn repeated(&self, id: &TaskId, task: &NewTask) -> Result<Option<Accepted>> {
        let known = self.first(KNOWN, [id.as_str()], |row| {
            let executor: ExecutorName = rows::parse(row, 1)?;
            let params: String = row.get(2)?;
            Ok((row.get::<_, i64>(0)?, executor, params, rows::parse::<StateName>(row, 3)?))
        })?;
        match known {
            Some((sequence, executor, params, state)) => {
                if executor == task.executor && same_json(&params, &task.params) {
                    Ok(Some(Accepted { id: id.clone(), sequence, already: true, state }))
                } else {
                    Err(Error::IdTaken { id: id.clone() })
                }
            }
            None => self.is_free(id).map(|()| None),
        }
    }

    fn new_id(&self) -> Result<TaskId> {
        self.free_id(|random| spell(random, ID_LENGTH))
    }

    /// An id for a group: the name of its preset and a few characters that make it unique.
    pub fn new_group_id(&self, preset: &PresetName) -> Result<TaskId> {
        self.free_id(|random| format!("{preset}-{}", spell(random, SUFFIX_LENGTH)))
    }

    fn free_id(&self, spell: impl Fn(u64) -> String) -> Result<TaskId> {
        loop {
            let random: i64 = self.database.prepare_cached("SELECT random()")?.query_row([], |row| row.get(0))?;
            let id = spell(random.cast_unsigned()).parse();
            let id = id.map_err(|error: hob_core::IdError| Error::internal(error.to_string()))?;
            match self.is_free(&id) {
                Err(Error::IdTaken { .. } | Error::IdRetired { .. }) => {}
                other => return other.map(|()| id),
            }
        }
    }

    /// That nothing is or was called so.
    pub(crate) fn is_free(&self, id: &TaskId) -> Result<()> {
        let text = [id.as_str()];
        if self.database.prepare_cached(KNOWN)?.exists(text)?
            || self.database.prepare_cached(KNOWN_GROUP)?.exists(text)?
        {
            return Err(Error::IdTaken { id: id.clone() });
        }
        if self.is_retired(id.as_str())? { Err(Error::IdRetired { id: id.clone() }) } else { Ok(()) }
    }

    /// The number of an equal environment, stored now if no other task has it.
    fn share_environment(&self, environment: &Environment) -> Result<Option<i64>> {
        if environment.0.is_empty() {
            return Ok(None);
        }
        let content = rows::pack(environment)?;
        let digest = Sha256::digest(&content);
        let known: Option<i64> = self
            .database
            .prepare_cached(FIND_ENVIRONMENT)?
            .query_row([digest.as_slice()], |row| row.get(0))
            .optional()?;
        if known.is_some() {
            return Ok(known);
        }
        self.run(ADD_ENVIRONMENT, [digest.as_slice()])?;
        let number = self.database.last_insert_rowid();
        self.run(ADD_CONTENT, params![number, content])?;
        Ok(Some(number))
    }
}

impl crate::View<'_> {
    pub(crate) fn is_retired(&self, id: &str) -> Result<bool> {
        Ok(self.database.prepare_cached(RETIRED)?.exists([id])?)
    }
}

/// An id of `length` characters from a random number.
fn spell(mut random: u64, length: usize) -> String {
    let mut text = String::with_capacity(length);
    for index in 0..length {
        let base = if index == 0 { LETTERS } else { ALPHABET.len() as u64 };
        let digit = usize::try_from(random % base).unwrap_or(0);
        text.push(char::from(ALPHABET[digit]));
        random /= base;
    }
    text
}

/// Whether two JSON texts say the same.
fn same_json(one: &str, other: &str) -> bool {
    let value = |text| serde_json::from_str::<Value>(text).ok();
    one == other || matches!((value(one), value(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_generated_id_is_short_and_unambiguous(random: u64) {
            let id: TaskId = spell(random, ID_LENGTH).parse().expect("valid");
            prop_assert_eq!(id.as_str().len(), ID_LENGTH);
            prop_assert!(id.as_str().starts_with(|c: char| c.is_ascii_lowercase()));
            prop_assert!(!id.as_str().contains(['i', 'l', 'o', '0', '1']));
        }
    }

    #[test]
    fn json_that_says_the_same() {
        assert!(same_json("{\"a\":1,\"b\":2}", "{ \"b\": 2, \"a\": 1 }"));
        assert!(!same_json("{\"a\":1}", "{\"a\":2}"));
        assert!(!same_json("{", "["));
    }
}
