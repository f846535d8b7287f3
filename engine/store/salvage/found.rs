//! The rows that were found, in tables for the time being: told apart by their columns, for what says to which table a
//! page belongs may be damaged.

use super::pages::Pages;
use crate::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};
use std::{io, path::Path};

const STATES: [&str; 5] = ["pending", "running", "completed", "failed", "cancelled"];
/// Columns of `tasks` since schema 1, and now.
const TASK: std::ops::RangeInclusive<usize> = 17..=22;

const TABLES: &str = "
    PRAGMA foreign_keys = OFF; PRAGMA temp_store = FILE;
    CREATE TEMP TABLE found_tasks (seq INTEGER PRIMARY KEY, id, executor, priority, created, timeout, session,
        retry_of, environment, state, attempt, worker, started, cancel_requested, progress, finished, output, grp,
        position, waits, reason, lost);
    CREATE TEMP TABLE found_inputs (seq INTEGER PRIMARY KEY, params, cwd);
    CREATE TEMP TABLE found_results (seq INTEGER PRIMARY KEY, summary, data, kind, message, retryable, retry_after,
        trace);
    CREATE TEMP TABLE found_environments (environment INTEGER PRIMARY KEY, digest, uses);
    CREATE TEMP TABLE found_contents (environment INTEGER PRIMARY KEY, content);
    CREATE TEMP TABLE found_groups (grp INTEGER PRIMARY KEY, id, preset, input, least, result, cwd, session, retry_of,
        created, finished, pending, running, completed, failed, cancelled);
    CREATE TEMP TABLE found_members (grp, position, name, seq, template);
    CREATE TEMP TABLE found_needs (grp, position, needed);";
const FORGET: &str = "
    DROP TABLE found_tasks; DROP TABLE found_inputs; DROP TABLE found_results; DROP TABLE found_environments;
    DROP TABLE found_contents; DROP TABLE found_groups; DROP TABLE found_members; DROP TABLE found_needs;";

/// What is read by the table it is in, its key in both directions: what is found there is not vital, or cannot be told
/// from an index. The first of each is where it goes.
const BY_TABLE: &[(&str, &str, &str)] = &[
    ("found_members (grp, position, name, seq, template)", "members", "grp, position"),
    ("found_needs (grp, position, needed)", "needs", "grp, position, needed"),
    ("retired_ids (id)", "retired_ids", "id"),
    ("executor_state (executor, key, value)", "executor_state", "rowid"),
    ("denials (executor, lines, at)", "denials", "executor, lines"),
    ("consumers (consumer, event)", "consumers", "consumer"),
];

/// What there is of the damaged database.
pub(super) struct Found<'a> {
    database: &'a Connection,
    /// How many tasks there were.
    pub(super) were: Option<u64>,
    /// The last number that was given to a task.
    pub(super) last: i64,
    /// All members of groups and all that they need were read.
    pub(super) has_members: bool,
}

impl<'a> Found<'a> {
    /// Reads all pages of the file.
    pub(super) fn gather(database: &'a Connection, damaged: &Path, page_size: usize) -> Result<Self> {
        database.execute_batch(TABLES)?;
        let mut found = Self { database, were: None, last: 0, has_members: false };
        let failed = |error: io::Error| Error::folder(damaged, &error);
        let mut pages = Pages::open(damaged, page_size).map_err(failed)?;
        let transaction = database.unchecked_transaction()?;
        pages.rows::<Failure>(|row, columns| Ok(found.sort(row, columns)?)).map_err(|Failure(error)| error)?;
        found.has_members = found.by_table(damaged)?;
        transaction.commit()?;
        Ok(found)
    }

    /// Removes the tables again.
    pub(super) fn forget(&self) -> Result<()> {
        Ok(self.database.execute_batch(FORGET)?)
    }

    fn sort(&mut self, row: i64, columns: Vec<Value>) -> Result<()> {
        use Value::{Blob, Integer, Null, Text};
        let table = match columns.as_slice() {
            [Null, Text(_), Text(_), Integer(_), Integer(_), _, _, _, _, Text(state), Integer(_), ..]
                if TASK.contains(&columns.len()) && STATES.contains(&state.as_str()) =>
            {
                "found_tasks"
            }
            [Null, Text(_), Blob(_)] => "found_inputs",
            [Null, Text(_) | Null, _, Text(_) | Null, Text(_) | Null, _, _, _] => "found_results",
            [Null, Blob(_), Integer(_)] => "found_environments",
            [Null, Blob(_)] => "found_contents",
            [Null, Text(_), Text(_), Text(_), _, _, Blob(_), ..] if columns.len() == 16 => "found_groups",
            [
                Null,
                Integer(pending),
                Integer(running),
                Integer(ended),
                Integer(failed),
                Integer(cancelled),
                Integer(_),
            ] => {
                self.were = u64::try_from(pending + running + ended + failed + cancelled).ok();
                return Ok(());
            }
            [Text(name), Integer(last)] if name == "tasks" => {
                self.last = self.last.max(*last);
                return Ok(());
            }
            _ => return Ok(()),
        };
        // The first column is the number of the row, which is not in it. A row that is there twice is one.
        let given = vec!["?"; columns.len()].join(", ");
        let names = self.names(table, columns.len())?;
        let sql = format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({given})");
        let values = std::iter::once(Integer(row)).chain(columns.into_iter().skip(1));
        self.database.prepare_cached(&sql)?.execute(params_from_iter(values))?;
        Ok(())
    }

    fn names(&self, table: &str, count: usize) -> Result<String> {
        let mut names = self.database.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
        let names = names.query_map([table], |row| row.get::<_, String>(0))?.take(count);
        Ok(names.collect::<rusqlite::Result<Vec<_>>>()?.join(", "))
    }

    /// Reads the tables that are no list of rows; whether members and what they need could be read to their ends.
    fn by_table(&self, damaged: &Path) -> Result<bool> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let Ok(source) = Connection::open_with_flags(damaged, flags) else { return Ok(false) };
        let mut are_whole = true;
        for (place, table, key) in BY_TABLE {
            let is_whole = self.copy(&source, place, &format!("SELECT * FROM {table} ORDER BY {key}"))?;
            if !is_whole {
                let back = key.replace(", ", " DESC, ");
                self.copy(&source, place, &format!("SELECT * FROM {table} ORDER BY {back} DESC"))?;
                are_whole &= !place.starts_with("found_");
            }
        }
        Ok(are_whole)
    }

    /// Copies rows up to the first that cannot be read; whether there was none such.
    fn copy(&self, source: &Connection, place: &str, query: &str) -> Result<bool> {
        let Ok(mut statement) = source.prepare(query) else { return Ok(false) };
        let count = statement.column_count();
        let given = vec!["?"; count].join(", ");
        let Ok(mut rows) = statement.query([]) else { return Ok(false) };
        let mut put = self.database.prepare(&format!("INSERT OR IGNORE INTO {place} VALUES ({given})"))?;
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let values = (0..count).map(|column| row.get::<_, Value>(column));
                    // A value that the schema does not allow comes from a damaged page.
                    if let Ok(values) = values.collect::<rusqlite::Result<Vec<_>>>()
                        && let Err(error) = put.execute(params_from_iter(values))
                    {
                        tracing::debug!(%error, place, "a row is left out");
                    }
                }
                Ok(None) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }
}

/// What ends the reading of pages.
struct Failure(Error);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(Error::folder("the copy of the damaged database", &error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}
