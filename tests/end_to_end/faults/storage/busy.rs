use super::{at_rest, raw};
use crate::{
    faults::oracle,
    sandbox::{Ran, Sandbox, eventually},
};
use hob_fault_case::Case;
use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

#[test]
fn f12_a_locked_database_is_said_within_five_seconds_and_the_daemon_resumes() {
    let case = Case::begin(12);
    let held = case.scale(Duration::from_secs(7), Duration::from_mins(1));
    let sandbox = Sandbox::new();
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x > started; read line < gate", "--id", "runs"]);
    for n in 0..8 {
        sandbox.ok(["dispatch", "shell", "true", "--id", &format!("waits-{n}")]);
    }
    eventually("it started", || !sandbox.read("started").is_empty());
    let daemon = sandbox.daemon_pid();
    let lock = raw(&sandbox);
    // Nobody's turn comes before this one's.
    eventually("the database is locked", || lock.execute_batch("BEGIN EXCLUSIVE").is_ok());
    let since = Instant::now();
    // It ends while its end cannot be stored.
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    let ran = Ran::of(&sandbox.hob(["dispatch", "shell", "true", "--id", "late"]).output().expect("hob runs"));
    let waited = since.elapsed();
    ran.refused(75, &["locked", "try again"]);
    assert!(waited > Duration::from_secs(4), "it waited for {waited:?} only");
    assert!(waited < Duration::from_secs(9), "it waited for {waited:?}");
    // Who only reads waits for nobody.
    let since = Instant::now();
    assert_eq!(sandbox.state_of("runs"), "running");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    thread::sleep(held.saturating_sub(waited));
    lock.execute_batch("COMMIT").expect("let go");
    let let_go = Instant::now();
    sandbox.ok(["dispatch", "shell", "true", "--id", "late"]);
    let mut ids: Vec<String> = (0..8).map(|n| format!("waits-{n}")).collect();
    ids.extend(["runs".to_owned(), "late".to_owned()]);
    assert_eq!(sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>()), 0);
    let resumed = let_go.elapsed();
    assert_eq!(sandbox.daemon_pid(), daemon, "it is the same daemon");
    oracle::sound(&sandbox, &ids.into_iter().collect::<BTreeSet<_>>());
    let note = format!("busy after {:.1} s; resumed within {:.1} s", waited.as_secs_f64(), resumed.as_secs_f64());
    case.end("locks held", 1, 0, 0, &note);
}

#[test]
fn f13_the_log_shrinks_when_a_long_reader_is_gone() {
    let case = Case::begin(13);
    let rounds = case.scale(5, 60);
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "first", "--wait"]);
    let log = sandbox.state().join("hob.db-wal");
    let size = || fs::metadata(&log).map_or(0, |data| data.len());
    let reader = raw(&sandbox);
    reader.execute_batch("BEGIN").expect("begun");
    let seen: u32 = reader.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)).expect("a snapshot");
    let command = format!("true # {}", "x".repeat(100_000));
    let line = serde_json::json!({ "executor": "shell", "params": { "command": command } });
    let batch = sandbox.file("batch.jsonl", format!("{line}\n").repeat(40));
    for _ in 0..rounds {
        sandbox.ok(["dispatch".as_ref(), "--batch".as_ref(), batch.as_os_str(), "--quiet".as_ref()]);
    }
    let held = size();
    assert!(held > 16 << 20, "the log grows behind the reader: {held} bytes");
    let still: u32 = reader.query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)).expect("a snapshot");
    assert_eq!(still, seen);
    reader.execute_batch("COMMIT").expect("gone");
    eventually("all have run", || sandbox.json(["status", "--json"])["counts"]["pending"] == 0);
    eventually("the log is small again", || size() <= 16 << 20);
    let after = size();
    sandbox.ok(["daemon", "stop"]);
    assert_eq!(size(), 0, "nothing is left of it");
    case.end("snapshots held", 1, 0, 0, &format!("{} MB behind the reader, {} MB after it", held >> 20, after >> 20));
}

#[test]
fn f13_a_command_that_shows_holds_no_snapshot() {
    let sandbox = at_rest();
    super::fill(&sandbox, 2_000, 0);
    for args in [["list", "--all", "--json"].as_slice(), &["list", "--all"]] {
        // Nobody reads what it prints, so that it stands still in the middle.
        let mut showing = sandbox.hob(args).stdout(Stdio::piped()).spawn().expect("hob starts");
        let mut out = showing.stdout.take().expect("a pipe");
        out.read_exact(&mut [0]).expect("it prints");
        sandbox.ok(["dispatch", "shell", "true"]);
        let busy: bool =
            raw(&sandbox).query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).expect("a checkpoint");
        assert!(!busy, "{args:?} holds a snapshot while it prints");
        out.read_to_end(&mut Vec::new()).expect("read");
        assert!(showing.wait().expect("ends").success());
    }
    // What `hob status` prints fits into the pipe: it is looked at by its locks, of which a snapshot is one.
    let trace = sandbox.work().join("trace");
    let hob = env!("CARGO_BIN_EXE_hob");
    let mut traced = sandbox.command("strace");
    traced.args(["-f", "-o"]).arg(&trace).args(["-e", "trace=fcntl,write"]).arg(hob);
    assert!(traced.arg("status").output().expect("strace runs").status.success());
    let trace = fs::read_to_string(trace).expect("a trace");
    // A snapshot is a shared lock on one of the bytes 123 to 127 of the index of the log.
    let mut held = BTreeSet::new();
    for line in trace.lines() {
        let byte = (123..128).find(|byte| line.contains(&format!("l_start={byte}, l_len=1")));
        match byte {
            Some(byte) if line.contains("F_RDLCK") => drop(held.insert(byte)),
            Some(byte) if line.contains("F_UNLCK") => drop(held.remove(&byte)),
            _ if line.contains("write(1,") => assert!(held.is_empty(), "it prints with a snapshot: {line}"),
            _ => {}
        }
    }
    assert!(trace.contains("write(1,") && trace.contains("F_RDLCK"), "{trace}");
}
