//! Death in the middle of the work.

use crate::sandbox::{Sandbox, eventually, is_alive, kill};
use nix::sys::signal::Signal;
use std::{
    fmt::Write as _,
    fs::{self, File},
    process::{Command, Stdio},
};

/// Kills the daemon as nothing can refuse, and waits until it is seen to be gone, or another is there.
fn kill_daemon(sandbox: &Sandbox) {
    let daemon = sandbox.daemon_pid();
    kill(daemon, Signal::SIGKILL);
    eventually("the daemon is dead", || sandbox.json(["status", "--json"])["daemon"]["info"]["pid"] != daemon);
}

#[test]
fn a_killed_daemon_is_followed_by_another_without_anybodys_help() {
    let sandbox = Sandbox::new();
    // One that lived for less than a second has no successor.
    sandbox.ok(["dispatch", "shell", "sleep 1.2", "--id", "long-enough", "--wait"]);
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x > started; read line < gate", "--id", "lost"]);
    eventually("it started", || !sandbox.read("started").is_empty());
    kill_daemon(&sandbox);
    assert_eq!(sandbox.wait(&["lost"]), 1);
    assert_eq!(sandbox.show("lost")["failure"]["kind"], "worker-lost");
    sandbox.daemon_pid();
}

#[test]
fn killing_the_daemon_loses_nothing_and_runs_nothing_twice() {
    let sandbox = Sandbox::new();
    let mut lines = String::new();
    for n in 0..300 {
        let command = format!("echo {n} >> ran; sleep 0.01");
        let task = serde_json::json!({ "executor": "shell", "id": format!("t{n}"), "params": { "command": command } });
        let _ = writeln!(lines, "{task}");
    }
    let file = sandbox.file("batch.jsonl", lines);
    sandbox.ok(["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()]);
    let mut killed = 0;
    for share in [30, 90, 150] {
        eventually("work goes on", || sandbox.read("ran").lines().count() >= share);
        kill_daemon(&sandbox);
        killed += 1;
        sandbox.ok(["daemon", "start"]);
    }
    let ids: Vec<String> = (0..300).map(|n| format!("t{n}")).collect();
    sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let mut ran: Vec<u32> = sandbox.read("ran").lines().filter_map(|line| line.parse().ok()).collect();
    let times = ran.len();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), times, "a task ran twice");
    let tasks = sandbox.json(["list", "--all", "--json"]);
    let tasks = tasks.as_array().expect("a list");
    assert_eq!(tasks.len(), 300, "every accepted task is accounted for");
    let lost = tasks.iter().filter(|task| task["failure"]["kind"] == "worker-lost").count();
    let completed = tasks.iter().filter(|task| task["state"] == "completed").count();
    assert_eq!(lost + completed, 300, "each is completed, or says that its worker was lost");
    assert!(lost <= killed * 5, "{lost} lost in {killed} kills of at most five running");
}

#[test]
fn f32_what_a_killed_worker_had_started_is_gone_and_its_tasks_say_so() {
    let sandbox = Sandbox::new();
    for n in 0..5 {
        let command = format!("echo $$ > pid{n}; setsid sleep 600 & echo $! > far{n}; exec sleep 600");
        sandbox.ok(["dispatch", "shell", &command, "--id", &format!("s{n}")]);
    }
    let names: Vec<String> = (0..5).flat_map(|n| [format!("pid{n}"), format!("far{n}")]).collect();
    let mut pids = Vec::new();
    for name in &names {
        eventually("it runs", || sandbox.read(name).ends_with('\n'));
        pids.push(sandbox.read(name).trim().parse::<i32>().expect("a pid"));
    }
    kill_daemon(&sandbox);
    eventually("nothing is left", || !pids.iter().any(|pid| is_alive(*pid)));
    sandbox.ok(["daemon", "start"]);
    assert_eq!(sandbox.wait(&["s0", "s1", "s2", "s3", "s4"]), 1);
    for n in 0..5 {
        assert_eq!(sandbox.show(&format!("s{n}"))["failure"]["kind"], "worker-lost");
    }
}

#[test]
fn a_repeatable_task_goes_back_to_the_queue_when_its_worker_dies() {
    let sandbox = Sandbox::with_config("[executors.shell]\nrepeatable = true\n");
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x >> started; read line < gate", "--id", "again"]);
    eventually("it started", || sandbox.read("started").lines().count() == 1);
    kill_daemon(&sandbox);
    sandbox.ok(["daemon", "start"]);
    eventually("it started again", || sandbox.read("started").lines().count() == 2);
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["again"]), 0);
    assert_eq!(sandbox.show("again")["attempt"], 2);
}

#[test]
fn stopping_the_daemon_leaves_the_queue_and_the_next_one_goes_on() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    sandbox.ok(["dispatch", "shell", "echo $$ > it.pid; exec sleep 600", "--id", "runs"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    eventually("it runs", || sandbox.read("it.pid").ends_with('\n'));
    sandbox.ok(["daemon", "stop"]);
    assert!(!is_alive(sandbox.read("it.pid").trim().parse().expect("a pid")));
    assert_eq!(sandbox.json(["status", "--json"])["daemon"]["state"], "stopped");
    assert_eq!(sandbox.state_of("runs"), "failed");
    assert_eq!(sandbox.state_of("waits"), "pending");
    sandbox.ok(["daemon", "start"]);
    assert_eq!(sandbox.wait(&["waits"]), 0);
}

#[test]
fn f32_a_daemon_that_was_killed_a_moment_ago_is_followed_by_the_next() {
    let sandbox = Sandbox::new();
    sandbox.ok(["daemon", "start"]);
    let alive = sandbox.state().join("daemon.alive");
    let before = sandbox.daemon_pid();
    sandbox.ok(["daemon", "stop"]);
    // Of a killed process the first thread may be gone while another still holds its locks. Here they are held for a
    // child that has ended.
    let mut ended = Command::new("true").spawn().expect("starts");
    let pid = i32::try_from(ended.id()).expect("a number");
    eventually("it has ended", || !is_alive(pid));
    let said = fs::read_to_string(&alive).expect("what it said");
    fs::write(&alive, said.replace(&before.to_string(), &pid.to_string())).expect("written");
    let locks = ["daemon.lock", "daemon.alive"].map(|name| {
        let file = File::open(sandbox.state().join(name)).expect("is there");
        file.try_lock().expect("nobody has it");
        file
    });
    let next = sandbox.hob(["daemon", "start"]).stdout(Stdio::piped()).spawn().expect("starts");
    let waits = format!(" {} ", next.id());
    let locked = || fs::read_to_string("/proc/locks").expect("the locks");
    eventually("it waits for the locks", || locked().lines().any(|line| line.contains("->") && line.contains(&waits)));
    drop(locks);
    let output = next.wait_with_output().expect("ends");
    assert!(String::from_utf8_lossy(&output.stdout).contains("started"), "{output:?}");
    ended.wait().expect("buried");
}
