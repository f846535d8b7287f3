//! What follows from the end of a task for the group that it was made for.

use crate::{
    error::{Error, Result},
    group_query::GROUP,
    rows::{self, Place, select_place, select_task},
    said,
    transaction::Changes,
};
use hob_core::{Event, Group, SessionId, State, Task, Timestamp, fill_params};
use rusqlite::params;
use std::collections::BTreeMap;

const SEAT: &str = "
    SELECT t.grp, t.position, m.name FROM tasks t JOIN members m ON m.grp = t.grp AND m.position = t.position
    WHERE t.seq = ?1";
const DEPENDANTS: &str = select_place!(
    "WHERE t.state = 'pending' AND t.waits > 0 AND t.seq IN (
        SELECT m.seq FROM needs n JOIN members m ON m.grp = n.grp AND m.position = n.position
        WHERE n.grp = ?1 AND n.needed = ?2)
    ORDER BY t.seq"
);
const WAIT_LESS: &str = "UPDATE tasks SET waits = waits - 1 WHERE seq = ?1 RETURNING waits";
const PLACE: &str = select_place!("WHERE t.seq = ?1");
const TEMPLATE: &str = "
    SELECT i.params, t.grp FROM tasks t JOIN inputs i ON i.seq = t.seq WHERE t.seq = ?1";
const NEEDED: &str = select_task!(
    "TRUE",
    "JOIN members o ON o.seq = t.seq
        JOIN needs n ON n.grp = o.grp AND n.needed = o.position
        JOIN tasks d ON d.grp = n.grp AND d.position = n.position
    WHERE d.seq = ?1"
);
const NEEDED_NAMES: &str = "
    SELECT o.seq, o.name FROM tasks d JOIN needs n ON n.grp = d.grp AND n.position = d.position
        JOIN members o ON o.grp = n.grp AND o.position = n.needed
    WHERE d.seq = ?1";
const SET_PARAMS: &str = "UPDATE inputs SET params = ?2 WHERE seq = ?1";
const LAST_END: &str = "
    SELECT max(t.finished) FROM members m JOIN tasks t ON t.seq = m.seq WHERE m.grp = ?1";
const END: &str = "
    UPDATE groups SET finished = ?2
    WHERE grp = ?1 AND finished IS NULL AND pending = 0 AND running = 0";
const TELL: &str = "
    INSERT INTO events (at, id, session, state, preset, completed, failed, cancelled)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

impl Changes<'_> {
    /// Lets those go that waited for a task that completed, gives those up that can never go, and ends the group
    /// with its last member.
    pub(crate) fn settle(&self, ended: &Place) -> Result<()> {
        let seat = self.first(SEAT, [ended.sequence], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })?;
        let Some((group, position, name)) = seat else { return Ok(()) };
        let (word, at) = match &ended.state {
            State::Completed { finished, .. } => (None, *finished),
            State::Failed { finished, .. } => (Some("failed"), *finished),
            State::Cancelled { finished, .. } => (Some("was cancelled"), *finished),
            State::Pending { .. } | State::Running { .. } => return Ok(()),
        };
        for dependant in self.all(DEPENDANTS, [group, position], rows::place)? {
            match word {
                None => {
                    let waits = self.first(WAIT_LESS, [dependant.sequence], |row| Ok(row.get::<_, i64>(0)?))?;
                    if waits == Some(0) {
                        self.fill(dependant.sequence, at)?;
                    }
                }
                Some(word) => {
                    self.forgo(dependant.sequence, format!("needs `{name}` ({}), which {word}", ended.id), at)?;
                }
            }
        }
        self.end_group(group, at)
    }

    /// Cancels a task that still waits; one that was given up meanwhile, with another that it needs, stays as it is.
    fn forgo(&self, sequence: i64, reason: String, at: Timestamp) -> Result<()> {
        match self.first(PLACE, [sequence], rows::place)? {
            Some(place) if !place.state.name().is_final() => self.happen(place, Event::Forgo { reason, at }).map(drop),
            _ => Ok(()),
        }
    }

    /// Puts what its needs came to into the parameters of a task that now may go.
    pub(crate) fn fill(&self, sequence: i64, at: Timestamp) -> Result<()> {
        let template = self.first(TEMPLATE, [sequence], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let (params, group) = template.ok_or_else(|| Error::internal("a task without its group"))?;
        let group = self.group_number(group)?;
        let names: BTreeMap<i64, String> =
            self.all(NEEDED_NAMES, [sequence], |row| Ok((row.get(0)?, row.get(1)?)))?.into_iter().collect();
        let needed = self.all(NEEDED, [sequence], rows::task)?;
        let tasks = needed.into_iter().filter_map(|task| Some((names.get(&task.sequence)?.clone(), task))).collect();
        match fill_params(&params, &|key| value(self.folder, &group, &tasks, key)) {
            Ok(filled) => self.run(SET_PARAMS, params![sequence, filled]).map(drop),
            Err(error) => self.forgo(sequence, format!("fill in its parameters: {error}"), at),
        }
    }

    fn group_number(&self, number: i64) -> Result<Group> {
        let sql = format!("{GROUP} WHERE g.grp = ?1");
        let group = self.first(&sql, [number], crate::group_query::group)?;
        group.ok_or_else(|| Error::internal("a member of a group that is not there"))
    }

    /// Ends a group all of whose members have ended, and tells of it once.
    pub(crate) fn end_group(&self, number: i64, at: Timestamp) -> Result<()> {
        let last = self.first(LAST_END, [number], |row| Ok(row.get::<_, Option<i64>>(0)?))?.flatten();
        let at = Timestamp(last.map_or(at.0, |last| last.max(at.0)));
        if self.run(END, params![number, at.0])? == 0 {
            return Ok(());
        }
        let group = self.group_number(number)?;
        self.run(
            TELL,
            params![
                at.0,
                group.id.as_str(),
                group.session.as_ref().map(SessionId::as_str),
                group.state().as_str(),
                group.preset.as_str(),
                group.tally.completed,
                group.tally.failed,
                group.tally.cancelled,
            ],
        )?;
        Ok(())
    }
}

/// What stands behind a placeholder of a group.
pub(crate) fn value(
    folder: &std::path::Path,
    group: &Group,
    tasks: &BTreeMap<String, Task>,
    key: &str,
) -> Option<String> {
    match key {
        "input" => Some(group.input.clone()),
        "cwd" => Some(group.cwd.to_string_lossy().into_owned()),
        "group" => Some(group.id.to_string()),
        _ => {
            let (name, part) = key.split_once('.').map_or((key, None), |(name, part)| (name, Some(part)));
            said::value(folder, tasks.get(name)?, part)
        }
    }
}
