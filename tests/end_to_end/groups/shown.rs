//! `hob list --groups`, `show`, `wait` and the others, given a group.

use super::PRESET;
use crate::sandbox::{Ran, Sandbox};
use serde_json::{Value, json};

/// `four` has failed, and another, of which one has to complete, is done.
fn sandbox() -> Sandbox {
    let one = "[presets.one]\njoin = \"any\"\n[presets.one.children.good]\nexecutor = \"shell\"\n\
               params = { command = \"true\" }\n[presets.one.children.bad]\nexecutor = \"shell\"\n\
               params = { command = \"false\" }\n";
    let sandbox = Sandbox::with_config(&format!("{PRESET}{one}"));
    sandbox.run(["fan-out", "four", "hello there", "--id", "g", "--wait"]);
    sandbox.ok(["fan-out", "one", "--id", "h", "--wait"]);
    sandbox
}

#[test]
fn groups_are_listed_with_what_their_tasks_came_to() {
    let sandbox = sandbox();
    let list = sandbox.ok(["list", "--groups"]);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[1].starts_with("h ") && lines[1].contains("1/2, 1 failed"), "{list}");
    let failed = "2/4, 1 failed, 1 cancelled";
    assert!(lines[2].contains(failed) && lines[2].contains("hello there"), "{list}");

    let groups = sandbox.json(["list", "--groups", "--state", "failed", "--text", "HELLO", "--json"]);
    assert_eq!(groups.as_array().map(Vec::len), Some(1), "{groups}");
    let tally = json!({ "pending": 0, "running": 0, "completed": 2, "failed": 1, "cancelled": 1 });
    let group = &groups[0];
    assert_eq!((&group["id"], &group["tally"], &group["join"]), (&"g".into(), &tally, &4.into()), "{group}");
    assert!(group["duration_ms"].is_u64() && group["finished_at"].is_string(), "{group}");
    assert_eq!(sandbox.json(["list", "--groups", "--limit", "1", "--json"])[0]["id"], "h");
    sandbox.run(["list", "--groups", "--executor", "shell"]).refused(2, &["--groups", "--executor"]);
}

#[test]
fn the_tasks_of_a_group_are_listed_in_its_order() {
    let sandbox = sandbox();
    let ids = |args: &[&str]| -> Vec<String> {
        let tasks = sandbox.json([&["list", "--json"], args].concat());
        let id = |task: &Value| task["id"].as_str().expect("an id").to_owned();
        tasks.as_array().expect("a list").iter().map(id).collect()
    };
    assert_eq!(ids(&["--group", "g"]), ["g-one", "g-bad", "g-two", "g-three"]);
    assert_eq!(ids(&["--group", "g", "--state", "completed"]), ["g-one", "g-two"]);
    assert!(sandbox.ok(["list", "--group", "g"]).contains("[needs `bad` (g-bad), which failed]"));
    sandbox.run(["list", "--group", "g-one"]).refused(2, &["is a task", "hob show g-one", "hob list --groups"]);
    sandbox.run(["list", "--group", "nobody"]).refused(4, &["nobody"]);
}

#[test]
fn a_group_is_shown_with_what_waits_for_what() {
    let sandbox = sandbox();
    let text = sandbox.ok(["show", "g"]);
    for words in ["all 4 tasks", "hello there", "hob output g", "hob retry g --failed", "g-three", "which failed"] {
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
    assert!(sandbox.ok(["show", "h"]).contains("at least one of 2 tasks"));
    let group = sandbox.show("g");
    let keys = ["id", "preset", "input", "state", "join", "cwd", "session", "retry_of", "created_at", "members"];
    assert!(keys.iter().all(|key| group.get(key).is_some()), "{group}");
    assert_eq!(group["members"][2]["needs"], json!(["one"]));
    assert_eq!((&group["members"][0]["kept"], &group["members"][0]["state"]), (&false.into(), &"completed".into()));
    assert!(group["members"][0]["output"]["bytes"].as_u64() > Some(10), "{group}");

    // What was pruned is said to be gone.
    sandbox.ok(["prune", "--keep", "4"]);
    let group = sandbox.show("g");
    let gone = group["members"].as_array().expect("members").iter().filter(|member| member["id"].is_null()).count();
    assert_eq!((gone, &group["tally"]["completed"]), (2, &2.into()), "{group}");
    assert!(sandbox.ok(["show", "g"]).contains("pruned"));
    assert!(sandbox.run(["output", "g"]).stdout.contains("removed by the retention"));
}

#[test]
fn waiting_ends_with_what_the_group_came_to() {
    let sandbox = sandbox();
    // One of its tasks failed, and that is enough for it.
    let text = sandbox.ok(["wait", "h"]);
    assert!(text.starts_with("completed  h  (one)  1 of 2 completed, 1 failed"), "{text}");
    assert!(text.contains("\n  failed  h-bad"), "{text}");
    assert_eq!(sandbox.run(["wait", "g"]).code, 1);
    assert_eq!(sandbox.run(["wait", "h", "g"]).code, 1);
    let ran = sandbox.run(["wait", "h-good", "h", "--json"]);
    let ended: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((&ended[0]["executor"], &ended[1]["preset"]), (&"shell".into(), &"one".into()), "{ended}");
    assert_eq!(ended[1]["members"][1]["state"], "failed");
    sandbox.run(["wait", "g", "--exit-code"]).refused(2, &["g is a group", "hob wait g"]);
}

#[test]
fn waiting_for_any_means_whole_groups() {
    let slow = "[presets.slow.children.quick]\nexecutor = \"shell\"\nparams = { command = \"true\" }\n\
                [presets.slow.children.held]\nexecutor = \"shell\"\nparams = { command = \"read line < gate\" }\n";
    let sandbox = Sandbox::with_config(slow);
    sandbox.pipe("gate");
    sandbox.ok(["fan-out", "slow", "--id", "s"]);
    assert_eq!(sandbox.wait(&["s-quick"]), 0);
    let ran = sandbox.run(["wait", "s", "--any", "--timeout", "10ms"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (6, ""), "{ran:?}");
    assert!(sandbox.ok(["wait", "s", "s-quick", "--any"]).starts_with("completed  s-quick"));
    let shown = sandbox.ok(["output", "s"]);
    assert!(shown.starts_with("running  s  (slow)  1 of 2 completed, 1 running"), "{shown}");
    let waits = sandbox.run(["output", "s", "--wait", "--timeout", "10ms"]);
    assert_eq!(waits.code, 6, "{waits:?}");
    sandbox.ok(["cancel", "s"]);
    let Ran { code, stdout, .. } = sandbox.run(["wait", "s"]);
    assert!(code == 1 && stdout.starts_with("cancelled  s"), "{stdout}");
}

#[test]
fn verbs_for_one_task_say_what_to_type() {
    let sandbox = sandbox();
    for option in ["--log", "--follow"] {
        sandbox.run(["output", "g", option]).refused(2, &["g is a group", "hob output g "]);
    }
    sandbox.run(["output", "g", "--tail", "3"]).refused(2, &["g is a group", "hob output g "]);
    // The id of a group is taken, and an abbreviation names it before its tasks.
    sandbox.run(["dispatch", "shell", "true", "--id", "g"]).refused(2, &["`g`", "choose another"]);
    sandbox.ok(["fan-out", "one", "--id", "longer-name", "--wait"]);
    assert!(sandbox.ok(["show", "longer"]).contains("(one)"));
}
