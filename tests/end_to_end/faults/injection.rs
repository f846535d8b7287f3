//! Death, errors and full disks at chosen or random moments (01 to 06).

mod backups;
mod disk;
mod failing_sync;
mod full_disk;
mod migrated;
mod power_cut;
mod random_death;
mod recording;
mod strace;
mod system_calls;

use crate::sandbox::Sandbox;
use rusqlite::{Connection, OpenFlags};
use std::{collections::BTreeMap, path::Path};

/// Nothing runs but what a test starts.
const QUIET: &str = "notifications = false\n\n[daemon]\nautostart = false\n";

/// Whether a database file is whole, and the state of each of its tasks.
#[track_caller]
fn whole(database: &Path) -> BTreeMap<String, String> {
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let check: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    let mut query = database.prepare("SELECT id, state FROM tasks").expect("a query");
    let tasks = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    tasks.collect::<Result<_, _>>().expect("tasks")
}

/// How often each task ran, by the file to which each appends its id.
fn runs(sandbox: &Sandbox) -> BTreeMap<String, u64> {
    let mut runs = BTreeMap::new();
    for id in sandbox.read("ran").lines() {
        *runs.entry(id.to_owned()).or_default() += 1;
    }
    runs
}
