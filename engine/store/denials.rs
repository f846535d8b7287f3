//! What tasks were denied, by executor: the configuration lines that would have allowed it.

use crate::{
    error::Result,
    transaction::{Changes, View},
};
use hob_core::{ExecutorName, Timestamp};
use rusqlite::params;

/// Lines kept of an executor. 100: a component that tries every host of the web fills no database.
const KEPT: u32 = 100;
/// Bytes of lines; what is longer nobody would grant.
const LONGEST: usize = 8 << 10;

const NOTE: &str = "
    INSERT INTO denials (executor, lines, at) VALUES (?1, ?2, ?3)
    ON CONFLICT (executor, lines) DO UPDATE SET at = excluded.at";
const FORGET: &str = "
    DELETE FROM denials WHERE executor = ?1
    AND lines NOT IN (SELECT lines FROM denials WHERE executor = ?1 ORDER BY at DESC, lines LIMIT ?2)";
const LIST: &str = "SELECT lines FROM denials WHERE executor = ?1 ORDER BY at, lines";

impl Changes<'_> {
    /// Notes what a task of the executor was denied, each as the lines that would have allowed it.
    pub fn note_denials(&self, executor: &ExecutorName, lines: &[String], at: Timestamp) -> Result<()> {
        for lines in lines.iter().filter(|lines| (1..=LONGEST).contains(&lines.len())) {
            self.run(NOTE, params![executor.as_str(), lines, at.0])?;
        }
        self.run(FORGET, params![executor.as_str(), KEPT])?;
        Ok(())
    }
}

impl View<'_> {
    /// What tasks of the executor were denied, as [`Changes::note_denials`] noted it: what was last is last.
    pub fn denials(&self, executor: &ExecutorName) -> Result<Vec<String>> {
        self.all(LIST, [executor.as_str()], |row| Ok(row.get(0)?))
    }
}
