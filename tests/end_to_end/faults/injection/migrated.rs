//! A state folder as an older hob left it.

use crate::sandbox::Sandbox;
use rusqlite::Connection;
use std::fs;

/// The schema that the first hob had.
const FIRST: &str = include_str!("../../../../engine/store/migrations/1.sql");
/// hob's mark in the header of its databases.
const APPLICATION_ID: i32 = 0x686f_6244;

/// The tasks that are in it, with their states.
pub const TASKS: [(&str, &str); 2] = [("done", "completed"), ("waits", "pending")];

/// Puts a database of schema 1 there, with a task that has completed and one that waits.
pub fn leave(sandbox: &Sandbox) {
    fs::create_dir_all(sandbox.state()).expect("made");
    let path = sandbox.state().join("hob.db");
    let database = Connection::open(&path).expect("opens");
    database.execute_batch("PRAGMA journal_mode = WAL; BEGIN;").expect("begins");
    database.execute_batch(FIRST).expect("the schema");
    database
        .execute_batch(
            "INSERT INTO executors (executor, blocked) VALUES ('shell', NULL);
            INSERT INTO tasks (id, executor, priority, created, state, attempt)
            VALUES ('done', 'shell', 1, 0, 'pending', 0), ('waits', 'shell', 1, 0, 'pending', 0);
            INSERT INTO inputs (seq, params, cwd) SELECT seq, '{\"command\":\"true\"}', x'2f' FROM tasks;
            INSERT INTO results (seq, summary) VALUES (1, 'ok');
            UPDATE tasks SET state = 'running', attempt = 1, worker = 'w', started = 1 WHERE seq = 1;
            UPDATE tasks SET state = 'completed', worker = NULL, finished = 2 WHERE seq = 1;",
        )
        .expect("the tasks");
    database.pragma_update(None, "application_id", APPLICATION_ID).expect("set");
    database.pragma_update(None, "user_version", 1).expect("set");
    database.execute_batch("COMMIT").expect("commits");
    drop(database);
    fs::write(sandbox.state().join("hob.db.marker"), "There is a database beside this file.\n").expect("written");
}
