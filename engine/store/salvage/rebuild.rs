//! Tasks of rows, by the steps that each of them went: the schema's own rules say what fits.

use super::{Salvaged, found::Found};
use crate::error::Result;
use rusqlite::{Connection, params};

/// Why a task that had not ended is cancelled.
const LOST: &str = "what it needs to run was lost when the database was damaged";
/// In place of a result.
const NO_RESULT: &str = "its result was lost when the database was damaged";

const TASKS: &str = "
    SELECT t.seq, t.state, t.grp, i.seq IS NOT NULL, r.seq IS NOT NULL,
        t.environment IS NULL OR (e.environment IS NOT NULL AND c.environment IS NOT NULL), ifnull(t.waits, 0), t.attempt,
        t.started IS NOT NULL
    FROM found_tasks t LEFT JOIN found_inputs i USING (seq) LEFT JOIN found_results r USING (seq)
        LEFT JOIN found_environments e ON e.environment = t.environment
        LEFT JOIN found_contents c ON c.environment = t.environment
    ORDER BY t.seq";

/// Groups that are not over and of which a task cannot go on.
const TORN: &str = "
    SELECT DISTINCT g.grp FROM found_groups g LEFT JOIN found_members m USING (grp)
        LEFT JOIN found_tasks t ON t.seq = m.seq LEFT JOIN found_inputs i ON i.seq = m.seq
        LEFT JOIN found_results r ON r.seq = m.seq
        LEFT JOIN found_environments e ON e.environment = t.environment
        LEFT JOIN found_contents c ON c.environment = t.environment
    WHERE g.finished IS NULL AND (m.seq IS NULL OR t.seq IS NULL OR (t.state IN ('pending', 'running') AND (i.seq IS NULL
        OR (t.environment IS NOT NULL AND (e.environment IS NULL OR c.environment IS NULL))))
        OR (t.state IN ('completed', 'failed') AND r.seq IS NULL))";

const EXECUTOR: &str = "
    INSERT OR IGNORE INTO executors (executor) SELECT executor FROM found_tasks WHERE seq = ?1";
const ENVIRONMENT: &str = "
    INSERT OR IGNORE INTO environments (environment, digest, uses)
    SELECT e.environment, e.digest, 0 FROM found_tasks t JOIN found_environments e USING (environment) WHERE t.seq = ?1";
const CONTENT: &str = "
    INSERT OR IGNORE INTO environment_contents (environment, content)
    SELECT c.environment, c.content FROM found_tasks t JOIN found_contents c USING (environment) WHERE t.seq = ?1";
const BEGIN: &str = "
    INSERT INTO tasks (seq, id, executor, priority, created, timeout, session, retry_of, environment, state, attempt,
        waits, lost)
    SELECT seq, id, executor, priority, created, timeout, session, retry_of, iif(?2, environment, NULL), 'pending', 0, ?3,
        ifnull(lost, 0)
    FROM found_tasks WHERE seq = ?1";
const INPUTS: &str = "INSERT INTO inputs (seq, params, cwd) SELECT seq, params, cwd FROM found_inputs WHERE seq = ?1";
const NO_INPUTS: &str = "INSERT INTO inputs (seq, params, cwd) VALUES (?1, '{}', x'2f')";
const RESULT: &str = "INSERT INTO results SELECT * FROM found_results WHERE seq = ?1";
const SUBSTITUTE: &str = "
    INSERT INTO results (seq, summary, kind, message, retryable)
    SELECT seq, iif(state = 'completed', ?2, NULL), iif(state = 'failed', 'internal', NULL), iif(state = 'failed', ?2, NULL),
        iif(state = 'failed', 0, NULL)
    FROM found_tasks WHERE seq = ?1";
const PENDING: &str = "UPDATE tasks SET attempt = ?2 WHERE seq = ?1";
const RUN: &str = "
    UPDATE tasks SET state = 'running', attempt = f.attempt, worker = ifnull(f.worker, 'salvaged'), started = f.started,
        cancel_requested = f.cancel_requested, progress = f.progress
    FROM found_tasks f WHERE f.seq = ?1 AND tasks.seq = ?1";
const WORKER: &str = "
    INSERT OR IGNORE INTO workers (worker, kind, registered)
    SELECT worker, 'lazy', started FROM tasks WHERE seq = ?1 AND worker IS NOT NULL";
const END: &str = "
    UPDATE tasks SET state = f.state, worker = NULL, cancel_requested = NULL, progress = NULL, finished = f.finished,
        attempt = f.attempt, output = f.output, environment = NULL, reason = f.reason
    FROM found_tasks f WHERE f.seq = ?1 AND tasks.seq = ?1";
const CANCEL: &str = "
    UPDATE tasks SET state = 'cancelled', finished = created, environment = NULL, reason = ?2 WHERE seq = ?1";

const GROUPS: &str = "SELECT grp FROM found_groups ORDER BY grp";
const ADD_GROUP: &str = "
    INSERT INTO groups (grp, id, preset, input, least, result, cwd, session, retry_of, created)
    SELECT grp, id, preset, input, least, result, cwd, session, retry_of, created FROM found_groups WHERE grp = ?1";
const ADD_MEMBERS: &str = "
    INSERT INTO members (grp, position, name, seq, template)
    SELECT grp, position, name, (SELECT seq FROM tasks WHERE tasks.seq = m.seq), template FROM found_members m
    WHERE grp = ?1";
const ADD_NEEDS: &str = "INSERT INTO needs SELECT grp, position, needed FROM found_needs WHERE grp = ?1";
const JOIN: &str = "
    UPDATE tasks SET grp = f.grp, position = f.position FROM found_tasks f WHERE f.grp = ?1 AND tasks.seq = f.seq";
const END_GROUP: &str = "
    UPDATE groups SET pending = f.pending, running = f.running, completed = f.completed, failed = f.failed,
        cancelled = f.cancelled, finished = f.finished
    FROM found_groups f WHERE f.grp = ?1 AND groups.grp = ?1 AND f.finished IS NOT NULL";

/// What follows the tasks: no end is told a second time, and no number is given a second time.
const AFTER: &str = "
    INSERT OR IGNORE INTO executors (executor) SELECT DISTINCT executor FROM denials;
    DELETE FROM events;
    UPDATE consumers SET event = ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);
    DELETE FROM retired_ids WHERE id IN (SELECT id FROM tasks UNION ALL SELECT id FROM groups);
    DELETE FROM environments WHERE uses = 0;";
const LAST: &str = "
    INSERT INTO sqlite_sequence (name, seq) SELECT 'tasks', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'tasks');";
const SET_LAST: &str = "
    UPDATE sqlite_sequence SET seq = max(seq, ?1, (SELECT ifnull(max(seq), 0) FROM found_inputs),
        (SELECT ifnull(max(seq), 0) FROM found_results)) WHERE name = 'tasks'";

/// A task that was found.
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the query, and any of them may hold")]
struct Task {
    sequence: i64,
    state: String,
    group: Option<i64>,
    has_inputs: bool,
    has_result: bool,
    has_environment: bool,
    waits: i64,
    attempt: i64,
    has_started: bool,
}

/// Makes tasks and groups of what was found.
pub(super) fn rebuild(database: &Connection, found: &Found<'_>) -> Result<Salvaged> {
    let mut salvaged = Salvaged { were: found.were, ..Salvaged::default() };
    let transaction = database.unchecked_transaction()?;
    let groups = whole_groups(database, found, &mut salvaged)?;
    let tasks = database
        .prepare(TASKS)?
        .query_map([], |row| {
            Ok(Task {
                sequence: row.get(0)?,
                state: row.get(1)?,
                group: row.get(2)?,
                has_inputs: row.get(3)?,
                has_result: row.get(4)?,
                has_environment: row.get(5)?,
                waits: row.get(6)?,
                attempt: row.get(7)?,
                has_started: row.get(8)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for task in &tasks {
        let is_in_group = task.group.is_some_and(|group| groups.contains(&group));
        one(database, |_| task.rebuild(database, is_in_group, &mut salvaged))?;
    }
    for group in groups {
        let is_there = one(database, |database| {
            for sql in [ADD_GROUP, JOIN, ADD_MEMBERS, ADD_NEEDS, END_GROUP] {
                database.prepare_cached(sql)?.execute([group])?;
            }
            Ok(())
        })?;
        salvaged.groups_lost += u64::from(!is_there);
    }
    database.execute_batch(AFTER)?;
    database.execute_batch(LAST)?;
    database.execute(SET_LAST, [found.last])?;
    transaction.commit()?;
    Ok(salvaged)
}

/// Does one thing, or leaves all as it was if the schema does not allow it; whether it was done.
fn one(database: &Connection, make: impl FnOnce(&Connection) -> Result<()>) -> Result<bool> {
    database.execute_batch("SAVEPOINT one")?;
    let done = make(database);
    if let Err(error) = &done {
        tracing::debug!(%error, "a row that does not fit is left out");
        database.execute_batch("ROLLBACK TO one")?;
    }
    database.execute_batch("RELEASE one")?;
    Ok(done.is_ok())
}

/// The groups that can go on, or are over.
fn whole_groups(database: &Connection, found: &Found<'_>, salvaged: &mut Salvaged) -> Result<Vec<i64>> {
    let numbers = |sql: &str| -> Result<Vec<i64>> {
        Ok(database.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    let mut groups = numbers(GROUPS)?;
    let all = groups.len();
    let torn = numbers(TORN)?;
    groups.retain(|group| found.has_members && !torn.contains(group));
    salvaged.groups_lost = (all - groups.len()) as u64;
    Ok(groups)
}

impl Task {
    fn rebuild(&self, database: &Connection, is_in_group: bool, salvaged: &mut Salvaged) -> Result<()> {
        let run = |sql: &str| database.prepare_cached(sql)?.execute([self.sequence]).map(drop);
        let is_open = matches!(self.state.as_str(), "pending" | "running");
        let can_run = self.has_inputs && self.has_environment && (self.waits == 0 || is_in_group);
        let keeps_environment = is_open && self.has_environment;
        run(EXECUTOR)?;
        if keeps_environment {
            run(ENVIRONMENT)?;
            run(CONTENT)?;
        }
        let waits = if is_in_group { self.waits } else { 0 };
        database.prepare_cached(BEGIN)?.execute(params![self.sequence, keeps_environment, waits])?;
        run(if self.has_inputs { INPUTS } else { NO_INPUTS })?;
        if is_open && !can_run {
            database.prepare_cached(CANCEL)?.execute(params![self.sequence, LOST])?;
            salvaged.cancelled += 1;
            return Ok(());
        }
        if self.state == "pending" {
            database.prepare_cached(PENDING)?.execute([self.sequence, self.attempt])?;
            return Ok(());
        }
        if self.has_started {
            run(RUN)?;
        }
        if is_open {
            return Ok(run(WORKER)?);
        }
        if self.state != "cancelled" {
            let is_there = self.has_result && one(database, |_| Ok(run(RESULT)?))?;
            if !is_there {
                database.prepare_cached(SUBSTITUTE)?.execute(params![self.sequence, NO_RESULT])?;
                salvaged.without_result += 1;
            }
        }
        Ok(run(END)?)
    }
}
