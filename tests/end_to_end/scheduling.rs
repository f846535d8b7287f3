//! Slots, order, isolation, and many first commands at once.

use crate::sandbox::{Sandbox, eventually};
use nix::sys::signal::Signal;
use std::{fmt::Write as _, process::Stdio};

/// A command that notes how many of its kind run at the same time.
const COUNTING: &str = "mkdir -p run && mkdir run/$$ && ls run | wc -l >> seen && sleep 0.05 && rmdir run/$$";

fn batch(sandbox: &Sandbox, tasks: impl IntoIterator<Item = serde_json::Value>) {
    let mut lines = String::new();
    for task in tasks {
        let _ = writeln!(lines, "{task}");
    }
    let file = sandbox.file("batch.jsonl", lines);
    sandbox.ok(["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()]);
}

fn shell(id: &str, command: &str) -> serde_json::Value {
    serde_json::json!({ "executor": "shell", "id": id, "params": { "command": command } })
}

#[test]
fn five_and_never_six_at_once_with_a_daemon_and_three_lazy_workers() {
    let sandbox = Sandbox::new();
    sandbox.file("run/.keep", "");
    let ids: Vec<String> = (0..60).map(|n| format!("count-{n}")).collect();
    batch(&sandbox, ids.iter().map(|id| shell(id, COUNTING)));
    let lazy: Vec<_> = (0..3)
        .map(|_| sandbox.hob(["work"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a lazy worker"))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(sandbox.wait(&ids), 0);
    for mut worker in lazy {
        assert!(worker.wait().expect("ended").success());
    }
    let seen: Vec<u32> = sandbox.read("seen").lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!(seen.len(), 60, "each task ran once");
    assert_eq!(seen.iter().max(), Some(&5), "{seen:?}");
}

#[test]
fn the_number_of_slots_is_a_setting() {
    let sandbox = Sandbox::with_config("max_background_tasks = 2\n");
    sandbox.file("run/.keep", "");
    let ids: Vec<String> = (0..12).map(|n| format!("count-{n}")).collect();
    batch(&sandbox, ids.iter().map(|id| shell(id, COUNTING)));
    assert_eq!(sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>()), 0);
    let most = sandbox.read("seen").lines().filter_map(|line| line.trim().parse::<u32>().ok()).max();
    assert_eq!(most, Some(2));
}

#[test]
fn priority_first_then_first_in_first_out() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "read line < gate", "--id", "gate"]);
    eventually("the gate is running", || sandbox.state_of("gate") == "running");
    for (id, priority) in
        [("l1", "low"), ("m1", "Medium"), ("h1", "HIGH"), ("l2", "LOW"), ("m2", "medium"), ("h2", "high")]
    {
        let command = format!("echo {id} >> order");
        sandbox.ok(["dispatch", "shell", &command, "--id", id, "--priority", priority]);
    }
    std::fs::write(sandbox.work().join("gate"), "go\n").expect("the gate opens");
    assert_eq!(sandbox.wait(&["gate", "l1", "m1", "h1", "l2", "m2", "h2"]), 0);
    assert_eq!(sandbox.read("order"), "h1\nh2\nm1\nm2\nl1\nl2\n");
}

#[test]
fn one_failing_task_among_five() {
    let sandbox = Sandbox::new();
    let commands = ["true", "true", "exit 7", "true", "true"];
    batch(&sandbox, commands.iter().enumerate().map(|(n, command)| shell(&format!("t{n}"), command)));
    assert_eq!(sandbox.wait(&["t0", "t1", "t2", "t3", "t4"]), 1);
    for n in 0..5 {
        let task = sandbox.show(&format!("t{n}"));
        assert_eq!(task["state"], if n == 2 { "failed" } else { "completed" }, "{task}");
    }
    let failure = &sandbox.show("t2")["failure"];
    assert_eq!(failure["kind"], "executor");
    assert!(failure["message"].as_str().is_some_and(|text| text.contains('7')), "{failure}");
    assert_eq!(sandbox.show("t2")["exit_code"], 7);
    assert_eq!(sandbox.run(["wait", "t2", "--exit-code"]).code, 7);
}

#[test]
fn f18_fifty_first_commands_start_one_daemon() {
    let sandbox = Sandbox::new();
    let racing: Vec<_> = (0..50)
        .map(|n| {
            let (id, command) = (format!("race-{n}"), format!("echo {n} >> ran"));
            let mut hob = sandbox.hob(["dispatch", "shell", &command, "--id", &id]);
            hob.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hob starts")
        })
        .collect();
    for child in racing {
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let ids: Vec<String> = (0..50).map(|n| format!("race-{n}")).collect();
    assert_eq!(sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>()), 0);
    let mut ran: Vec<u32> = sandbox.read("ran").lines().filter_map(|line| line.parse().ok()).collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..50).collect::<Vec<_>>(), "each ran once");

    let daemon = sandbox.daemon_pid();
    crate::sandbox::kill(daemon, Signal::SIGTERM);
    eventually("the daemon is gone", || !crate::sandbox::is_alive(daemon));
    let status = sandbox.json(["status", "--json"]);
    assert_eq!(status["daemon"]["state"], "stopped", "no second daemon took over: {status}");
}

#[test]
fn a_lazy_worker_does_one_task_and_no_more() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    for id in ["one", "two"] {
        sandbox.ok(["dispatch", "shell", "true", "--id", id]);
    }
    assert_eq!(sandbox.json(["status", "--json"])["daemon"]["state"], "stopped");
    sandbox.ok(["work", "--once"]);
    assert_eq!((sandbox.state_of("one"), sandbox.state_of("two")), ("completed".into(), "pending".into()));
    sandbox.ok(["work"]);
    assert_eq!(sandbox.state_of("two"), "completed");
    sandbox.ok(["work", "--once"]);
}

#[test]
fn a_task_whose_executor_is_missing_stays_pending_and_says_so_and_runs_when_it_is_back() {
    let extra = "[executors.extra]\ncomponent = \"builtin:shell\"\n[executors.extra.grant]\nprograms = \"any\"\nenv = \"inherit\"\n";
    let sandbox = Sandbox::with_config(&format!("[daemon]\nautostart = false\n{extra}"));
    sandbox.ok(["dispatch", "extra", "true", "--id", "waits"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "runs"]);
    sandbox.configure("[daemon]\nautostart = false\n");
    sandbox.ok(["work"]);
    assert_eq!(sandbox.state_of("runs"), "completed", "others run");
    let task = sandbox.show("waits");
    assert_eq!(task["state"], "pending");
    assert!(task["blocked"].as_str().is_some_and(|reason| reason.contains("extra")), "{task}");
    sandbox.configure(&format!("[daemon]\nautostart = false\n{extra}"));
    sandbox.ok(["work"]);
    assert_eq!(sandbox.state_of("waits"), "completed");
}
