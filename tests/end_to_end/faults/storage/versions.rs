use super::{at_rest, files, listed, raw};
use crate::sandbox::Sandbox;
use rusqlite::Connection;
use std::fs;

/// The schemas as they were released, and rows that each of them allowed. A released one is never edited.
const SCHEMAS: [&str; 3] = [
    include_str!("../../../../engine/store/migrations/1.sql"),
    include_str!("../../../../engine/store/migrations/2.sql"),
    include_str!("../../../../engine/store/migrations/3.sql"),
];
const ROWS: &str = "
    INSERT INTO executors (executor) VALUES ('shell');
    INSERT INTO tasks (id, executor, priority, created, session, state, attempt)
    VALUES ('old-done', 'shell', 1, 1700000000000, 's', 'pending', 0),
        ('old-failed', 'shell', 2, 1700000000000, NULL, 'pending', 0),
        ('old-waits', 'shell', 0, 1700000000000, NULL, 'pending', 0);
    INSERT INTO inputs (seq, params, cwd) SELECT seq, '{\"command\":\"echo ran\"}', x'2f' FROM tasks;
    INSERT INTO results (seq, summary) VALUES (1, 'did it');
    INSERT INTO results (seq, kind, message, retryable) VALUES (2, 'executor', 'did not', 0);
    UPDATE tasks SET state = 'running', attempt = 1, worker = 'w', started = 1700000001000 WHERE seq < 3;
    UPDATE tasks SET state = 'completed', worker = NULL, finished = 1700000002000 WHERE seq = 1;
    UPDATE tasks SET state = 'failed', worker = NULL, finished = 1700000002000 WHERE seq = 2;";

/// A database as a hob of that schema left it.
fn old(sandbox: &Sandbox, version: u32) {
    sandbox.ok(["list"]);
    for file in ["hob.db", "hob.db-wal", "hob.db-shm"] {
        let _ = fs::remove_file(sandbox.state().join(file));
    }
    let database = Connection::open(sandbox.state().join("hob.db")).expect("made");
    for schema in SCHEMAS.iter().take(version as usize) {
        database.execute_batch(schema).expect("as it was released");
    }
    let marks =
        format!("PRAGMA application_id = 0x686f6244; PRAGMA user_version = {version}; PRAGMA journal_mode = WAL;");
    database.execute_batch(&format!("{ROWS}{marks}")).expect("rows");
}

#[test]
fn f10_each_older_schema_is_migrated_after_a_copy_was_kept() {
    for version in [1_u32, 2, 3] {
        let sandbox = at_rest();
        old(&sandbox, version);
        assert_eq!(listed(&sandbox).len(), 3, "schema {version}");
        assert_eq!(sandbox.show("old-done")["result"]["summary"], "did it");
        assert_eq!(sandbox.show("old-failed")["failure"]["message"], "did not");
        let kept = sandbox.state().join(format!("hob.db.v{version}.bak"));
        let copy = Connection::open(&kept).expect("a copy");
        let found: u32 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a number");
        assert_eq!(found, version, "the copy is from before");
        drop(copy);
        assert_eq!(sandbox.ok(["output", "old-waits", "--wait", "--log"]), "ran\n", "what waited runs");
        assert_eq!(sandbox.json(["doctor", "--json"])["ok"], true);
        // The copy is a way back to before.
        sandbox.ok(["restore".as_ref(), kept.as_os_str()]);
        assert_eq!(sandbox.state_of("old-waits"), "pending");
    }
}

#[test]
fn f10_a_migration_that_cannot_end_leaves_the_older_schema_as_it_was() {
    let sandbox = at_rest();
    old(&sandbox, 1);
    // The second of two migrations meets what it does not expect; what the first one did goes with it.
    raw(&sandbox).execute_batch("CREATE TABLE denials (x); PRAGMA wal_checkpoint(TRUNCATE);").expect("in the way");
    let before = fs::read(sandbox.state().join("hob.db")).expect("read");
    sandbox.run(["list"]).refused(70, &["denials"]);
    assert_eq!(fs::read(sandbox.state().join("hob.db")).expect("read"), before);
    let version = |name: &str| {
        let database = Connection::open(sandbox.state().join(name)).expect("opens");
        database.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).expect("a number")
    };
    assert_eq!((version("hob.db"), version("hob.db.v1.bak")), (1, 1));
    raw(&sandbox).execute_batch("DROP TABLE denials").expect("out of the way");
    assert_eq!(listed(&sandbox).len(), 3);
}

#[test]
fn f10_a_newer_schema_is_refused_everywhere_with_what_is_needed() {
    let sandbox = at_rest();
    sandbox.ok(["dispatch", "shell", "true", "--id", "kept"]);
    let backup = sandbox.work().join("backup");
    sandbox.ok(["backup".as_ref(), backup.as_os_str()]);
    raw(&sandbox).execute_batch("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);").expect("newer");
    let before = files(&sandbox);
    for args in
        [["list"].as_slice(), &["status"], &["dispatch", "shell", "true"], &["backup", "other"], &["daemon", "start"]]
    {
        sandbox.run(args).refused(70, &["hob.db", "99", "update this hob"]);
    }
    assert_eq!(files(&sandbox), before);
    // Nor is one restored.
    let newer = backup.join("hob.db");
    Connection::open(&newer).expect("opens").execute_batch("PRAGMA user_version = 99").expect("newer");
    sandbox.run(["restore".as_ref(), backup.as_os_str()]).refused(2, &["99", "update this hob"]);
    assert_eq!(files(&sandbox), before);
}
