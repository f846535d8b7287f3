//! `background_execution = false`: whoever hands a task in runs it.

use crate::sandbox::{Ran, Sandbox, eventually, kill};
use nix::sys::signal::Signal;
use std::process::Stdio;

const OFF: &str = "background_execution = false\n";

/// No daemon runs, and none was ever started.
#[track_caller]
fn nobody_else_works(sandbox: &Sandbox) {
    assert_eq!(sandbox.json(["status", "--json"])["daemon"]["state"], "stopped");
    assert!(!sandbox.state().join("log/daemon.log").exists(), "a daemon was started");
}

#[test]
fn a_dispatch_runs_its_task_and_passes_its_result_and_exit_code_on() {
    let sandbox = Sandbox::with_config(OFF);
    let good = sandbox.run(["dispatch", "shell", "echo here; echo there >&2", "--id", "good"]);
    assert_eq!(good.code, 0, "{good:?}");
    for word in ["completed  good", "here", "there"] {
        assert!(good.stdout.contains(word), "{word}: {good:?}");
    }
    let bad = sandbox.run(["dispatch", "shell", "echo seen; exit 7", "--id", "bad"]);
    assert_eq!(bad.code, 7, "{bad:?}");
    assert!(bad.stdout.contains("failed  bad") && bad.stdout.contains("seen"), "{bad:?}");
    let json = sandbox.run(["dispatch", "shell", "exit 3", "--id", "json", "--json"]);
    assert_eq!(json.code, 3, "{json:?}");
    let object: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&object["state"], &object["exit_code"]), (&"failed".into(), &3.into()), "{object}");
    let followed = sandbox.run(["dispatch", "shell", "echo followed; exit 4", "--follow"]);
    assert_eq!((followed.code, followed.stdout.as_str()), (4, "followed\n"), "{followed:?}");
    let again = sandbox.run(["retry", "bad"]);
    assert_eq!(again.code, 7, "{again:?}");
    // Handed in before and over: it is not run again, and its result is printed.
    let same = sandbox.run(["dispatch", "shell", "echo seen; exit 7", "--id", "bad"]);
    assert_eq!(same.code, 7, "{same:?}");
    assert!(same.stderr.contains("was handed in before"), "{same:?}");
    assert_eq!(sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len), Some(5));
    nobody_else_works(&sandbox);
}

#[test]
fn status_and_doctor_name_what_runs_what_waits() {
    let sandbox = Sandbox::with_config("daemon.autostart = false\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "left"]);
    sandbox.configure(OFF);
    let daemon = || {
        let found = sandbox.json(["doctor", "--fix", "--json"]);
        let checks = found["checks"].as_array().expect("checks").iter();
        let check = checks.into_iter().find(|check| check["check"] == "daemon").expect("a line of the daemon");
        let word = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        (word("status"), word("message"), word("hint"))
    };
    // Neither would a daemon help, nor does one that runs.
    for (state, said) in
        [("STOPPED  run what waits: hob work", "nobody runs what waits (1)"), ("RUNNING", "takes none")]
    {
        let shown = sandbox.ok(["status"]);
        assert!(shown.contains(state) && shown.contains("`hob work` what waits"), "{shown}");
        let (status, message, hint) = daemon();
        assert!(message.contains(said) && message.contains("background_execution is off"), "{message}");
        assert_eq!((status.as_str(), hint.as_str()), ("warning", "hob work"));
        sandbox.ok(["daemon", "start"]);
    }
    assert_eq!(sandbox.state_of("left"), "pending");
    assert_eq!(sandbox.ok(["work"]), "ran 1 task\n");
    assert_eq!(daemon().0, "ok");
    sandbox.ok(["daemon", "stop"]);
}

#[test]
fn a_batch_and_a_fan_out_run_within_the_slots() {
    let sandbox = Sandbox::with_config(&format!(
        "{OFF}max_background_tasks = 2\n
[presets.three.children.a]\nexecutor = \"shell\"\nparams = {{ command = \"echo one\" }}
[presets.three.children.b]\nexecutor = \"shell\"\nneeds = [\"a\"]\nparams = {{ argv = [\"printf\", \"got %s\", \"{{a}}\"] }}
[presets.three.children.c]\nexecutor = \"shell\"\nparams = {{ command = \"exit 1\" }}\n"
    ));
    sandbox.file("run/.keep", "");
    let task = |n| {
        let command = "mkdir run/$$ && ls run | wc -l >> seen && sleep 0.05 && rmdir run/$$";
        serde_json::json!({ "executor": "shell", "id": format!("t{n}"), "params": { "command": command } }).to_string()
    };
    let file = sandbox.file("batch.jsonl", (0..9).map(task).collect::<Vec<_>>().join("\n"));
    let printed = sandbox.ok(["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()]);
    assert_eq!(printed.lines().filter(|line| line.starts_with("completed  t")).count(), 9, "{printed}");
    let seen: Vec<u32> = sandbox.read("seen").lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!((seen.len(), seen.iter().max()), (9, Some(&2)), "{seen:?}");

    let group = sandbox.run(["fan-out", "three", "--id", "g"]);
    assert_eq!(group.code, 1, "{group:?}");
    assert!(group.stdout.contains("got one"), "{group:?}");
    nobody_else_works(&sandbox);
}

#[test]
fn only_what_was_handed_in_is_run() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits", "--priority", "high"]);
    sandbox.configure(OFF);
    sandbox.ok(["dispatch", "shell", "true", "--id", "mine", "--priority", "low"]);
    assert_eq!([sandbox.state_of("mine"), sandbox.state_of("waits")], ["completed", "pending"]);
    sandbox.ok(["work"]);
    assert_eq!(sandbox.state_of("waits"), "completed");
}

#[test]
fn to_interrupt_the_command_is_to_cancel_its_tasks() {
    let sandbox = Sandbox::with_config(&format!("{OFF}max_background_tasks = 1\n"));
    let lines = ["echo $$ > pid; exec sleep 600", "true"].iter().enumerate().map(|(n, command)| {
        serde_json::json!({ "executor": "shell", "id": format!("t{n}"), "params": { "command": command } }).to_string()
    });
    let file = sandbox.file("batch.jsonl", lines.collect::<Vec<_>>().join("\n"));
    let command = sandbox
        .hob(["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hob starts");
    eventually("it runs", || sandbox.read("pid").ends_with('\n'));
    kill(i32::try_from(command.id()).expect("a pid"), Signal::SIGINT);
    let ran = Ran::of(&command.wait_with_output().expect("ended"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!([sandbox.state_of("t0"), sandbox.state_of("t1")], ["cancelled", "cancelled"]);
}

#[test]
fn a_daemon_that_runs_leaves_tasks_to_whoever_hands_them_in() {
    let sandbox = Sandbox::new();
    sandbox.ok(["daemon", "start"]);
    let daemon = sandbox.daemon_pid();
    sandbox.configure(OFF);
    sandbox.ok(["dispatch", "shell", "ps -o ppid= -p $PPID > parent", "--id", "mine"]);
    assert!(sandbox.show("mine")["worker"].is_null());
    let log = || std::fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    eventually("the daemon has seen it", || log().contains("configuration is read again"));
    assert!(!log().contains("id=mine"), "{}", log());
    assert_eq!(sandbox.daemon_pid(), daemon);
}
