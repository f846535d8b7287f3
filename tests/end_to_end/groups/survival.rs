//! Slots, and death in the middle of the work.

use crate::sandbox::{Sandbox, eventually, kill};
use nix::sys::signal::Signal;
use std::{fmt::Write as _, fs, process::Stdio, thread, time::Instant};

#[test]
fn the_children_of_a_preset_share_the_slots_and_the_others_wait() {
    let mut config = String::new();
    for n in 0..12 {
        let _ = write!(
            config,
            "[presets.many.children.c{n}]\nexecutor = \"shell\"\nparams = {{ command = \"mkdir -p run && mkdir run/$$ \
             && ls run | wc -l >> seen && read line < gate{n}; rmdir run/$$\" }}\n"
        );
    }
    let sandbox = Sandbox::with_config(&config);
    for n in 0..12 {
        sandbox.pipe(&format!("gate{n}"));
    }
    sandbox.ok(["fan-out", "many", "--id", "g"]);
    eventually("five run", || sandbox.show("g")["tally"]["running"] == 5);
    let group = sandbox.show("g");
    assert_eq!((&group["state"], &group["tally"]["pending"]), (&"running".into(), &7.into()), "{group}");
    let first = group["members"].as_array().expect("members").iter().take(5).all(|one| one["state"] == "running");
    assert!(first, "in the order of the preset: {group}");
    // A task is running before its command has come as far as its gate.
    eventually("five have come to their gates", || sandbox.read("seen").lines().count() == 5);
    // The caller goes on: another task waits behind them.
    sandbox.ok(["dispatch", "shell", "true", "--id", "other"]);
    for n in 0..12 {
        fs::write(sandbox.work().join(format!("gate{n}")), "go\n").expect("opened");
    }
    assert_eq!(sandbox.wait(&["g", "other"]), 0);
    let seen: Vec<u32> = sandbox.read("seen").lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!((seen.len(), seen.iter().max()), (12, Some(&5)), "{seen:?}");
}

/// Times that a fan-out is killed. 24: about half of them before its commit, and a second altogether.
const KILLS: u32 = 24;

#[test]
fn a_fan_out_that_is_killed_leaves_all_of_the_group_or_nothing() {
    let mut config = "[daemon]\nautostart = false\n".to_owned();
    for n in 0..60 {
        let _ =
            writeln!(config, "[presets.many.children.c{n}]\nexecutor = \"shell\"\nparams = {{ command = \"true\" }}");
    }
    let sandbox = Sandbox::with_config(&config);
    let fan_out = |id: &str| {
        let mut command = sandbox.hob(["fan-out", "many", "--id", id]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("hob starts")
    };
    // The first one makes the database.
    assert!(fan_out("first").wait().expect("ended").success());
    let begin = Instant::now();
    assert!(fan_out("whole").wait().expect("ended").success());
    let time = begin.elapsed();
    // From its beginning to about its end.
    let (mut none, mut all) = (0, 0);
    for n in 0..KILLS {
        let id = format!("killed-{n}");
        let mut child = fan_out(&id);
        thread::sleep(time * n / KILLS);
        kill(i32::try_from(child.id()).expect("a pid"), Signal::SIGKILL);
        child.wait().expect("ended");
        let ran = sandbox.run(["show", &id, "--json"]);
        let tasks = sandbox.json(["list", "--all", "--json", "--text", &format!("{id}-")]);
        match (ran.code, tasks.as_array().map(Vec::len)) {
            (4, Some(0)) => none += 1,
            (0, Some(60)) => {
                assert!(ran.stdout.contains("\"pending\":60"), "{ran:?}");
                all += 1;
            }
            (code, tasks) => panic!("{id}: {code}, {tasks:?} tasks"),
        }
    }
    assert_eq!(none + all, KILLS);
    assert!(none > 0, "{none} of {KILLS} came in time");
}

/// `a` and `b` hold until they are let go; `after` needs `quick`, `last` needs `a`.
fn configuration(repeatable: bool) -> String {
    let mut config = format!("[executors.shell]\nrepeatable = {repeatable}\n[presets.p]\njoin = 3\n");
    for (name, needs, command) in [
        ("quick", "", "echo quick >> ran"),
        ("after", "quick", "echo after >> ran"),
        ("a", "", "echo a >> ran; read line < gate-a; echo end"),
        ("last", "a", "echo last >> ran"),
    ] {
        let needs = if needs.is_empty() { String::new() } else { format!("needs = [{needs:?}]\n") };
        let _ = write!(
            config,
            "[presets.p.children.{name}]\nexecutor = \"shell\"\n{needs}params = {{ command = {command:?} }}\n"
        );
    }
    config
}

/// Begins the group, and kills the daemon while `a` holds.
fn killed(repeatable: bool) -> Sandbox {
    let sandbox = Sandbox::with_config(&configuration(repeatable));
    sandbox.pipe("gate-a");
    sandbox.ok(["fan-out", "p", "--id", "g"]);
    eventually("the others are done", || sandbox.state_of("g-after") == "completed");
    eventually("it holds", || sandbox.read("ran").contains("a\n"));
    let daemon = sandbox.daemon_pid();
    kill(daemon, Signal::SIGKILL);
    eventually("the daemon is dead", || sandbox.json(["status", "--json"])["daemon"]["info"]["pid"] != daemon);
    assert_eq!(sandbox.show("g")["finished_at"], serde_json::Value::Null, "it is open");
    sandbox.ok(["daemon", "start"]);
    sandbox
}

#[test]
fn a_group_goes_on_when_its_daemon_was_killed() {
    let sandbox = killed(true);
    let count = |name: &str| sandbox.read("ran").lines().filter(|line| *line == name).count();
    eventually("it runs again", || count("a") == 2);
    fs::write(sandbox.work().join("gate-a"), "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["g"]), 0);
    let group = sandbox.show("g");
    assert_eq!((&group["state"], &group["tally"]["completed"]), (&"completed".into(), &4.into()), "{group}");
    assert_eq!(["quick", "after", "last"].map(count), [1, 1, 1], "nothing else ran twice");
}

#[test]
fn what_was_lost_with_the_daemon_fails_and_the_group_ends() {
    let sandbox = killed(false);
    // Two have completed, and three have to.
    assert_eq!(sandbox.wait(&["g"]), 1);
    let group = sandbox.show("g");
    assert_eq!(group["members"][2]["failure"]["kind"], "worker-lost", "{group}");
    assert_eq!(group["members"][3]["cancel_reason"], "needs `a` (g-a), which failed", "{group}");
    assert_eq!((&group["state"], &group["tally"]["completed"]), (&"failed".into(), &2.into()), "{group}");
    // The rest is done by the one that repeats it.
    let id = sandbox.ok(["retry", "g", "--failed"]);
    let held = format!("{}-a", id.trim());
    eventually("it holds", || sandbox.state_of(&held) == "running");
    fs::write(sandbox.work().join("gate-a"), "go\n").expect("opened");
    assert_eq!(sandbox.wait(&[id.trim()]), 0);
}
