//! 04: a disk that does not take what it was given.

use super::{
    QUIET, runs,
    strace::{self, Attached, Fault, threads},
    whole,
};
use crate::{
    faults::oracle::{self, database},
    sandbox::{Sandbox, eventually},
};
use hob_fault_case::Case;
use std::collections::BTreeSet;

const SYNCS: [&str; 2] = ["fdatasync", "fsync"];

#[test]
fn f04_a_dispatch_whose_sync_fails_never_claims_success_and_can_be_repeated() {
    let mut failed = 0;
    let mut unknown = 0;
    let case = Case::begin(4);
    for is_first in [true, false] {
        for call in SYNCS {
            for n in 1.. {
                let sandbox = Sandbox::with_config(QUIET);
                if !is_first {
                    sandbox.ok(["dispatch", "shell", "true"]);
                }
                let args = ["dispatch", "shell", "true", "--id", "it"];
                let done = strace::hob(&sandbox, call, Fault::BadDisk, n, args);
                let Some(line) = done.injected else { break };
                failed += 1;
                let said = &done.ran.stderr;
                // SQLite hides that the name of its log was not synced; hob has done so itself before.
                let is_folder = call == "fdatasync" && line.contains(&format!("{}>", sandbox.state().display()));
                match done.ran.code {
                    0 => assert!(is_folder, "{line}: {said}"),
                    70 => assert!(said.contains(sandbox.state().to_str().expect("text")), "{line}: {said}"),
                    75 => {
                        unknown += 1;
                        assert!(said.contains("the outcome is unknown") && said.contains("--id"), "{line}: {said}");
                    }
                    other => panic!("{line}: {other}: {said}"),
                }
                assert_eq!(done.ran.stdout.trim(), if done.ran.code == 0 { "it" } else { "" }, "{line}");
                assert_eq!(sandbox.ok(args).trim(), "it");
                assert_eq!(whole(&database(&sandbox)).len(), if is_first { 1 } else { 2 }, "{line}");
                oracle::sound(&sandbox, &BTreeSet::from(["it".to_owned()]));
            }
        }
    }
    assert!(unknown >= 2, "a failing commit was not among them");
    case.end(
        "failing syncs of a dispatch",
        failed,
        0,
        0,
        &format!("{unknown} of them said that the outcome is unknown"),
    );
}

#[test]
fn f04_a_lazy_worker_goes_on_after_each_failing_sync_and_runs_no_task_twice() {
    let mut case = Case::begin(4);
    let sandbox = Sandbox::with_config(QUIET);
    let mut ids = BTreeSet::new();
    let most = case.scale(1, 8);
    let some = case.chance().u64(1..=3);
    let first = case.scale(some, 1);
    let mut failed = 0;
    for call in SYNCS {
        for n in first..first + most {
            let id = format!("t{}", ids.len());
            ids.insert(id.clone());
            sandbox.ok(["dispatch", "shell", &format!("echo {id} >> ran"), "--id", &id]);
            let done = strace::hob(&sandbox, call, Fault::BadDisk, n, ["work"]);
            failed += u64::from(done.injected.is_some());
            sandbox.ok(["work"]);
            assert_eq!(runs(&sandbox).get(&id), Some(&1), "{call} {n}: {:?}", done.ran);
            assert_eq!(whole(&database(&sandbox))[&id], "completed", "{call} {n}");
        }
    }
    oracle::sound(&sandbox, &ids);
    case.end("failing syncs of a lazy worker", failed, 0, 0, "");
}

#[test]
fn f04_a_daemon_on_a_bad_disk_claims_no_success_and_goes_on_when_the_disk_does() {
    let case = Case::begin(4);
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["daemon", "start"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "warm", "--wait"]);
    let daemon = sandbox.daemon_pid();
    let ids = BTreeSet::from(["claim", "finish", "warm"].map(str::to_owned));
    let state = |id: &str| whole(&database(&sandbox))[id].clone();
    sandbox.pipe("gate");
    let mut failed = 0;

    let bad = Attached::to(&sandbox, &threads(daemon, &["writer"]), "fdatasync", Fault::BadDisk, None);
    sandbox.ok(["dispatch", "shell", "echo claim >> ran; read line < gate", "--id", "claim"]);
    eventually("the claim has failed, and again after the database was opened anew", || bad.hits() >= 2);
    assert_eq!((state("claim").as_str(), runs(&sandbox).len()), ("pending", 0));
    failed += bad.hits();
    drop(bad);
    eventually("it runs", || runs(&sandbox).contains_key("claim"));

    let bad = Attached::to(&sandbox, &threads(daemon, &["writer"]), "fdatasync", Fault::BadDisk, None);
    std::fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    eventually("its end could not be stored, nor when that was repeated", || bad.hits() >= 2);
    assert_eq!(state("claim"), "running");
    failed += bad.hits();
    drop(bad);
    eventually("its end is stored", || state("claim") == "completed");

    sandbox.ok(["dispatch", "shell", "echo finish >> ran", "--id", "finish", "--wait"]);
    assert_eq!(sandbox.daemon_pid(), daemon, "the same daemon went on");
    assert_eq!(runs(&sandbox), [("claim".to_owned(), 1), ("finish".to_owned(), 1)].into());
    oracle::sound(&sandbox, &ids);
    case.end("failing syncs of a daemon", failed as u64, 0, 0, "");
}

#[test]
fn f04_a_task_whose_output_is_not_on_the_disk_has_not_completed() {
    let sandbox = Sandbox::with_config(&format!("max_background_tasks = 1\n{QUIET}"));
    sandbox.ok(["daemon", "start"]);
    sandbox.ok(["dispatch", "shell", "echo warm", "--id", "warm", "--wait"]);
    let slot = threads(sandbox.daemon_pid(), &["slot-1"]);
    for (n, call) in SYNCS.iter().enumerate() {
        let bad = Attached::to(&sandbox, &slot, call, Fault::BadDisk, Some(1));
        let id = format!("t{n}");
        let ran = sandbox.run(["dispatch", "shell", "echo said", "--id", &id, "--wait"]);
        assert_eq!((ran.code, bad.hits()), (1, 1), "{call}: {ran:?}");
        let failure = &sandbox.show(&id)["failure"];
        assert_eq!(failure["kind"], "internal", "{call}");
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains("its output may be lost") && message.contains("output/"), "{message}");
    }
    // One that says nothing has nothing to lose, and pays nothing.
    let bad = Attached::to(&sandbox, &slot, "fdatasync", Fault::BadDisk, None);
    assert_eq!(sandbox.run(["dispatch", "shell", "true", "--id", "silent", "--wait"]).code, 0);
    assert_eq!(bad.hits(), 0);
}
