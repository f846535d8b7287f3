//! Questions about tasks.

use crate::{
    error::{Error, Result},
    nearest::nearest,
    rows::{self, priority_number, select_task},
    transaction::{View, words},
};
use hob_core::{Bytes, ExecutorName, Priority, SessionId, StateName, Task, TaskId};
use rusqlite::named_params;

/// How many tasks there are. Kept up to date with every change, so asking costs the same at any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting, the blocked ones included.
    pub pending: u64,
    /// Waiting for an executor that cannot run.
    pub blocked: u64,
    /// Running, over all processes.
    pub running: u64,
    /// Completed and not pruned.
    pub completed: u64,
    /// Failed and not pruned.
    pub failed: u64,
    /// Cancelled and not pruned.
    pub cancelled: u64,
    /// Captured output of ended tasks that is kept.
    pub output: Bytes,
}

/// Which tasks to list; the default is the newest ones of any kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states; none given: in any.
    pub states: Vec<StateName>,
    /// Of this executor.
    pub executor: Option<ExecutorName>,
    /// Dispatched by this session.
    pub session: Option<SessionId>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// A member of this group.
    pub group: Option<TaskId>,
    /// With this text in the id, the parameters or the summary, in any case of ASCII letters.
    pub text: Option<String>,
    /// Accepted before the task with this sequence number: for the next page.
    pub before: Option<i64>,
    /// At most so many; none given: all of them.
    pub limit: Option<u32>,
    /// Read `data` and `trace` of results too, which may be large; without, they are `None`.
    pub with_data: bool,
}

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// One task.
    Task(TaskId),
    /// A group of tasks.
    Group(TaskId),
}

/// Candidates named when an abbreviation fits several tasks. 10: more is no help on a terminal.
const CANDIDATES: u32 = 10;
/// Ids compared to find those that look like a misspelt one: the newest 1,000, a matter of a millisecond.
const COMPARED: u32 = 1_000;

const BY_ID: &str = select_task!("TRUE", "WHERE t.id = ?1");
const RUNNING: &str = select_task!("TRUE", "WHERE t.state = 'running' ORDER BY t.started, t.seq");
const LIST: &str = select_task!(
    ":data",
    "WHERE (:executor IS NULL OR t.executor = :executor) AND (:priority IS NULL OR t.priority = :priority)
        AND t.seq < :before
        AND (:group IS NULL
            OR t.seq IN (SELECT o.seq FROM groups f JOIN members o ON o.grp = f.grp WHERE f.id = :group))
        AND (:text IS NULL OR instr(lower(t.id), lower(:text)) OR instr(lower(i.params), lower(:text))
            OR instr(lower(r.summary), lower(:text)))"
);
const BY_SESSION: &str = " AND t.session = :session";
const ANY_SESSION: &str = " AND :session IS NULL";
const NEWEST_FIRST: &str = " ORDER BY t.seq DESC LIMIT :limit";
pub(crate) const COUNTS: &str = "
    SELECT pending, (SELECT coalesce(sum(pending), 0) FROM executors WHERE blocked IS NOT NULL),
        running, completed, failed, cancelled, output
    FROM counts";
const STATE: &str = "SELECT state FROM tasks WHERE id = ?1";
/// A group stands for its members, whose ids often begin with its own.
const BY_PREFIX: &str = "
    SELECT id, TRUE FROM (SELECT id FROM groups WHERE id >= ?1 AND id < ?2 ORDER BY grp DESC LIMIT ?3)
    UNION ALL
    SELECT id, FALSE FROM (
        SELECT t.id FROM tasks t LEFT JOIN groups g ON g.grp = t.grp
        WHERE t.id >= ?1 AND t.id < ?2 AND (g.id IS NULL OR g.id < ?1 OR g.id >= ?2)
        ORDER BY t.seq DESC LIMIT ?3)";
const EXISTS: &str = "
    SELECT TRUE FROM groups WHERE id = ?1 UNION ALL SELECT FALSE FROM tasks WHERE id = ?1";
const NEWEST_IDS: &str = "
    SELECT id FROM (SELECT id FROM groups ORDER BY grp DESC LIMIT ?1)
    UNION ALL SELECT id FROM (SELECT id FROM tasks ORDER BY seq DESC LIMIT ?1)";

impl View<'_> {
    /// A task, if it is there.
    pub fn get(&self, id: &TaskId) -> Result<Option<Task>> {
        self.first(BY_ID, [id.as_str()], rows::task)
    }

    /// The states of tasks, in the order asked; none for a task that is not there.
    pub fn states(&self, ids: &[TaskId]) -> Result<Vec<Option<StateName>>> {
        ids.iter().map(|id| self.first(STATE, [id.as_str()], |row| rows::parse(row, 0))).collect()
    }

    /// The task that is called so, or whose id alone begins so.
    pub fn resolve(&self, text: &str) -> Result<TaskId> {
        match self.refer(text)? {
            Reference::Task(id) => Ok(id),
            Reference::Group(id) => Err(Error::IsGroup { id }),
        }
    }

    /// The task or group that is called so, or whose id alone begins so. A group goes before its members.
    pub fn refer(&self, text: &str) -> Result<Reference> {
        let reference = |id, is_group| if is_group { Reference::Group(id) } else { Reference::Task(id) };
        if let Some(is_group) = self.first(EXISTS, [text], |row| Ok(row.get(0)?))? {
            let id = text.parse().map_err(|error: hob_core::IdError| Error::internal(error.to_string()))?;
            return Ok(reference(id, is_group));
        }
        // `~` sorts after every character of an id.
        let end = format!("{text}~");
        let found = self.all(BY_PREFIX, (text, end, CANDIDATES), |row| Ok((rows::parse(row, 0)?, row.get(1)?)))?;
        match <[(TaskId, bool); 1]>::try_from(found) {
            Ok([(id, is_group)]) => Ok(reference(id, is_group)),
            Err(none) if none.is_empty() || text.is_empty() => {
                let retired = self.is_retired(text)?;
                let known = self.all(NEWEST_IDS, [COMPARED], |row| rows::parse(row, 0))?;
                Err(Error::NotFound { id: text.to_owned(), nearest: nearest(text, known), retired })
            }
            Err(found) => {
                let most = usize::try_from(CANDIDATES).unwrap_or(usize::MAX);
                let candidates = found.into_iter().take(most).map(|(id, _)| id).collect();
                Err(Error::Ambiguous { prefix: text.to_owned(), candidates })
            }
        }
    }

    /// Tasks, the newest first.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Task>> {
        let mut sql = String::from(LIST);
        if !filter.states.is_empty() {
            // Spelt out, so that the index of a state can be used; the words are our own.
            sql.push_str(" AND t.state IN (");
            sql.push_str(&words(&filter.states));
            sql.push(')');
        }
        sql.push_str(if filter.session.is_some() { BY_SESSION } else { ANY_SESSION });
        sql.push_str(NEWEST_FIRST);
        let values = named_params! {
            ":data": filter.with_data,
            ":executor": filter.executor.as_ref().map(ExecutorName::as_str),
            ":session": filter.session.as_ref().map(SessionId::as_str),
            ":priority": filter.priority.map(priority_number),
            ":group": filter.group.as_ref().map(TaskId::as_str),
            ":text": filter.text,
            ":before": filter.before.unwrap_or(i64::MAX),
            ":limit": filter.limit.map_or(-1, i64::from),
        };
        self.all(&sql, values, rows::task)
    }

    /// How many tasks there are.
    pub fn counts(&self) -> Result<Counts> {
        let counts = self.first(COUNTS, [], |row| {
            let number = |column| row.get(column).map(rows::count);
            Ok(Counts {
                pending: number(0)?,
                blocked: number(1)?,
                running: number(2)?,
                completed: number(3)?,
                failed: number(4)?,
                cancelled: number(5)?,
                output: Bytes(number(6)?),
            })
        })?;
        counts.ok_or_else(|| Error::Corrupt { detail: "the counts are missing".into() })
    }

    /// The tasks that run, over all processes; the longest-running first.
    pub fn running(&self) -> Result<Vec<Task>> {
        self.all(RUNNING, [], rows::task)
    }
}
