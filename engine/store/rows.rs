//! Rows to values of the domain and back.

use crate::{
    error::{Error, Result},
    os,
};
use hob_core::{
    AttemptNumber, Environment, ExecutorName, Failure, Membership, Priority, State, StateName, Task, TaskId,
    TaskResult, Timestamp,
};
use rusqlite::{
    Row,
    types::{FromSql, ValueRef},
};
use serde::Serialize;
use std::{str::FromStr, time::Duration};

/// `SELECT` of a task without its inputs, in the columns that [`place`] reads.
macro_rules! select_place {
    ($rest:literal) => {
        concat!(
            "SELECT t.state, t.attempt, e.blocked, t.worker, t.started, t.cancel_requested, t.progress, t.finished,
                r.summary, r.data, r.kind, r.message, r.retryable, r.retry_after, r.trace, t.reason,
                t.seq, t.id, t.executor
            FROM tasks t JOIN executors e ON e.executor = t.executor LEFT JOIN results r ON r.seq = t.seq ",
            $rest
        )
    };
}

/// `SELECT` of whole tasks, in the columns that [`task`] reads; `$data` says whether the parts that can be
/// large are read as well.
macro_rules! select_task {
    ($data:literal, $rest:literal) => {
        concat!(
            "SELECT t.state, t.attempt, e.blocked, t.worker, t.started, t.cancel_requested, t.progress, t.finished,
                r.summary, CASE WHEN ",
            $data,
            " THEN r.data END, r.kind, r.message, r.retryable, r.retry_after, CASE WHEN ",
            $data,
            " THEN r.trace END, t.reason,
                t.seq, t.id, t.executor, t.priority, t.created, t.timeout, t.session, t.retry_of, i.params, i.cwd,
                g.id, m.name,
                CASE WHEN t.state = 'pending' AND t.waits > 0 THEN (
                    SELECT group_concat(o.name, ' ' ORDER BY o.position)
                    FROM needs n JOIN members o ON o.grp = n.grp AND o.position = n.needed
                        JOIN tasks w ON w.seq = o.seq
                    WHERE n.grp = t.grp AND n.position = t.position AND w.state <> 'completed') END
            FROM tasks t JOIN executors e ON e.executor = t.executor JOIN inputs i ON i.seq = t.seq
                LEFT JOIN results r ON r.seq = t.seq
                LEFT JOIN groups g ON g.grp = t.grp
                LEFT JOIN members m ON m.grp = t.grp AND m.position = t.position ",
            $rest
        )
    };
}

pub(crate) use {select_place, select_task};

/// A task without its inputs: what a change of state needs to know.
pub(crate) struct Place {
    pub(crate) sequence: i64,
    pub(crate) id: TaskId,
    pub(crate) executor: ExecutorName,
    pub(crate) state: State,
}

pub(crate) fn place(row: &Row<'_>) -> Result<Place> {
    Ok(Place { sequence: row.get(16)?, id: parse(row, 17)?, executor: parse(row, 18)?, state: state(row)? })
}

pub(crate) fn task(row: &Row<'_>) -> Result<Task> {
    let place = place(row)?;
    Ok(Task {
        id: place.id,
        sequence: place.sequence,
        executor: place.executor,
        state: place.state,
        priority: priority(row.get(19)?)?,
        created: Timestamp(row.get(20)?),
        timeout: row.get::<_, Option<i64>>(21)?.map(|ms| Duration::from_millis(ms.unsigned_abs())),
        session: optional(row, 22)?,
        retry_of: optional(row, 23)?,
        params: row.get(24)?,
        cwd: os::path_from(&row.get::<_, Vec<u8>>(25)?),
        group: membership(row)?,
    })
}

fn membership(row: &Row<'_>) -> Result<Option<Membership>> {
    let Some(group) = optional(row, 26)? else { return Ok(None) };
    let waits_for = row.get::<_, Option<String>>(28)?.unwrap_or_default();
    let waits_for = waits_for.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>();
    let waits_for = waits_for.map_err(|error: hob_core::IdError| Error::Corrupt { detail: error.to_string() })?;
    Ok(Some(Membership { group, name: parse(row, 27)?, waits_for }))
}

fn state(row: &Row<'_>) -> Result<State> {
    let name: StateName = parse(row, 0)?;
    let attempt = AttemptNumber(row.get(1)?);
    let started: Option<i64> = row.get(4)?;
    let finished = || row.get::<_, i64>(7).map(Timestamp);
    Ok(match name {
        StateName::Pending => State::Pending { last_attempt: attempt, blocked: row.get(2)? },
        StateName::Running => State::Running {
            attempt,
            worker: parse(row, 3)?,
            started: Timestamp(row.get(4)?),
            cancel_requested: row.get::<_, Option<i64>>(5)?.map(Timestamp),
            progress: json(row, 6)?,
        },
        StateName::Completed => State::Completed {
            attempt,
            started: Timestamp(row.get(4)?),
            finished: finished()?,
            result: TaskResult { summary: row.get(8)?, data: json(row, 9)? },
        },
        StateName::Failed => State::Failed {
            attempt,
            started: Timestamp(row.get(4)?),
            finished: finished()?,
            failure: Failure {
                kind: parse(row, 10)?,
                message: row.get(11)?,
                retryable: row.get(12)?,
                retry_after_ms: row.get(13)?,
                data: json(row, 9)?,
                trace: row.get(14)?,
            },
        },
        StateName::Cancelled => State::Cancelled {
            stopped: started.map(|at| (attempt, Timestamp(at))),
            finished: finished()?,
            reason: row.get(15)?,
        },
    })
}

/// Reads text that has to be a word or id of the domain.
pub(crate) fn parse<T: FromStr>(row: &Row<'_>, column: usize) -> Result<T> {
    optional(row, column)?.ok_or_else(|| Error::internal(format!("column {column} has no value")))
}

pub(crate) fn optional<T: FromStr>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    struct Parsed<T>(Option<T>);
    impl<T: FromStr> FromSql for Parsed<T> {
        fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
            value.as_str().map(|text| Self(text.parse().ok()))
        }
    }
    match row.get::<_, Option<Parsed<T>>>(column)? {
        None => Ok(None),
        Some(Parsed(Some(value))) => Ok(Some(value)),
        Some(Parsed(None)) => Err(Error::Corrupt { detail: format!("column {column} has a word unknown to hob") }),
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null().map_err(|error| Error::internal(error.to_string()))? else {
        return Ok(None);
    };
    serde_json::from_str(text).map(Some).map_err(|error| Error::Corrupt { detail: error.to_string() })
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(error.to_string()))
}

/// The number under which a priority is stored; the order of the queue goes by it.
pub(crate) fn priority_number(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Medium => 1,
        Priority::High => 2,
    }
}

fn priority(number: i64) -> Result<Priority> {
    match number {
        0 => Ok(Priority::Low),
        1 => Ok(Priority::Medium),
        2 => Ok(Priority::High),
        other => Err(Error::Corrupt { detail: format!("{other} is no priority") }),
    }
}

/// Milliseconds of a duration as a column has them.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A count as a column has it; columns are never negative (CHECK).
pub(crate) fn count(number: i64) -> u64 {
    number.unsigned_abs()
}

/// A size or limit as a column has it.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An environment as bytes: of each name and each value its length, little-endian, and itself.
pub(crate) fn pack(environment: &Environment) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (name, value) in &environment.0 {
        for part in [name, value] {
            let length = u32::try_from(part.len()).map_err(|_| Error::internal("an environment variable of 4 GiB"))?;
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part);
        }
    }
    Ok(bytes)
}

/// The reverse of [`pack`].
pub(crate) fn unpack(mut bytes: &[u8]) -> Result<Environment> {
    let mut next = || -> Result<Option<Vec<u8>>> {
        let cut = || Error::Corrupt { detail: "a captured environment is cut off".into() };
        if bytes.is_empty() {
            return Ok(None);
        }
        let (length, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
        let (part, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        bytes = rest;
        Ok(Some(part.to_vec()))
    };
    let mut variables = Vec::new();
    while let Some(name) = next()? {
        let value = next()?.ok_or_else(|| Error::Corrupt { detail: "a captured variable has no value".into() })?;
        variables.push((name, value));
    }
    Ok(Environment(variables))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_environment_reads_back_as_it_was(variables: Vec<(Vec<u8>, Vec<u8>)>) {
            let environment = Environment(variables);
            prop_assert_eq!(unpack(&pack(&environment).expect("short")), Ok(environment));
        }

        #[test]
        fn a_damaged_environment_is_an_error_and_no_panic(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
        }
    }
}
