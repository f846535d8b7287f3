//! 02: death at each system call that changes a file.

use super::{
    QUIET, migrated, runs,
    strace::{self, Attached, Fault, threads},
    whole,
};
use crate::{
    faults::oracle::{self, database},
    sandbox::{Sandbox, eventually, is_alive},
};
use hob_fault_case::Case;
use rusqlite::Connection;
use std::collections::BTreeSet;

/// The calls with which hob changes files; on some machines some of them do not exist.
pub(super) const CHANGES: [&str; 8] = [
    "pwrite64",
    "fdatasync",
    "fsync",
    "ftruncate",
    "?unlink,?unlinkat",
    "?rename,?renameat",
    "?mkdir,?mkdirat",
    "write",
];
/// The most calls of one kind that a command is thought to make.
const FAR: u64 = 1_000;

/// Has `try_at` die at calls of each kind, at each in turn until it dies no more; for a short case at `few` of them by
/// chance. It says whether it died. Gives the number of deaths.
pub(super) fn sweep(case: &mut Case, calls: &[&str], few: usize, mut try_at: impl FnMut(&str, u64) -> bool) -> u64 {
    if case.scale(false, true) {
        return calls.iter().map(|call| (1..FAR).take_while(|n| try_at(call, *n)).count() as u64).sum();
    }
    let mut deaths = 0;
    for n in 0..few {
        // Of the first there are many, of the others few or none.
        let call = if n == 0 { calls[0] } else { calls[case.chance().usize(..calls.len())] };
        let nth = case.chance().u64(if n == 0 { 1..=25 } else { 1..=3 });
        deaths += u64::from(try_at(call, nth) || n == 0 && try_at(call, 1));
    }
    deaths
}

#[test]
fn f02_a_first_dispatch_that_dies_leaves_a_whole_database_or_none() {
    let mut case = Case::begin(2);
    let deaths = sweep(&mut case, &CHANGES, 8, |call, n| {
        let sandbox = Sandbox::with_config(QUIET);
        dispatch(&sandbox, call, n, "it")
    });
    case.end("deaths at a system call of the first dispatch", deaths, 0, 0, "");
}

#[test]
fn f02_a_dispatch_that_dies_keeps_what_it_acknowledged() {
    let mut case = Case::begin(2);
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["dispatch", "shell", "true", "--id", "before"]);
    let mut ids = BTreeSet::from(["before".to_owned()]);
    let deaths = sweep(&mut case, &CHANGES, 8, |call, n| {
        let id = format!("t{}", ids.len());
        ids.insert(id.clone());
        dispatch(&sandbox, call, n, &id)
    });
    oracle::sound(&sandbox, &ids);
    case.end("deaths at a system call of a dispatch", deaths, 0, 0, "");
}

/// A dispatch that dies, and its repetition. Whether it died.
fn dispatch(sandbox: &Sandbox, call: &str, n: u64, id: &str) -> bool {
    let args = ["dispatch", "shell", "true", "--id", id];
    let died = strace::hob(sandbox, call, Fault::Death, n, args);
    let acknowledged = died.ran.stdout.contains(id);
    assert!(died.injected.is_some() || died.ran.code == 0, "{call} {n}: {:?}", died.ran);
    let listed = sandbox.ok(["list", "--all", "--json"]);
    assert!(!acknowledged || listed.contains(&format!("\"{id}\"")), "{call} {n}: acknowledged and lost");
    assert_eq!(sandbox.ok(args).trim(), id, "{call} {n}");
    assert_eq!(whole(&database(sandbox)).keys().filter(|task| *task == id).count(), 1, "{call} {n}");
    died.injected.is_some()
}

/// What one task is to do: it says that it ran, and says something.
fn command(id: &str) -> String {
    format!("echo {id} >> ran; echo said by {id}")
}

/// After a worker died: the next one ends all tasks, each of which ran once at most; one that completed did run, and
/// what it said is there.
#[track_caller]
fn settled(sandbox: &Sandbox, id: &str, place: &str) {
    let state = || whole(&database(sandbox))[id].clone();
    // A daemon that follows the dead one may have it.
    eventually("it has ended", || {
        // Whoever sees its worker die again and again sets the executor aside, as here.
        sandbox.ok(["executors", "shell", "--let-go"]);
        sandbox.ok(["work"]);
        !matches!(state().as_str(), "pending" | "running")
    });
    let state = state();
    let ran = runs(sandbox).get(id).copied().unwrap_or_default();
    match state.as_str() {
        "completed" => {
            assert_eq!(ran, 1, "{place}: {id}");
            assert_eq!(sandbox.ok(["output", id, "--log"]), format!("said by {id}\n"), "{place}");
        }
        "failed" => {
            assert!(ran <= 1, "{place}: {id} ran {ran} times");
            assert_eq!(sandbox.show(id)["failure"]["kind"], "worker-lost", "{place}");
        }
        other => panic!("{place}: {id} is {other}"),
    }
}

#[test]
fn f02_a_worker_that_dies_runs_no_task_twice_and_loses_no_result() {
    let mut case = Case::begin(2);
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["dispatch", "shell", "true", "--id", "warm"]);
    sandbox.ok(["work"]);
    let mut ids = BTreeSet::from(["warm".to_owned()]);
    // Not `write`: the shells of the tasks would die of it.
    let deaths = sweep(&mut case, &CHANGES[..7], 6, |call, n| {
        let id = format!("t{}", ids.len());
        ids.insert(id.clone());
        sandbox.ok(["dispatch", "shell", &command(&id), "--id", &id]);
        let died = strace::hob(&sandbox, call, Fault::Death, n, ["work", "--once"]);
        settled(&sandbox, &id, &format!("{call} {n}"));
        died.injected.is_some()
    });
    oracle::sound(&sandbox, &ids);
    case.end("deaths at a system call of a lazy worker", deaths, 0, 0, "");
}

#[test]
fn f02_a_daemon_whose_claim_or_finish_dies_runs_no_task_twice_and_loses_no_result() {
    let mut case = Case::begin(2);
    let sandbox = Sandbox::with_config(&format!("max_background_tasks = 1\n{QUIET}"));
    let mut ids = BTreeSet::new();
    let mut deaths = 0;
    // The writer's thread makes the commits of claim and finish, the slot's the file of the output.
    for (thread, calls) in
        [("writer", ["pwrite64", "fdatasync", "ftruncate"]), ("slot-1", ["write", "fdatasync", "fsync"])]
    {
        deaths += sweep(&mut case, &calls, 3, |call, n| {
            sandbox.ok(["daemon", "start"]);
            let (warm, id) = (format!("w{}", ids.len()), format!("t{}", ids.len()));
            ids.extend([warm.clone(), id.clone()]);
            // It makes the thread of the slot, and gives it its buffers.
            sandbox.ok(["dispatch", "shell", "true", "--id", &warm, "--wait"]);
            let daemon = sandbox.daemon_pid();
            let trap = Attached::to(&sandbox, &threads(daemon, &[thread]), call, Fault::Death, Some(n));
            sandbox.ok(["dispatch", "shell", &command(&id), "--id", &id]);
            let ended = || matches!(whole(&database(&sandbox))[&id].as_str(), "completed" | "failed");
            eventually("it ended, or the daemon died", || !is_alive(daemon) || ended());
            drop(trap);
            let died = !is_alive(daemon);
            sandbox.run(["daemon", "stop"]);
            settled(&sandbox, &id, &format!("{thread} {call} {n}"));
            died
        });
    }
    oracle::sound(&sandbox, &ids);
    case.end("deaths at a system call of a claim or a finish", deaths, 0, 0, "");
}

#[test]
fn f02_a_migration_that_dies_leaves_the_old_schema_or_the_new_one() {
    let mut case = Case::begin(2);
    let deaths = sweep(&mut case, &CHANGES[..7], 8, |call, n| {
        let sandbox = Sandbox::with_config(QUIET);
        migrated::leave(&sandbox);
        let died = strace::hob(&sandbox, call, Fault::Death, n, ["list", "--all"]);
        let tasks = migrated::TASKS.map(|(id, state)| (id.to_owned(), state.to_owned())).into();
        assert_eq!(whole(&database(&sandbox)), tasks, "{call} {n}");
        let copy = sandbox.state().join("hob.db.v1.bak");
        if schema(&database(&sandbox)) > 1 {
            assert_eq!((schema(&copy), whole(&copy)), (1, tasks.clone()), "{call} {n}: migrated without a copy");
        }
        sandbox.ok(["list", "--all"]);
        assert_eq!(whole(&database(&sandbox)), tasks, "{call} {n}");
        assert!(schema(&database(&sandbox)) > 1 && schema(&copy) == 1, "{call} {n}");
        died.injected.is_some()
    });
    case.end("deaths at a system call of a migration", deaths, 0, 0, "");
}

fn schema(database: &std::path::Path) -> i64 {
    let database = Connection::open(database).expect("opens");
    database.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version")
}
