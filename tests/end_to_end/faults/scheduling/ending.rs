//! Ways in which a daemon is made to end.

use super::{all, batch, pid, wait};
use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually, is_alive, kill},
};
use nix::sys::signal::Signal::SIGTERM;
use std::{
    fs,
    time::{Duration, Instant},
};

#[test]
fn f29_asked_to_end_it_claims_nothing_more_and_what_finishes_within_the_grace_has_not_failed() {
    let sandbox = Sandbox::with_config("[cancel]\ngrace = \"20s\"\n");
    let command = |n: usize| format!("echo {n} >> began; until [ -e gate ]; do sleep 0.01; done; echo {n} >> done");
    let ids = batch(&sandbox, (0..8).map(|n| (format!("t{n}"), command(n))));
    eventually("five run", || sandbox.read("began").lines().count() == 5);
    let daemon = sandbox.daemon_pid();
    kill(daemon, SIGTERM);
    eventually("it has been asked", || sandbox.ok(["daemon", "log", "--tail", "50"]).contains("asked to end"));
    sandbox.file("gate", "");
    eventually("it is gone", || !is_alive(daemon));
    let began = sandbox.read("began").lines().count();
    let done: Vec<String> = sandbox.read("done").lines().map(|n| format!("t{n}")).collect();
    assert_eq!((began, done.len()), (5, 5), "no other was claimed, and all had their grace");
    for id in &ids {
        let state = sandbox.state_of(id);
        assert_eq!(state, if done.contains(id) { "completed" } else { "pending" }, "{id}");
    }
    // The others are for the next one.
    sandbox.ok(["daemon", "start"]);
    assert_eq!(wait(&sandbox, &ids), 0);
    assert_eq!(sandbox.read("done").lines().count(), 8);
    oracle::sound(&sandbox, &ids.into_iter().collect());
}

#[test]
fn f29_asked_a_second_time_it_ends_at_once_with_all_that_it_had_started() {
    let sandbox = Sandbox::with_config("[cancel]\ngrace = \"1h\"\n");
    sandbox.ok(["dispatch", "shell", "trap '' TERM; echo $$ > near; while :; do sleep 600; done", "--id", "stays"]);
    let near = pid(&sandbox, "near");
    let daemon = sandbox.daemon_pid();
    kill(daemon, SIGTERM);
    eventually("it has been asked", || sandbox.ok(["daemon", "log", "--tail", "50"]).contains("asked to end"));
    assert!(is_alive(daemon) && is_alive(near), "it has an hour");
    let since = Instant::now();
    kill(daemon, SIGTERM);
    eventually("both are gone", || !is_alive(daemon) && !is_alive(near));
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    sandbox.ok(["daemon", "start"]);
    assert_eq!(sandbox.wait(&["stays"]), 1);
    assert_eq!(sandbox.show("stays")["failure"]["kind"], "worker-lost");
}

#[test]
fn f29_whoever_logs_out_leaves_the_daemon_and_its_tasks_behind() {
    let sandbox = Sandbox::new();
    let gate = sandbox.pipe("gate");
    // A session of its own, which ends as one does when its terminal goes away.
    let login = "\"$HOB\" dispatch shell 'echo x > ran; read line < gate' --id it; kill -HUP 0";
    let ended =
        // Whoever runs the tests may have been told to ignore that its terminal goes away.
        sandbox.command("env").args(["--default-signal=HUP", "setsid", "-w", "sh", "-c", login]).env("HOB", env!("CARGO_BIN_EXE_hob")).status();
    assert!(!ended.expect("setsid, of util-linux").success(), "it was hung up");
    eventually("it runs", || !sandbox.read("ran").is_empty());
    fs::write(gate, "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["it"]), 0);
}

#[test]
fn f29_a_binary_that_is_replaced_under_load_costs_no_task() {
    let sandbox = Sandbox::new();
    let (hob, new) = (sandbox.file("bin/hob", ""), sandbox.file("bin/hob.new", ""));
    let copy = |to: &std::path::Path| fs::copy(env!("CARGO_BIN_EXE_hob"), to).expect("copied");
    copy(&hob);
    copy(&new);
    let ran = |words: &[&str]| {
        let ended = sandbox.command(&hob).args(words).output().expect("starts");
        assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
    };
    ran(&["daemon", "start"]);
    let ids = batch(&sandbox, (0..60).map(|n| (format!("t{n}"), format!("sleep 0.05; echo {n} >> ran"))));
    let old = sandbox.daemon_pid();
    eventually("some ran", || sandbox.read("ran").lines().count() >= 10);
    fs::rename(&new, &hob).expect("replaced");
    // Before the others, which are to wait still when the old one is stopped.
    ran(&["dispatch", "shell", "true", "--id", "by-the-new", "--priority", "high", "--wait"]);
    // As an upgrade ends: the old one is stopped while it works, and the new one goes on.
    ran(&["daemon", "stop"]);
    eventually("the old one is gone", || !is_alive(old));
    assert!(sandbox.read("ran").lines().count() < 60, "it was stopped while it worked");
    ran(&["daemon", "start"]);
    let exe = fs::read_link(format!("/proc/{}/exe", sandbox.daemon_pid())).expect("a process");
    assert_eq!(exe, hob.canonicalize().expect("there"), "the new one");
    assert_eq!(wait(&sandbox, &ids), 0);
    let finished: std::collections::BTreeSet<String> = sandbox.read("ran").lines().map(|n| format!("t{n}")).collect();
    assert_eq!(finished.len(), 60, "each ran");
    assert!(all(&sandbox).iter().all(|task| task["state"] == "completed"), "what ran was given the time to finish");
    oracle::sound(&sandbox, &ids.into_iter().collect());
}
