//! Tasks that are handed in from within tasks, and how far that may go.

use crate::{
    error::{Error, Result},
    submit::Accepted,
    transaction::Changes,
};
use hob_core::{TaskId, Timestamp};
use rusqlite::params;
use std::time::Duration;

/// How far tasks may go that hand in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting {
    /// How deep: what is handed in from within a task that came from outside is at 1.
    pub depth: u32,
    /// How many a minute may come of one task from outside, however deep.
    pub per_minute: u32,
}

/// What [`Nesting::per_minute`] is measured in.
const MINUTE: Duration = Duration::from_mins(1);

const PARENT: &str = "
    SELECT t.seq, coalesce(d.root, t.seq), coalesce(d.depth, 0) FROM tasks t LEFT JOIN descents d ON d.seq = t.seq
    WHERE t.id = ?1";
const RECENT: &str = "SELECT count(*) FROM descents WHERE root = ?1 AND at > ?2";
const ADD: &str = "INSERT INTO descents (seq, parent, root, depth, at) VALUES (?1, ?2, ?3, ?4, ?5)";
const ABOVE: &str = "
    SELECT d.parent, t.id FROM descents d LEFT JOIN tasks t ON t.seq = d.parent WHERE d.seq = ?1";

impl Changes<'_> {
    /// Notes that these were handed in from within the task `parent`, unless that goes too far. Those that were
    /// there before stay what they are. A task that is not of this store is nobody's parent.
    pub fn descend<'a>(
        &self,
        parent: &TaskId,
        children: impl IntoIterator<Item = &'a Accepted>,
        bounds: Nesting,
        at: Timestamp,
    ) -> Result<()> {
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, u32>(2)?));
        let Some((sequence, root, depth)) = self.first(PARENT, [parent.as_str()], row)? else { return Ok(()) };
        let mut recent = None;
        for child in children.into_iter().filter(|child| !child.already) {
            if depth >= bounds.depth {
                return Err(Error::TooDeep { chain: self.chain(sequence, parent)?, most: bounds.depth });
            }
            let known = match recent {
                Some(known) => known,
                None => self.recent(root, at)?,
            };
            if known >= bounds.per_minute {
                return Err(Error::TooMany { chain: self.chain(sequence, parent)?, most: bounds.per_minute });
            }
            self.run(ADD, params![child.sequence, sequence, root, depth + 1, at.0])?;
            recent = Some(known + 1);
        }
        Ok(())
    }

    fn recent(&self, root: i64, at: Timestamp) -> Result<u32> {
        let count = self.first(RECENT, [root, at.before(MINUTE).0], |row| Ok(row.get::<_, u32>(0)?))?;
        Ok(count.unwrap_or(0))
    }

    /// From the task that came from outside down to this one; what was pruned is left out.
    fn chain(&self, sequence: i64, id: &TaskId) -> Result<String> {
        let (mut chain, mut at) = (vec![id.to_string()], sequence);
        while let Some((parent, id)) =
            self.first(ABOVE, [at], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))?
        {
            chain.push(id.unwrap_or_else(|| "…".to_owned()));
            at = parent;
        }
        chain.reverse();
        Ok(chain.join(" > "))
    }
}
