//! The troubles of a background service, one after the other: tasks that do not start, notifications that do not
//! appear, state that is stale. What others end with `rm` ends here without the loss of a result.

use crate::sandbox::{Sandbox, eventually, is_alive, kill};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::{
    fs::{self, File},
    path::Path,
    process::Child,
    time::{Duration, SystemTime},
};

/// The lines of `hob doctor` about this.
fn checks(report: &Value, what: &str) -> Vec<Value> {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().filter(|check| check["check"] == what).cloned().collect()
}

fn doctor(sandbox: &Sandbox, args: &[&str]) -> Value {
    sandbox.json([&["doctor", "--json"], args].concat())
}

#[track_caller]
fn says(check: &Value, key: &str, words: &[&str]) {
    let text = check[key].as_str().unwrap_or_default();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {key} of {check}");
    }
}

/// A task that runs until its pipe is written to.
fn hold(sandbox: &Sandbox, id: &str) {
    sandbox.pipe(&format!("{id}.gate"));
    let command = format!("echo before; echo x > {id}.started; read line < {id}.gate; echo after");
    sandbox.ok(["dispatch", "shell", &command, "--id", id]);
}

fn release(sandbox: &Sandbox, id: &str) {
    fs::write(sandbox.work().join(format!("{id}.gate")), "go\n").expect("opened");
}

fn started(sandbox: &Sandbox, id: &str) {
    eventually("it started", || !sandbox.read(&format!("{id}.started")).is_empty());
}

fn set_age(path: &Path, age: Duration) {
    File::open(path).and_then(|file| file.set_modified(SystemTime::now() - age)).expect("set");
}

#[test]
fn tasks_that_do_not_start_wait_for_a_slot_and_it_is_said_which() {
    let sandbox = Sandbox::with_config("max_background_tasks = 2\n");
    for id in ["one", "two"] {
        hold(&sandbox, id);
        started(&sandbox, id);
    }
    sandbox.ok(["dispatch", "shell", "true", "--id", "three"]);
    hold(&sandbox, "four");

    // The active tasks, and how many there may be.
    let status = sandbox.json(["status", "--json"]);
    assert_eq!((&status["slots"]["used"], &status["slots"]["max"]), (&2.into(), &2.into()));
    assert_eq!(sandbox.json(["list", "--state", "running", "--json"]).as_array().map(Vec::len), Some(2));
    let queue = checks(&doctor(&sandbox, &[]), "queue");
    says(&queue[0], "message", &["2 wait for a slot", "all 2 are taken by one, two"]);
    says(&queue[0], "hint", &["hob cancel ID", "max_background_tasks"]);

    // Wait for a slot, and end a task that is stuck: the next one starts, the other ones go on.
    sandbox.ok(["cancel", "one"]);
    assert_eq!(sandbox.wait(&["three"]), 0);
    assert_eq!(sandbox.state_of("one"), "cancelled");
    assert_eq!(sandbox.run(["output", "one", "--log"]).stdout, "before\n", "what it had printed stays");
    started(&sandbox, "four");
    for id in ["two", "four"] {
        release(&sandbox, id);
    }
    assert_eq!(sandbox.wait(&["two", "four"]), 0);
    assert!(checks(&doctor(&sandbox, &[]), "queue").is_empty());
}

#[test]
fn tasks_that_do_not_start_say_what_their_executor_lacks() {
    let sandbox = Sandbox::with_config("[executors.mine]\ncomponent = \"builtin:shell\"\n");
    sandbox.ok(["daemon", "stop"]);
    sandbox.configure("[executors.mine]\ncomponent = \"builtin:shell\"\n[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "mine", "true", "--id", "t"]);
    sandbox.configure("[daemon]\nautostart = false\n");
    sandbox.ok(["work"]);
    let queue = checks(&doctor(&sandbox, &["--fix"]), "queue");
    says(&queue[0], "message", &["1 of mine cannot start", "no executor `mine`"]);
    assert_eq!(sandbox.state_of("t"), "pending", "it is not given up");
}

#[test]
fn a_task_that_says_nothing_for_long_is_named_and_ended_only_where_that_was_asked_for() {
    let sandbox = Sandbox::new();
    hold(&sandbox, "silent");
    started(&sandbox, "silent");
    assert!(checks(&doctor(&sandbox, &["--fix"]), "task").is_empty(), "an hour has not passed");
    eventually("the output is old enough", || !checks(&doctor(&sandbox, &["--hung-after", "1ms"]), "task").is_empty());
    let found = checks(&doctor(&sandbox, &["--hung-after", "1ms"]), "task");
    says(&found[0], "message", &["silent (shell)", "may hang"]);
    says(&found[0], "fix", &["cancels it", "stays"]);
    assert_eq!(sandbox.state_of("silent"), "running", "looking changes nothing");

    let mended = checks(&doctor(&sandbox, &["--fix", "--hung-after", "1ms"]), "task");
    assert_eq!(mended[0]["status"], "mended", "{mended:?}");
    assert_eq!(sandbox.wait(&["silent"]), 1);
    assert_eq!(sandbox.state_of("silent"), "cancelled");
    assert_eq!(sandbox.run(["output", "silent", "--log"]).stdout, "before\n");
}

/// A lazy worker with a task that it holds. Nobody else runs tasks here.
fn lazy_worker(sandbox: &Sandbox) -> Child {
    sandbox.configure("[daemon]\nautostart = false\n");
    hold(sandbox, "held");
    let worker = sandbox.hob(["work", "--once"]).spawn().expect("starts");
    started(sandbox, "held");
    worker
}

#[test]
fn a_worker_that_died_is_signed_off_and_its_slot_is_free_again() {
    let sandbox = Sandbox::new();
    let mut worker = lazy_worker(&sandbox);
    assert!(checks(&doctor(&sandbox, &["--fix"]), "worker").is_empty(), "it lives");
    let pid = i32::try_from(worker.id()).expect("a pid");
    kill(pid, Signal::SIGKILL);
    worker.wait().expect("gone");
    assert!(!is_alive(pid));
    assert_eq!(sandbox.state_of("held"), "running", "nobody has noticed yet");

    let found = checks(&doctor(&sandbox, &[]), "worker");
    says(&found[0], "message", &["lazy-", "died", "a task that it ran (held)"]);
    says(&found[0], "fix", &["as lost"]);
    assert!(sandbox.ok(["doctor"]).contains("hob doctor --fix   ends what it had started"));
    assert_eq!(sandbox.state_of("held"), "running", "looking changes nothing");

    let mended = checks(&doctor(&sandbox, &["--fix"]), "worker");
    assert_eq!(mended[0]["status"], "mended", "{mended:?}");
    says(&mended[0], "message", &["signed off", "hob retry held"]);
    let task = sandbox.show("held");
    assert_eq!((&task["state"], &task["failure"]["kind"]), (&"failed".into(), &"worker-lost".into()));
    assert_eq!(sandbox.run(["output", "held", "--log"]).stdout, "before\n", "what it had printed stays");
    assert_eq!(sandbox.json(["status", "--json"])["slots"]["used"], 0);
    assert!(checks(&doctor(&sandbox, &["--fix"]), "worker").is_empty(), "nothing is left to mend");
}

#[test]
fn tasks_that_nobody_runs_are_started() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "t"]);
    let found = checks(&doctor(&sandbox, &["--fix"]), "daemon");
    says(&found[0], "hint", &["hob work", "autostart is off"]);
    assert_eq!(sandbox.state_of("t"), "pending", "whoever switched the daemon off is left with it");
    sandbox.configure("");
    let found = checks(&doctor(&sandbox, &["--fix"]), "daemon");
    assert_eq!(found[0]["status"], "mended", "{found:?}");
    assert_eq!(sandbox.wait(&["t"]), 0);
}

#[test]
fn notifications_that_do_not_appear_are_explained_and_no_task_waits_for_them() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "t", "--wait"]);
    let found = checks(&doctor(&sandbox, &["--fix"]), "notifications");
    assert_eq!(found[0]["status"], "warning", "there is no desktop here: {found:?}");
    says(&found[0], "message", &["the desktop cannot be told"]);
    says(&found[0], "hint", &["notifications = false"]);
    sandbox.configure("notifications = false\n");
    assert_eq!(checks(&doctor(&sandbox, &[]), "notifications")[0]["status"], "absent");
}

#[test]
fn stale_files_are_cleared_away_and_results_stay() {
    let sandbox = Sandbox::new();
    for id in ["gone", "kept"] {
        sandbox.ok(["dispatch", "shell", "echo result", "--id", id, "--wait"]);
    }
    sandbox.ok(["prune", "--keep", "1"]);
    sandbox.ok(["daemon", "stop"]);
    let state = sandbox.state();
    let cache = sandbox.home().join("own-cache");
    let left = |path: &Path| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, "left over").expect("written");
        set_age(path, Duration::from_hours(1));
        path.to_owned()
    };
    let leftovers = [
        left(&state.join("output/1-1.out")),
        left(&state.join("workers/lazy-1-1.lock")),
        left(&state.join("guards/lazy-1-1.lock")),
        left(&cache.join("components/.new-abc")),
        left(&cache.join("components/half.cwasm")),
    ];
    let foreign = left(&state.join("output/99-1.out"));
    let run = |args: &[&str]| {
        let output = sandbox.hob(args).env("HOB_CACHE_DIR", &cache).output().expect("starts");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let found = run(&["doctor", "--json"]);
    for (what, words) in
        [("outputs", "1 file of tasks that were pruned"), ("locks", "2 files of workers"), ("cache", "2 files that")]
    {
        let check = &checks(&found, what)[0];
        says(check, "message", &[words]);
        assert!(check["fix"].is_string(), "{check}");
    }
    assert!(leftovers.iter().all(|path| path.exists()), "looking changes nothing");

    let mended = run(&["doctor", "--json", "--fix"]);
    for what in ["outputs", "locks", "cache"] {
        assert_eq!(checks(&mended, what)[0]["status"], "mended", "{mended}");
    }
    assert!(!leftovers.iter().any(|path| path.exists()), "{leftovers:?}");
    assert!(foreign.exists(), "it may be a result that another database knows");
    says(&checks(&mended, "outputs")[1], "hint", &["stay"]);
    assert_eq!(sandbox.ok(["output", "kept", "--log"]), "result\n");
    for what in ["locks", "cache"] {
        assert!(checks(&run(&["doctor", "--json", "--fix"]), what).is_empty());
    }
}

#[test]
fn state_that_others_can_read_is_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    fs::set_permissions(sandbox.state(), fs::Permissions::from_mode(0o755)).expect("set");
    let mended = checks(&doctor(&sandbox, &["--fix"]), "state");
    assert_eq!(mended[0]["status"], "mended", "{mended:?}");
    let mode = fs::metadata(sandbox.state()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_state_folder_that_was_removed_is_made_anew_and_everything_works() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "echo old", "--id", "t", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    fs::remove_dir_all(sandbox.state()).expect("removed");
    assert_eq!(checks(&doctor(&sandbox, &["--fix"]), "database")[0]["status"], "absent");
    sandbox.ok(["dispatch", "shell", "echo new", "--id", "t", "--wait"]);
    assert_eq!(sandbox.ok(["output", "t", "--log"]), "new\n");
    // And without asking the daemon first.
    fs::remove_dir_all(sandbox.state()).expect("removed");
    sandbox.ok(["dispatch", "shell", "echo newer", "--id", "u", "--wait"]);
    assert_eq!(sandbox.ok(["output", "u", "--log"]), "newer\n");
}
