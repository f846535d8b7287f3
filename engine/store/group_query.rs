//! Questions about groups.

use crate::{error::Result, os, rows, rows::select_task, settle, store::Store, transaction::View};
use hob_core::{Group, Join, MemberName, SessionId, Tally, Task, TaskId, Timestamp, fill};
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// A member of a group as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What the preset calls it.
    pub name: MemberName,
    /// The members that have to complete before it starts.
    pub needs: Vec<MemberName>,
    /// Its parameters before the results of other members were put in, if it has needs.
    pub template: Option<String>,
    /// What it does; none if it was pruned.
    pub task: Option<Task>,
}

/// `SELECT` of groups, in the columns that [`group`] reads.
pub(crate) const GROUP: &str = "
    SELECT g.id, g.preset, g.input, g.least, g.result, g.cwd, g.session, g.retry_of, g.created, g.finished,
        g.pending, g.running, g.completed, g.failed, g.cancelled
    FROM groups g";
const MEMBERS: &str = "
    SELECT m.name, m.seq, m.template, (
        SELECT group_concat(o.name, ' ' ORDER BY o.position)
        FROM needs n JOIN members o ON o.grp = n.grp AND o.position = n.needed
        WHERE n.grp = m.grp AND n.position = m.position)
    FROM groups g JOIN members m ON m.grp = g.grp WHERE g.id = ?1 ORDER BY m.position";
const TASKS: &str =
    select_task!("TRUE", "WHERE t.seq IN (SELECT o.seq FROM groups f JOIN members o ON o.grp = f.grp WHERE f.id = ?1)");
/// Groups whose counts or end differ from their members; those that lost a member are left out.
const DAMAGED: &str = "
    SELECT 'the counts of the group ' || g.id || ' differ from its members'
    FROM groups g JOIN members m ON m.grp = g.grp LEFT JOIN tasks t ON t.seq = m.seq
    GROUP BY g.grp
    HAVING count(t.seq) = count(*) AND NOT (
        g.pending = count(*) FILTER (WHERE t.state = 'pending')
        AND g.running = count(*) FILTER (WHERE t.state = 'running')
        AND g.completed = count(*) FILTER (WHERE t.state = 'completed')
        AND g.failed = count(*) FILTER (WHERE t.state = 'failed')
        AND g.cancelled = count(*) FILTER (WHERE t.state = 'cancelled')
        AND (g.finished IS NULL) = (g.pending + g.running > 0))
    UNION ALL
    SELECT 'the task ' || t.id || ' waits for another number of members than it needs'
    FROM tasks t WHERE t.state = 'pending' AND t.waits <> (
        SELECT count(*) FROM needs n JOIN members o ON o.grp = n.grp AND o.position = n.needed
            JOIN tasks w ON w.seq = o.seq
        WHERE n.grp = t.grp AND n.position = t.position AND w.state <> 'completed')";

pub(crate) fn group(row: &Row<'_>) -> Result<Group> {
    Ok(Group {
        id: rows::parse(row, 0)?,
        preset: rows::parse(row, 1)?,
        input: row.get(2)?,
        join: row.get::<_, Option<u32>>(3)?.map_or(Join::All, Join::AtLeast),
        result: row.get(4)?,
        cwd: os::path_from(&row.get::<_, Vec<u8>>(5)?),
        session: rows::optional::<SessionId>(row, 6)?,
        retry_of: rows::optional(row, 7)?,
        created: Timestamp(row.get(8)?),
        finished: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        tally: Tally {
            pending: row.get(10)?,
            running: row.get(11)?,
            completed: row.get(12)?,
            failed: row.get(13)?,
            cancelled: row.get(14)?,
        },
    })
}

impl View<'_> {
    /// A group, if it is there.
    pub fn group(&self, id: &TaskId) -> Result<Option<Group>> {
        self.first(&format!("{GROUP} WHERE g.id = ?1"), [id.as_str()], group)
    }

    /// The newest groups, the newest first; without a limit all of them.
    pub fn groups(&self, session: Option<&SessionId>, limit: Option<u32>) -> Result<Vec<Group>> {
        let sql = format!("{GROUP} WHERE ?1 IS NULL OR g.session = ?1 ORDER BY g.grp DESC LIMIT ?2");
        self.all(&sql, params![session.map(SessionId::as_str), limit.map_or(-1, i64::from)], group)
    }

    /// The members of a group, in the order of its preset; none for a group that is not there.
    pub fn members(&self, id: &TaskId) -> Result<Vec<Member>> {
        let tasks = self.all(TASKS, [id.as_str()], rows::task)?;
        let mut tasks: BTreeMap<i64, Task> = tasks.into_iter().map(|task| (task.sequence, task)).collect();
        self.all(MEMBERS, [id.as_str()], |row| {
            let needs = row.get::<_, Option<String>>(3)?.unwrap_or_default();
            let needs = needs.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>();
            Ok(Member {
                name: rows::parse(row, 0)?,
                needs: needs.map_err(|error: hob_core::IdError| crate::Error::Corrupt { detail: error.to_string() })?,
                template: row.get(2)?,
                task: row.get::<_, Option<i64>>(1)?.and_then(|sequence| tasks.remove(&sequence)),
            })
        })
    }

    pub(crate) fn check_groups(&self) -> Result<Vec<String>> {
        self.all(DAMAGED, [], |row| Ok(row.get(0)?))
    }
}

impl Store {
    /// The result of a group by its template, with what its members came to so far; none if it has no template.
    pub fn group_result(&self, group: &Group, members: &[Member]) -> Option<String> {
        let template = group.result.as_deref()?;
        let tasks: BTreeMap<String, Task> =
            members.iter().filter_map(|m| Some((m.name.to_string(), m.task.clone()?))).collect();
        let named = |key: &str| members.iter().any(|m| key.split('.').next() == Some(m.name.as_str()));
        let value = |key: &str| {
            let pruned = || named(key).then(|| "(pruned)".to_owned());
            settle::value(self.folder(), group, &tasks, key).or_else(pruned)
        };
        Some(fill(template, &value).unwrap_or_else(|error| format!("[fill in the result: {error}]")))
    }
}
