//! `hob retry` of a group.

use crate::sandbox::{Sandbox, eventually};
use serde_json::Value;

/// `bad` completes once there is a file `ok`; `last` needs it, and `first`.
const PRESET: &str = r#"
[presets.three.children.first]
executor = "shell"
params = { argv = ["sh", "-c", "echo ran >> first; printf %s \"$1\"", "sh", "of {group}"] }

[presets.three.children.bad]
executor = "shell"
id = "bad-of-{group}"
params = { command = "test -e ok && echo well" }

[presets.three.children.last]
executor = "shell"
needs = ["first", "bad"]
params = { argv = ["printf", "%s", "{first} and {bad} in {group} \\{x\\}"] }
"#;

/// The members of a group by what `key` says of them.
fn members<'a>(group: &'a Value, key: &str) -> Vec<&'a Value> {
    group["members"].as_array().expect("members").iter().map(|member| &member[key]).collect()
}

fn failed() -> Sandbox {
    let sandbox = Sandbox::with_config(PRESET);
    assert_eq!(sandbox.run(["fan-out", "three", "x", "--id", "g", "--wait"]).code, 1);
    sandbox
}

#[test]
fn what_failed_runs_again_and_what_completed_is_kept() {
    let sandbox = failed();
    sandbox.file("ok", "");
    let said = sandbox.json(["retry", "g", "--failed", "--json"]);
    let id = said["id"].as_str().expect("an id");
    assert!(id.starts_with("three-") && said["retry_of"] == "g" && said["already"] == false, "{said}");
    assert_eq!(members(&said, "kept"), [true, false, false], "{said}");
    let ids = ["g-first".to_owned(), format!("bad-of-{id}"), format!("{id}-last")];
    assert_eq!(members(&said, "id"), [&ids[0], &ids[1], &ids[2]], "{said}");
    assert_eq!(sandbox.wait(&[id]), 0);
    assert_eq!(sandbox.read("first"), "ran\n", "what completed did not run again");
    let group = sandbox.json(["output", id, "--json"]);
    assert_eq!((&group["state"], &group["retry_of"]), (&"completed".into(), &"g".into()), "{group}");
    assert_eq!(members(&group, "kept"), [true, false, false], "{group}");
    assert_eq!(group["members"][2]["retry_of"], "g-last");
    // `{group}` is what it was when the others ran.
    assert_eq!(group["members"][2]["output"]["text"], "of g and well in g {x}");
    assert!(sandbox.ok(["show", id]).contains("kept of g"));
    assert_eq!(sandbox.show("g")["state"], "failed", "the old one stays what it was");
}

#[test]
fn all_of_it_runs_again() {
    let sandbox = failed();
    sandbox.file("ok", "");
    let id = sandbox.ok(["retry", "g"]);
    let id = id.trim();
    assert_eq!(sandbox.wait(&[id]), 0);
    assert_eq!(sandbox.read("first"), "ran\nran\n");
    assert_eq!(sandbox.ok(["output", &format!("{id}-last"), "--log"]), "of g and well in g {x}");

    // And what is new can be repeated as well; its result is printed.
    let ran = sandbox.run(["retry", id, "--wait", "--json"]);
    let group: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((ran.code, &group["state"], &group["retry_of"]), (0, &"completed".into(), &id.into()), "{group}");
    assert_eq!(group["members"][2]["output"]["text"], "of g and well in g {x}");
}

#[test]
fn a_repetition_fails_as_the_first_time_did() {
    let sandbox = failed();
    let ran = sandbox.run(["retry", "g", "--failed", "--wait"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["failed", "1 of 3 completed, 1 failed, 1 cancelled", "## last", "which failed", "--failed   runs"] {
        assert!(ran.stdout.contains(words), "`{words}` is not in {ran:?}");
    }
}

#[test]
fn a_refused_repetition_changes_nothing_and_says_what_to_type() {
    let sandbox = failed();
    let tasks = || sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len);
    let before = tasks();
    sandbox.run(["retry", "g-last"]).refused(2, &["never got the results", "hob retry g --failed"]);
    sandbox.run(["retry", "g-bad-is-not-there", "g"]).refused(4, &["g-bad-is-not-there"]);
    sandbox.run(["retry", "bad-of-g", "--failed"]).refused(2, &["is a task", "hob retry bad-of-g"]);
    sandbox.run(["retry", "g", "bad-of-g", "nobody"]).refused(4, &["nobody"]);
    sandbox.configure(&format!("{PRESET}\n[executors.shell]\ncomponent = \"nowhere.wasm\"\n"));
    sandbox.run(["retry", "g"]).refused(3, &["`first` of g", "nowhere.wasm", "nothing was handed in"]);
    sandbox.configure(PRESET);
    assert_eq!(tasks(), before);

    sandbox.file("ok", "");
    let id = sandbox.ok(["retry", "g", "--failed"]);
    assert_eq!(sandbox.wait(&[id.trim()]), 0);
    sandbox.run(["retry", id.trim(), "--failed"]).refused(2, &["nothing to run again", "hob retry three-"]);
    // Two ended after the first one, which the new group still has.
    sandbox.ok(["prune", "--keep", "4"]);
    sandbox.run(["retry", "g"]).refused(4, &["of g was pruned", "hob fan-out three"]);
}

#[test]
fn a_group_that_is_open_is_waited_for_or_cancelled_first() {
    let sandbox = Sandbox::with_config(PRESET);
    sandbox.pipe("gate");
    let holds = PRESET.replace("test -e ok && echo well", "read line < gate");
    sandbox.configure(&holds);
    sandbox.ok(["fan-out", "three", "x", "--id", "g"]);
    eventually("it holds", || sandbox.state_of("bad-of-g") == "running");
    eventually("it is done", || sandbox.state_of("g-first") == "completed");
    sandbox.run(["retry", "g", "--failed"]).refused(2, &["2 of its 3 tasks", "hob wait g", "hob cancel g"]);
    sandbox.ok(["cancel", "g"]);
    assert_eq!(sandbox.show("g")["state"], "cancelled");
    sandbox.configure(PRESET);
    // What was cancelled counts as not done; its parameters are those of the time.
    let id = sandbox.ok(["retry", "g", "--failed"]);
    eventually("it holds again", || sandbox.state_of(&format!("bad-of-{}", id.trim())) == "running");
    std::fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    assert_eq!(sandbox.wait(&[id.trim()]), 0);
    assert_eq!(sandbox.read("first"), "ran\n");
}
