//! Nobody is there but lazy workers.

use super::{claude, hook, recorded};
use crate::sandbox::{Sandbox, eventually, kill};
use nix::sys::signal::Signal;
use std::{fs, process::Stdio};

const ALONE: &str = "[daemon]\nautostart = false\n";

fn completed(sandbox: &Sandbox) -> u64 {
    sandbox.json(["status", "--json"])["counts"]["completed"].as_u64().expect("a number")
}

fn is_stopped(sandbox: &Sandbox) -> bool {
    sandbox.json(["status", "--json"])["daemon"]["state"] == "stopped"
}

/// Kills the daemon and the process that would start another.
fn kill_for_good(sandbox: &Sandbox) {
    let daemon = sandbox.daemon_pid();
    let children = fs::read_to_string(format!("/proc/{daemon}/task/{daemon}/children")).expect("its children");
    for child in children.split_whitespace().map(|pid| pid.parse().expect("a pid")) {
        kill(child, Signal::SIGKILL);
    }
    kill(daemon, Signal::SIGKILL);
    eventually("the daemon is dead", || is_stopped(sandbox));
}

#[test]
fn with_the_daemon_killed_tasks_complete_one_by_one() {
    let sandbox = Sandbox::with_config(ALONE);
    sandbox.ok(["daemon", "start"]);
    kill_for_good(&sandbox);
    for id in ["by-work", "by-hook", "by-wait-1", "by-wait-2", "left"] {
        sandbox.ok(["dispatch", "shell", "echo it ran", "--id", id, "--session", &claude()]);
    }
    assert_eq!(sandbox.ok(["work", "--once"]), "ran 1 task\n");
    assert_eq!(sandbox.state_of("by-work"), "completed");
    assert_eq!(completed(&sandbox), 1);
    let answer = hook(&sandbox, "claude-code", &recorded("claude-code", "PostToolUse"));
    assert!(answer.to_string().contains("by-work"), "{answer}");
    eventually("the lazy worker of the hook ran one", || sandbox.state_of("by-hook") == "completed");
    assert_eq!(completed(&sandbox), 2, "one for each tool call");
    assert!(sandbox.ok(["output", "by-wait-2", "--wait", "--timeout", "60s"]).contains("it ran"));
    assert_eq!(sandbox.state_of("by-wait-1"), "completed", "in their order");
    assert_eq!(sandbox.state_of("left"), "pending", "who waits does no more than that");
    assert!(is_stopped(&sandbox));
    // The other ways to wait.
    assert_eq!(sandbox.wait(&["left"]), 0);
    sandbox.ok(["dispatch", "shell", "true", "--id", "now", "--wait"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "seen", "--follow"]);
    assert!(is_stopped(&sandbox));
}

#[test]
fn who_waits_finds_out_that_a_worker_was_killed() {
    let sandbox = Sandbox::with_config(ALONE);
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x > started; read line < gate", "--id", "lost"]);
    let mut worker = sandbox.hob(["work"]).stdout(Stdio::null()).spawn().expect("a lazy worker");
    eventually("it runs", || !sandbox.read("started").is_empty());
    worker.kill().expect("killed");
    worker.wait().expect("ended");
    assert_eq!(sandbox.run(["output", "lost", "--wait", "--timeout", "60s"]).code, 1);
    assert_eq!(sandbox.show("lost")["failure"]["kind"], "worker-lost");
}

#[test]
fn a_wait_that_is_over_leaves_its_task_running() {
    let sandbox = Sandbox::with_config(ALONE);
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x > started; read line < gate", "--id", "slow"]);
    let mut waiting =
        sandbox.hob(["output", "slow", "--wait"]).stdout(Stdio::null()).spawn().expect("somebody who waits");
    eventually("it runs", || !sandbox.read("started").is_empty());
    waiting.kill().expect("killed");
    waiting.wait().expect("ended");
    assert_eq!(sandbox.state_of("slow"), "running");
    fs::write(sandbox.work().join("gate"), "go\n").expect("the gate opens");
    assert_eq!(sandbox.wait(&["slow"]), 0);
}

#[test]
fn a_daemon_that_a_task_starts_does_not_end_with_it() {
    let sandbox = Sandbox::with_config(ALONE);
    let hob = env!("CARGO_BIN_EXE_hob");
    let command = format!("{hob} daemon start && {hob} dispatch shell 'sleep 0.2; echo went on' --id inner");
    sandbox.ok(["dispatch", "shell", &command, "--id", "outer"]);
    assert_eq!(sandbox.ok(["work", "--once"]), "ran 1 task\n");
    assert_eq!(sandbox.state_of("outer"), "completed", "{}", sandbox.show("outer"));
    assert_eq!(sandbox.wait(&["inner"]), 0, "{}", sandbox.show("inner"));
    assert!(!is_stopped(&sandbox), "the daemon goes on");
    assert!(!sandbox.state().join("daemon.wanted").exists());
}

#[test]
fn with_the_background_off_no_hook_works_there_and_who_waits_still_gets_the_result() {
    let sandbox = Sandbox::with_config(ALONE);
    sandbox.ok(["dispatch", "shell", "echo left over", "--id", "left"]);
    sandbox.configure("background_execution = false\n");
    for event in ["SessionStart", "PostToolUse", "UserPromptSubmit"] {
        hook(&sandbox, "claude-code", &recorded("claude-code", event));
        assert!(is_stopped(&sandbox), "{event}");
    }
    assert_eq!(sandbox.state_of("left"), "pending");
    assert!(sandbox.ok(["output", "left", "--wait", "--timeout", "60s"]).contains("left over"));
    assert!(is_stopped(&sandbox));
    let log = fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("the log");
    assert_eq!(log.lines().filter(|line| line.contains("begins")).count(), 1, "only who waited has worked: {log}");
}

#[test]
fn status_says_what_running_and_stopped_mean() {
    let sandbox = Sandbox::with_config(ALONE);
    let shown = sandbox.ok(["status"]);
    assert!(shown.contains("STOPPED") && shown.contains("`hob output ID --wait` run tasks one by one"), "{shown}");
    sandbox.configure("");
    let shown = sandbox.ok(["status"]);
    assert!(shown.contains("STOPPED") && shown.contains("the next dispatch or wait starts it"), "{shown}");
    sandbox.ok(["daemon", "start"]);
    let shown = sandbox.ok(["status"]);
    assert!(shown.contains("RUNNING") && shown.contains("tasks start by themselves as slots come free"), "{shown}");
    let meaning = sandbox.json(["status", "--json"])["daemon"]["meaning"].clone();
    assert_eq!(meaning, "tasks start by themselves as slots come free");
}
