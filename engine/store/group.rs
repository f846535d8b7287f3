//! Acceptance of groups.

use crate::{
    error::{Error, Result},
    os, rows,
    submit::{Accepted, Seat, Shared},
    transaction::Changes,
};
use hob_core::{Join, MemberName, MemberTask, NewGroup, NewMember, SessionId, StateName, TaskId, Timestamp};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// A group that is durable from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedGroup {
    /// Its id.
    pub id: TaskId,
    /// It was there before: the same submission, repeated.
    pub already: bool,
    /// Its members, in the order of the preset; those that it keeps were there before. When the submission is a
    /// repeated one, those that were pruned are missing.
    pub members: Vec<Accepted>,
}

const KNOWN: &str = "SELECT grp, preset, input FROM groups WHERE id = ?1";
const ADD_GROUP: &str = "
    INSERT INTO groups (id, preset, input, least, result, cwd, session, retry_of, created)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const ADD_MEMBER: &str = "INSERT INTO members (grp, position, name, seq, template) VALUES (?1, ?2, ?3, ?4, ?5)";
const ADD_NEED: &str = "INSERT INTO needs (grp, position, needed) VALUES (?1, ?2, ?3)";
const ACCEPTED: &str = "
    SELECT t.id, t.seq, t.state FROM members m JOIN tasks t ON t.seq = m.seq WHERE m.grp = ?1 ORDER BY m.position";
const KEPT: &str = "
    SELECT t.id, t.seq, t.state, m.template FROM tasks t
        LEFT JOIN members m ON m.grp = t.grp AND m.position = t.position
    WHERE t.id = ?1";

impl Changes<'_> {
    /// Accepts a group with all of its members. Repeating a submission with the same id, preset and input changes
    /// nothing and says so.
    pub fn submit_group(&self, group: &NewGroup, at: Timestamp) -> Result<AcceptedGroup> {
        if let Some(already) = self.repeated_group(group)? {
            return Ok(already);
        }
        self.is_free(&group.id)?;
        let positions = positions(&group.members)?;
        if let Some(session) = &group.session {
            self.subscribe_session(session)?;
        }
        self.run(
            ADD_GROUP,
            params![
                group.id.as_str(),
                group.preset.as_str(),
                group.input,
                match group.join {
                    Join::All => None,
                    Join::AtLeast(least) => Some(least),
                },
                group.result,
                os::path_to(&group.cwd),
                group.session.as_ref().map(SessionId::as_str),
                group.retry_of.as_ref().map(TaskId::as_str),
                at.0,
            ],
        )?;
        let number = self.database.last_insert_rowid();
        let is_kept = |name: &MemberName| matches!(group.members[positions[name]].task, MemberTask::Kept(_));
        let mut members = Vec::with_capacity(group.members.len());
        let mut ready = Vec::new();
        let mut shared = Shared::default();
        for (position, member) in (0..).zip(&group.members) {
            let needs: BTreeSet<&MemberName> = member.needs.iter().collect();
            let (accepted, template) = match &member.task {
                MemberTask::Kept(id) => self.kept(id)?,
                MemberTask::New(task) => {
                    let waits = needs.iter().filter(|name| !is_kept(name)).count();
                    let accepted = self.accept(task, Some(Seat { group: number, position, waits }), at, &mut shared)?;
                    if accepted.already {
                        return Err(Error::IdTaken { id: accepted.id });
                    }
                    if waits == 0 && !needs.is_empty() {
                        ready.push(accepted.sequence);
                    }
                    (accepted, (!needs.is_empty()).then(|| task.params.clone()))
                }
            };
            self.run(ADD_MEMBER, params![number, position, member.name.as_str(), accepted.sequence, template])?;
            for name in needs {
                self.run(ADD_NEED, params![number, position, rows::column(positions[name] as u64)])?;
            }
            members.push(accepted);
        }
        for sequence in ready {
            self.fill(sequence, at)?;
        }
        self.end_group(number, at)?;
        Ok(AcceptedGroup { id: group.id.clone(), already: false, members })
    }

    fn repeated_group(&self, group: &NewGroup) -> Result<Option<AcceptedGroup>> {
        let known = self.first(KNOWN, [group.id.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        let Some((number, preset, input)) = known else { return Ok(None) };
        if preset != group.preset.as_str() || input != group.input {
            return Err(Error::IdTaken { id: group.id.clone() });
        }
        let members = self.all(ACCEPTED, [number], |row| {
            Ok(Accepted { id: rows::parse(row, 0)?, sequence: row.get(1)?, already: true, state: rows::parse(row, 2)? })
        })?;
        Ok(Some(AcceptedGroup { id: group.id.clone(), already: true, members }))
    }

    /// A task of an earlier group, and the template that its parameters were filled from.
    fn kept(&self, id: &TaskId) -> Result<(Accepted, Option<String>)> {
        let found = self.first(KEPT, [id.as_str()], |row| {
            let accepted = Accepted {
                id: rows::parse(row, 0)?,
                sequence: row.get(1)?,
                already: true,
                state: rows::parse(row, 2)?,
            };
            Ok((accepted, row.get(3)?))
        })?;
        let not_found = || Error::NotFound { id: id.to_string(), nearest: Vec::new(), retired: false };
        let (accepted, template): (Accepted, _) = found.ok_or_else(not_found)?;
        if accepted.state != StateName::Completed {
            return Err(Error::NotCompleted { id: id.clone() });
        }
        Ok((accepted, template))
    }
}

/// Where each member is. That the names are there and lead in no circle is the caller's promise; a group that
/// breaks it would wait for ever.
fn positions(members: &[NewMember]) -> Result<BTreeMap<&MemberName, usize>> {
    let positions: BTreeMap<_, _> = members.iter().zip(0..).map(|(member, at)| (&member.name, at)).collect();
    let mut free = BTreeSet::new();
    while free.len() < members.len() {
        let before = free.len();
        free.extend(
            members
                .iter()
                .filter(|m| m.needs.iter().all(|need| free.contains(need)))
                .map(|m| &m.name)
                .collect::<Vec<_>>(),
        );
        if free.len() == before {
            return Err(Error::internal("the members of a group wait for each other, or for one that is not there"));
        }
    }
    if positions.is_empty() { Err(Error::internal("a group without members")) } else { Ok(positions) }
}
