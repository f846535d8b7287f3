//! Handing in a task.

use crate::sandbox::{Sandbox, eventually};

#[test]
fn repeating_an_id_is_safe_and_says_so() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    let args = ["dispatch", "shell", "echo once >> ran", "--id", "once", "--json"];
    let first = sandbox.json(args);
    let second = sandbox.json(args);
    assert_eq!((&first["already"], &second["already"]), (&false.into(), &true.into()), "{first} {second}");
    assert_eq!(sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len), Some(1));
    let other = sandbox.run(["dispatch", "shell", "something else", "--id", "once"]);
    other.refused(2, &["once"]);
    sandbox.ok(["work"]);
    assert_eq!(sandbox.read("ran"), "once\n");
}

#[test]
fn an_id_is_never_used_twice_not_even_after_prune() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "mine", "--wait"]);
    sandbox.ok(["prune", "--keep", "0"]);
    assert_eq!(sandbox.run(["show", "mine"]).code, 4);
    sandbox.run(["dispatch", "shell", "true", "--id", "mine"]).refused(2, &["mine"]);
}

#[test]
fn ids_may_be_abbreviated_where_unique() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "search-auth-patterns"]);
    assert_eq!(sandbox.show("sea")["id"], "search-auth-patterns");
}

#[test]
fn the_executors_parameters_are_shown_with_their_docs() {
    let sandbox = Sandbox::new();
    let help = sandbox.ok(["dispatch", "explore", "--help"]);
    for word in ["--literal", "--glob", "--context", "--files-only", "--max-hits", "--priority", "PATTERN"] {
        assert!(help.contains(word), "{word} is not in: {help}");
    }
}

#[test]
fn parameters_as_json_from_a_file() {
    let sandbox = Sandbox::new();
    sandbox.file("params.json", r#"{"command":"echo from a file"}"#);
    sandbox.ok(["dispatch", "shell", "--params", "@params.json", "--id", "file", "--wait"]);
    assert_eq!(sandbox.ok(["output", "file", "--log"]), "from a file\n");
}

#[test]
fn a_batch_from_standard_input_is_one_commit() {
    use std::io::Write as _;
    let sandbox = Sandbox::new();
    let mut hob = sandbox.hob(["dispatch", "--batch", "-", "--json"]);
    let mut child =
        hob.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().expect("starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    for n in 0..20 {
        let task = serde_json::json!({ "executor": "shell", "id": format!("b{n}"), "params": { "command": "true" } });
        writeln!(stdin, "{task}").expect("written");
    }
    drop(stdin);
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    let accepted = String::from_utf8(output.stdout).expect("text");
    let parsed = accepted.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    assert_eq!(parsed.filter(|task| task["already"] == false).count(), 20, "{accepted}");
    let ids: Vec<String> = (0..20).map(|n| format!("b{n}")).collect();
    assert_eq!(sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>()), 0);
}

#[test]
fn following_shows_output_and_passes_the_outcome_on() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(["dispatch", "shell", "echo seen; exit 3", "--id", "followed", "--follow"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("seen"), "{ran:?}");
}

#[test]
fn a_failed_command_says_what_failed() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "shell", "--id", "gone", "--wait", "--", "no-such-program-here"]);
    let failure = &sandbox.show("gone")["failure"];
    assert!(failure["message"].as_str().is_some_and(|text| text.contains("no-such-program-here")), "{failure}");
    sandbox.run(["dispatch", "shell", "kill -9 $$", "--id", "killed", "--wait"]);
    assert_eq!(sandbox.run(["wait", "killed", "--exit-code"]).code, 137);
}

#[test]
fn progress_of_a_component_is_seen() {
    // It reports without end until its computing time is over, so that it is met while it runs.
    let limit = "[executors.reports.limits]\ncpu = \"30s\"\n";
    let sandbox = Sandbox::with_config(&crate::denials::executor("reports", "progress_reporter", limit));
    sandbox.ok(["dispatch", "reports", "--steps", "4000000000", "--id", "half"]);
    eventually("progress is stored", || sandbox.show("half")["progress"]["fraction"].is_number());
    let progress = &sandbox.show("half")["progress"];
    assert!(progress["message"].as_str().is_some_and(|text| text.ends_with("of 4000000000")), "{progress}");
    sandbox.ok(["cancel", "half"]);
}

#[test]
fn a_panic_has_a_backtrace_with_names() {
    let sandbox = Sandbox::with_config(&crate::denials::executor("panics", "panicking", ""));
    assert_eq!(sandbox.run(["dispatch", "panics", "--id", "boom", "--wait"]).code, 1);
    let failure = &sandbox.show("boom")["failure"];
    assert_eq!(failure["kind"], "trap", "{failure}");
    assert!(failure["trace"].as_str().is_some_and(|trace| trace.contains("panicked")), "{failure}");
}
