//! The stores of executors: small values that outlive a task.

use crate::{
    error::{Error, Result},
    rows,
    transaction::{Changes, View},
};
use hob_core::ExecutorName;
use rusqlite::{OptionalExtension, params};

const GET: &str = "SELECT value FROM executor_state WHERE executor = ?1 AND key = ?2";
const SET: &str = "
    INSERT INTO executor_state (executor, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT (executor, key) DO UPDATE SET value = excluded.value";
const DELETE: &str = "DELETE FROM executor_state WHERE executor = ?1 AND key = ?2";
const KEYS: &str = "
    SELECT key FROM executor_state WHERE executor = ?1 AND substr(key, 1, length(?2)) = ?2 ORDER BY key";
const USAGE: &str = "SELECT bytes FROM executor_usage WHERE executor = ?1";
const LENGTH: &str = "SELECT length(value) FROM executor_state WHERE executor = ?1 AND key = ?2";

impl View<'_> {
    /// The value of a key.
    pub fn value(&self, executor: &ExecutorName, key: &str) -> Result<Option<Vec<u8>>> {
        let mut statement = self.database.prepare_cached(GET)?;
        Ok(statement.query_row([executor.as_str(), key], |row| row.get(0)).optional()?)
    }

    /// The keys that begin with `prefix`, sorted.
    pub fn keys(&self, executor: &ExecutorName, prefix: &str) -> Result<Vec<String>> {
        self.all(KEYS, [executor.as_str(), prefix], |row| Ok(row.get(0)?))
    }

    fn number(&self, sql: &str, values: impl rusqlite::Params) -> Result<Option<u64>> {
        Ok(self.database.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?.map(rows::count))
    }
}

impl Changes<'_> {
    /// Sets a key, unless all keys and values of the executor together would exceed `quota` bytes.
    pub fn set_value(&self, executor: &ExecutorName, key: &str, value: &[u8], quota: u64) -> Result<()> {
        let used = self.number(USAGE, [executor.as_str()])?.unwrap_or(0);
        let replaced = self.number(LENGTH, [executor.as_str(), key])?.map_or(0, |bytes| bytes + key.len() as u64);
        let needed = used.saturating_sub(replaced).saturating_add(key.len() as u64).saturating_add(value.len() as u64);
        if needed > quota {
            return Err(Error::QuotaExceeded { executor: executor.clone(), needed, quota });
        }
        self.run(SET, params![executor.as_str(), key, value])?;
        Ok(())
    }

    /// Removes a key, if it is there.
    pub fn delete_value(&self, executor: &ExecutorName, key: &str) -> Result<()> {
        self.run(DELETE, [executor.as_str(), key])?;
        Ok(())
    }
}
