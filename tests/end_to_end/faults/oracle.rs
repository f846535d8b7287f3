//! What has to hold after every case.

use crate::sandbox::{Sandbox, eventually};
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Ends the daemon, then: the database is whole, every acknowledged id is in it, and no process of the sandbox is left.
#[track_caller]
pub fn sound(sandbox: &Sandbox, acknowledged: &BTreeSet<String>) {
    // One that was killed has a successor, which may only just be starting.
    eventually("every process of the sandbox is gone", || {
        let _ = sandbox.run(["daemon", "stop"]);
        processes(sandbox).is_empty()
    });
    let database = Connection::open_with_flags(database(sandbox), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("opens");
    let check: String = database.query_row("PRAGMA quick_check", [], |row| row.get(0)).expect("a check");
    assert_eq!(check, "ok");
    let missing: Vec<String> = acknowledged.difference(&ids(&database)).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "acknowledged, and not there");
}

/// The database file of the sandbox.
pub fn database(sandbox: &Sandbox) -> PathBuf {
    sandbox.state().join("hob.db")
}

fn ids(database: &Connection) -> BTreeSet<String> {
    let mut query = database.prepare("SELECT id FROM tasks").expect("a query");
    let ids = query.query_map([], |row| row.get(0)).expect("rows");
    ids.collect::<Result<_, _>>().expect("ids")
}

/// Processes that belong to the sandbox: their working folder or their environment is in it.
pub fn processes(sandbox: &Sandbox) -> Vec<i32> {
    let root = sandbox.home().parent().expect("the sandbox's folder").to_owned();
    let all = fs::read_dir("/proc").expect("the table of processes").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| pid != std::process::id().cast_signed() && belongs(pid, &root)).collect()
}

fn belongs(pid: i32, root: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    if fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(root)) {
        return true;
    }
    let environment = fs::read(process.join("environ")).unwrap_or_default();
    let root = root.as_os_str().as_bytes();
    environment.windows(root.len()).any(|part| part == root)
}
