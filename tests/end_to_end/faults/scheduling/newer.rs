//! A newer hob takes the database over while an older one works.

use super::pid;
use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually, is_alive},
};
use rusqlite::Connection;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

/// Everything that the database says of tasks and workers, as text.
fn content(database: &Connection) -> Vec<String> {
    let rows = |sql: &str| {
        let mut query = database.prepare(sql).expect("a query");
        let rows = query.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        rows.collect::<Result<Vec<_>, _>>().expect("text")
    };
    let tasks =
        "SELECT concat_ws('|', id, state, attempt, worker, started, finished, progress) FROM tasks ORDER BY seq";
    [rows(tasks), rows("SELECT worker FROM workers ORDER BY worker"), rows("SELECT concat(event, '') FROM events")]
        .concat()
}

#[test]
fn f64_an_old_daemon_notices_a_newer_database_writes_nothing_more_and_the_new_one_takes_over() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    let hob = sandbox.file("bin/hob", "");
    fs::copy(env!("CARGO_BIN_EXE_hob"), &hob).expect("copied");
    let started = sandbox.command(&hob).args(["daemon", "start"]).output().expect("starts");
    assert!(started.status.success(), "{started:?}");
    let gate = sandbox.pipe("gate");
    // A daemon that lived for less than a second has no successor.
    let command = "echo x >> ran; sleep 1.1; echo $$ > near; read line < gate; exec sleep 600";
    sandbox.ok(["dispatch", "shell", command, "--id", "runs"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    let near = pid(&sandbox, "near");
    let old = sandbox.daemon_pid();

    // The newer hob: another file in the old one's place, which goes on once it has its own database again.
    let new = sandbox.file(
        "bin/hob.new",
        format!("#!/bin/sh\necho \"$@\" > took-over\nread line < ready\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_hob")),
    );
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("a program");
    let script = fs::read_to_string(&new).expect("read");
    let script = script.replace("took-over", &sandbox.work().join("took-over").display().to_string());
    fs::write(&new, script.replace("< ready", &format!("< '{}'", sandbox.pipe("ready").display()))).expect("written");
    fs::rename(&new, &hob).expect("replaced");
    let database = Connection::open(oracle::database(&sandbox)).expect("opens");
    let version: u32 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    let since = Instant::now();
    database.execute_batch(&format!("PRAGMA user_version = {}", version + 1)).expect("migrates");
    let before = content(&database);
    // As every hob does when it has migrated.
    hob_rings(&sandbox);
    eventually("the old one is gone", || !is_alive(old));
    let took = since.elapsed();
    assert!(took < Duration::from_secs(1), "noticed after {took:?}");
    eventually("its task is gone", || !is_alive(near));
    eventually("the new one is started in its place", || !sandbox.read("took-over").is_empty());
    assert_eq!(sandbox.read("took-over"), "daemon start\n");
    assert_eq!(content(&database), before, "nothing was written in the old form");
    let refused = sandbox.run(["status"]);
    assert_eq!(refused.code, 70, "{refused:?}");
    assert!(refused.stderr.contains(&format!("{}", version + 1)), "{refused:?}");

    database.execute_batch(&format!("PRAGMA user_version = {version}")).expect("its own again");
    drop(database);
    fs::write(sandbox.work().join("ready"), "go\n").expect("the new one goes on");
    assert_eq!(sandbox.wait(&["waits"]), 0);
    assert_eq!(sandbox.wait(&["runs"]), 1);
    assert_eq!(sandbox.show("runs")["failure"]["kind"], "worker-lost");
    assert_eq!(sandbox.read("ran"), "x\n");
    drop(gate);
    oracle::sound(&sandbox, &["runs", "waits"].map(str::to_owned).into_iter().collect());
}

fn hob_rings(sandbox: &Sandbox) {
    use std::io::Write as _;
    let bell = fs::OpenOptions::new().write(true).open(sandbox.state().join("bell"));
    bell.and_then(|mut bell| bell.write_all(b".")).expect("rings");
}
