//! Whether a database is sound.

use crate::{error::Result, transaction::View};

/// Problems named by [`View::check`]. 10: enough to see what sort of damage it is.
const PROBLEMS: &str = "PRAGMA quick_check(10)";
const COUNTS_AGREE: &str = "
    SELECT c.pending = count(*) FILTER (WHERE t.state = 'pending')
        AND c.running = count(*) FILTER (WHERE t.state = 'running')
        AND c.completed = count(*) FILTER (WHERE t.state = 'completed')
        AND c.failed = count(*) FILTER (WHERE t.state = 'failed')
        AND c.cancelled = count(*) FILTER (WHERE t.state = 'cancelled')
        AND c.output = coalesce(sum(t.output), 0)
        AND c.pending = (SELECT coalesce(sum(pending), 0) FROM executors)
        AND count(*) FILTER (WHERE t.state = 'pending' AND t.waits > 0)
            = (SELECT coalesce(sum(waiting), 0) FROM executors)
    FROM counts c LEFT JOIN tasks t";

impl View<'_> {
    /// Looks for damage; an empty answer is a sound database. Reads all of it.
    pub(crate) fn check(&self) -> Result<Vec<String>> {
        let mut problems = self.check_pages()?;
        if problems.is_empty() && self.first(COUNTS_AGREE, [], |row| Ok(row.get(0)?))? != Some(true) {
            problems.push("the counts differ from the tasks".into());
        }
        if problems.is_empty() {
            problems = self.check_groups()?;
        }
        Ok(problems)
    }

    /// The same of the file only, of any schema.
    pub(crate) fn check_pages(&self) -> Result<Vec<String>> {
        let mut problems: Vec<String> = self.all(PROBLEMS, [], |row| Ok(row.get(0)?))?;
        problems.retain(|problem| problem != "ok");
        Ok(problems)
    }
}
