//! Stopping what waits, what runs, and what a component or a program started.

use crate::sandbox::{Sandbox, eventually, is_alive};

fn pid_in(sandbox: &Sandbox, name: &str) -> i32 {
    eventually(&format!("{name} has a pid"), || sandbox.read(name).ends_with('\n'));
    sandbox.read(name).trim().parse().expect("a pid")
}

#[test]
fn a_pending_task_is_cancelled_at_once() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", "touch ran", "--id", "never"]);
    sandbox.ok(["cancel", "never"]);
    assert_eq!(sandbox.state_of("never"), "cancelled");
    sandbox.ok(["work"]);
    assert!(!sandbox.work().join("ran").exists());
    assert_eq!(sandbox.run(["wait", "never"]).code, 1);
}

#[test]
fn cancelling_a_shell_command_ends_its_whole_tree() {
    let sandbox = Sandbox::new();
    // A grandchild, one that left the session, and one that ignores TERM.
    let command = "echo $$ > shell.pid; sleep 600 & echo $! > child.pid; \
                   setsid sh -c 'echo $$ > session.pid; exec sleep 600' & \
                   sh -c 'trap \"\" TERM; echo $$ > stubborn.pid; while :; do sleep 600; done' & wait";
    sandbox.ok(["dispatch", "shell", command, "--id", "tree"]);
    let pids = ["shell.pid", "child.pid", "session.pid", "stubborn.pid"].map(|name| pid_in(&sandbox, name));
    sandbox.ok(["cancel", "tree"]);
    assert_eq!(sandbox.state_of("tree"), "cancelled");
    for pid in pids {
        assert!(!is_alive(pid), "nothing runs after `cancelled` was printed: {pid} of {pids:?}");
    }
}

#[test]
fn what_a_finished_command_leaves_behind_is_ended() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "sleep 600 & echo $! > left.pid; echo done", "--id", "leaves", "--wait"]);
    assert_eq!(sandbox.state_of("leaves"), "completed");
    let pid = pid_in(&sandbox, "left.pid");
    eventually("the tree is ended", || !is_alive(pid));
}

#[test]
fn a_looping_component_is_cancelled() {
    let sandbox = Sandbox::with_config(&crate::denials::executor("looping", "looping", ""));
    sandbox.ok(["dispatch", "looping", "--id", "loop"]);
    eventually("it runs", || sandbox.state_of("loop") == "running");
    sandbox.ok(["cancel", "loop"]);
    assert_eq!(sandbox.state_of("loop"), "cancelled");
}

#[test]
fn a_looping_component_runs_into_its_limit_of_computing_time() {
    let config = crate::denials::executor("looping", "looping", "[executors.looping.limits]\ncpu = \"200ms\"\n");
    let sandbox = Sandbox::with_config(&config);
    assert_eq!(sandbox.run(["dispatch", "looping", "--id", "loop", "--wait"]).code, 1);
    let failure = &sandbox.show("loop")["failure"];
    assert_eq!(failure["kind"], "limit", "{failure}");
    assert!(failure["message"].as_str().is_some_and(|text| text.contains("cpu")), "{failure}");
}

#[test]
fn a_timeout_ends_a_command_and_its_tree() {
    let sandbox = Sandbox::new();
    let args = ["dispatch", "shell", "sleep 600 & echo $! > child.pid; wait", "--id", "slow", "--timeout", "500ms"];
    sandbox.ok(args);
    assert_eq!(sandbox.wait(&["slow"]), 1);
    assert_eq!(sandbox.show("slow")["failure"]["kind"], "timed-out");
    assert!(!is_alive(pid_in(&sandbox, "child.pid")));
}

#[test]
fn all_are_cancelled_and_what_is_over_stays_as_it_is() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "over", "--wait"]);
    sandbox.ok(["dispatch", "shell", "echo $$ > it.pid; exec sleep 600", "--id", "runs"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    let pid = pid_in(&sandbox, "it.pid");
    sandbox.ok(["cancel", "--all"]);
    assert_eq!(sandbox.state_of("over"), "completed");
    assert_eq!(sandbox.state_of("runs"), "cancelled");
    assert_eq!(sandbox.state_of("waits"), "cancelled");
    assert!(!is_alive(pid));
    let again = sandbox.ok(["cancel", "over"]);
    assert!(again.contains("completed"), "{again}");
}

#[test]
fn a_retry_is_a_new_task_that_points_at_the_old_one() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "shell", "test -e there", "--id", "first", "--wait"]);
    assert_eq!(sandbox.state_of("first"), "failed");
    sandbox.file("there", "");
    let retried = sandbox.json(["retry", "first", "--json"]);
    let id = retried["id"].as_str().or_else(|| retried[0]["id"].as_str()).expect("an id").to_owned();
    assert_eq!(sandbox.wait(&[&id]), 0);
    assert_eq!(sandbox.show(&id)["retry_of"], "first");
    assert_eq!(sandbox.state_of("first"), "failed", "the old one is untouched");
}
