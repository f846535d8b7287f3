//! Databases that are damaged, foreign, newer, busy or gone (07 to 17).

use crate::sandbox::Sandbox;
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

mod access;
mod backups;
mod busy;
mod damage;
mod gone;
mod size;
mod versions;

/// Nobody runs tasks unless the test says so.
fn at_rest() -> Sandbox {
    Sandbox::with_config("[daemon]\nautostart = false\n")
}

/// The database as another program would open it.
fn raw(sandbox: &Sandbox) -> Connection {
    let database = Connection::open(sandbox.state().join("hob.db")).expect("opens");
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA secure_delete = ON;").expect("set");
    database
}

/// Adds tasks as the store would, by hundreds of thousands if need be: `pending` and `finished` ones.
fn fill(sandbox: &Sandbox, pending: u32, finished: u32) {
    sandbox.ok(["dispatch", "shell", "true", "--id", "first"]);
    raw(sandbox)
        .execute_batch(&format!(
            "BEGIN;
            CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})
                SELECT i FROM n WHERE {0} > 0;
            INSERT INTO tasks (id, executor, priority, created, state, attempt)
                SELECT printf('t-%07d', i), 'shell', i % 3, 1700000000000 + i, 'pending', 0 FROM n;
            INSERT INTO inputs (seq, params, cwd)
                SELECT seq, json_object('command', 'true # ' || hex(zeroblob(40))), x'2f' FROM tasks WHERE seq > 1;
            INSERT INTO results (seq, summary)
                SELECT seq, 'did ' || id FROM tasks WHERE seq BETWEEN 2 AND 1 + {1};
            UPDATE tasks SET state = 'running', attempt = 1, worker = 'w', started = created + 1
                WHERE seq BETWEEN 2 AND 1 + {1};
            UPDATE tasks SET state = 'completed', worker = NULL, finished = created + 2 WHERE state = 'running';
            COMMIT;
            PRAGMA wal_checkpoint(TRUNCATE);",
            pending + finished,
            finished
        ))
        .expect("filled");
}

/// What is in a file; a failed comparison shows its size and a sum of it.
#[derive(Clone, PartialEq, Eq)]
struct Content(Vec<u8>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sum = std::hash::DefaultHasher::new();
        self.0.hash(&mut sum);
        write!(f, "{} bytes, {:x}", self.0.len(), sum.finish())
    }
}

/// Every file of the state folder but those that hold no data.
fn files(sandbox: &Sandbox) -> BTreeMap<PathBuf, Content> {
    let mut found = BTreeMap::new();
    let mut folders = vec![sandbox.state()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("listed") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            // Locks, and the index of the log, which is made anew when it is opened.
            if path.extension().is_some_and(|extension| extension == "lock") || name.ends_with("-shm") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = fs::read(&path).expect("read");
            // So is a log without anything in it.
            if !(name.ends_with("-wal") && content.is_empty()) {
                found.insert(path, Content(content));
            }
        }
    }
    found
}

/// The ids that `hob list` shows.
#[track_caller]
fn listed(sandbox: &Sandbox) -> BTreeSet<String> {
    let tasks = sandbox.json(["list", "--all", "--json"]);
    let tasks = tasks.as_array().expect("a list");
    tasks.iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}

/// What `hob doctor` says of the database: its status and everything that it says.
fn diagnosis(sandbox: &Sandbox) -> (String, String) {
    let ran = sandbox.run(["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["check"] == "database").expect("a line on the database");
    let status = check["status"].as_str().expect("a status").to_owned();
    assert_eq!(ran.code, i32::from(report["ok"] == false), "{ran:?}");
    (status, check.to_string())
}

/// Salvages and restores; where what was there before is.
#[track_caller]
fn salvage_and_restore(sandbox: &Sandbox) -> PathBuf {
    let salvaged = sandbox.json(["doctor", "--salvage", "--json"]);
    let restored = sandbox.json(["restore", salvaged["path"].as_str().expect("a folder"), "--json"]);
    Path::new(restored["replaced"].as_str().expect("kept")).to_owned()
}
