//! `state_files`: a view of the tasks as files, which nothing depends on.

use crate::sandbox::{Sandbox, eventually};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// Where the document has them.
const SETTING: &str = "state_files = \"~/.claude/.sisyphus/background-tasks\"\n";

fn folder(sandbox: &Sandbox) -> PathBuf {
    sandbox.user().join(".claude/.sisyphus/background-tasks")
}

/// A file as it is now; whenever it is looked at, it is whole.
#[track_caller]
fn read(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    let path = folder(sandbox).join(name);
    let Ok(text) = fs::read_to_string(&path) else { return Vec::new() };
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error} in {text}", path.display()))
}

fn ids(sandbox: &Sandbox, name: &str) -> Vec<String> {
    read(sandbox, name).iter().map(|task| task["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn they_follow_the_tasks() {
    let sandbox = Sandbox::with_config(SETTING);
    sandbox.pipe("gate");
    let args = ["dispatch", "shell", "read line < gate; echo $PRIVATE", "--id", "runs", "--session", "s-1"];
    assert!(sandbox.hob(args).env("PRIVATE", "environment-SECRET").output().expect("hob starts").status.success());
    eventually("it is active", || ids(&sandbox, "active.json") == ["runs"]);
    let active = &read(&sandbox, "active.json")[0];
    assert_eq!((&active["executor"], &active["state"]), (&"shell".into(), &"running".into()), "{active}");
    assert_eq!(
        (&active["session"], &active["finished_at"], &active["error"]),
        (&"s-1".into(), &Value::Null, &Value::Null)
    );
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    sandbox.ok(["dispatch", "shell", "exit 3", "--id", "fails"]);
    sandbox.wait(&["runs", "fails"]);
    eventually("both have ended", || {
        ids(&sandbox, "completed.json") == ["runs"] && ids(&sandbox, "failed.json") == ["fails"]
    });
    eventually("nothing is active", || ids(&sandbox, "active.json").is_empty());
    let (completed, failed) = (&read(&sandbox, "completed.json")[0], &read(&sandbox, "failed.json")[0]);
    let shown = sandbox.show("runs");
    for key in ["id", "executor", "state", "created_at", "started_at", "finished_at", "duration_ms"] {
        assert_eq!(completed[key], shown[key], "{key}");
    }
    assert_eq!(completed["result"], shown["result"]["summary"]);
    let error = failed["error"].as_str().expect("an error");
    assert!(error.starts_with("executor: ") && error.contains('3'), "{error}");
    assert!(completed.get("params").is_none() && failed.get("params").is_none(), "{completed} {failed}");
    let all = fs::read_to_string(folder(&sandbox).join("completed.json")).expect("read");
    assert!(!all.contains("environment-SECRET"), "{all}");
}

#[test]
fn whoever_changes_states_writes_them() {
    let sandbox = Sandbox::with_config(&format!("{SETTING}[daemon]\nautostart = false\n"));
    sandbox.ok(["dispatch", "shell", "true", "--id", "lazy"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "never"]);
    assert!(!folder(&sandbox).exists(), "nothing has begun");
    sandbox.ok(["work", "--once"]);
    assert_eq!(ids(&sandbox, "completed.json"), ["lazy"], "by the lazy worker");
    sandbox.ok(["cancel", "never"]);
    assert_eq!(read(&sandbox, "failed.json")[0]["error"], "cancelled", "by the command");
    sandbox.ok(["prune", "--keep", "0"]);
    assert_eq!((ids(&sandbox, "completed.json").len(), ids(&sandbox, "failed.json").len()), (0, 0));
    sandbox.configure(&format!("{SETTING}background_execution = false\n"));
    sandbox.ok(["dispatch", "shell", "true", "--id", "here"]);
    assert_eq!(ids(&sandbox, "completed.json"), ["here"], "by whoever runs its task itself");
}

#[test]
fn removing_and_damaging_them_harms_nothing_and_they_come_back() {
    let sandbox = Sandbox::with_config(SETTING);
    sandbox.ok(["dispatch", "shell", "true", "--id", "one", "--wait"]);
    eventually("it is there", || ids(&sandbox, "completed.json") == ["one"]);
    fs::remove_dir_all(folder(&sandbox)).expect("removed");
    sandbox.ok(["dispatch", "shell", "true", "--id", "two", "--wait"]);
    eventually("both are there", || ids(&sandbox, "completed.json") == ["two", "one"]);
    fs::write(folder(&sandbox).join("completed.json"), "{ damaged").expect("written");
    fs::remove_file(folder(&sandbox).join("active.json")).expect("removed");
    sandbox.ok(["dispatch", "shell", "true", "--id", "three", "--wait"]);
    let whole =
        || fs::read_to_string(folder(&sandbox).join("completed.json")).is_ok_and(|text| !text.contains("damaged"));
    eventually("it is whole again", || whole() && ids(&sandbox, "completed.json") == ["three", "two", "one"]);
    assert!(folder(&sandbox).join("active.json").exists());
    // A daemon that starts mends them, too.
    sandbox.ok(["daemon", "stop"]);
    fs::remove_dir_all(folder(&sandbox)).expect("removed");
    sandbox.ok(["daemon", "start"]);
    eventually("they are there", || ids(&sandbox, "completed.json").len() == 3);
    assert_eq!(sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len), Some(3));
}

#[test]
fn a_folder_that_cannot_be_written_to_never_touches_a_task() {
    let sandbox = Sandbox::with_config(SETTING);
    fs::write(sandbox.user().join(".claude"), "a file where the folder would be").expect("written");
    sandbox.ok(["dispatch", "shell", "echo fine", "--id", "one", "--wait"]);
    let log = || fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    eventually("the log says so", || log().contains("the state files are not written"));
    let doctor = sandbox.run(["doctor"]);
    assert!(doctor.stdout.contains("tasks do without them"), "{doctor:?}");
    fs::remove_file(sandbox.user().join(".claude")).expect("removed");
    sandbox.ok(["dispatch", "shell", "true", "--id", "two", "--wait"]);
    eventually("they are written", || ids(&sandbox, "completed.json") == ["two", "one"]);
    let times = log().matches("the state files are not written").count();
    assert_eq!(times, 1, "it is said once");
    let doctor = sandbox.run(["doctor"]);
    assert!(!doctor.stdout.contains("tasks do without them"), "{doctor:?}");
}

#[test]
fn the_setting_holds_at_once() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "one", "--wait"]);
    sandbox.configure(SETTING);
    eventually("they are written", || ids(&sandbox, "completed.json") == ["one"]);
    let log = || fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    let times = || log().matches("configuration is read again").count();
    let before = times();
    sandbox.configure("");
    eventually("it is seen", || times() > before);
    sandbox.ok(["dispatch", "shell", "true", "--id", "two", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    assert_eq!(ids(&sandbox, "completed.json"), ["one"], "nobody writes them any more");
}
