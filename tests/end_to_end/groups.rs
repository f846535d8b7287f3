//! Fan-out: several tasks that are handed in together.

mod again;
mod shown;
mod survival;
mod whole;

use crate::sandbox::Sandbox;

/// `two` needs what `one` says, `three` needs what fails.
const PRESET: &str = r#"
[presets.four.children.one]
executor = "shell"
params = { argv = ["printf", "{input} \\{x\\} \"q\"\nsecond line"] }

[presets.four.children.bad]
executor = "shell"
params = { command = "exit 3" }

[presets.four.children.two]
executor = "shell"
needs = ["one"]
params = { argv = ["printf", "%s", "got {one} of {group}"] }

[presets.four.children.three]
executor = "shell"
needs = ["bad"]
params = { argv = ["echo", "{bad}"] }
"#;

#[test]
fn a_result_goes_to_whoever_needs_it_and_a_failure_stops_only_those() {
    let sandbox = Sandbox::with_config(PRESET);
    assert_eq!(sandbox.ok(["fan-out", "four", "hello", "--id", "g"]), "g\n");
    let ran = sandbox.run(["output", "g", "--wait", "--timeout", "60s", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let group: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(group["state"], "failed", "{group}");
    let state = |at: usize| group["members"][at]["state"].as_str().expect("a state");
    assert_eq!([0, 1, 2, 3].map(state), ["completed", "failed", "completed", "cancelled"], "{group}");
    assert_eq!(group["members"][2]["output"]["text"], "got hello {x} \"q\"\nsecond line of g");
    assert_eq!(group["members"][3]["cancel_reason"], "needs `bad` (g-bad), which failed");

    let document = sandbox.run(["output", "g"]).stdout;
    for words in ["failed  g  (four)", "2 of 4 completed", "## one", "## bad", "exited with code 3", "got hello {x}"] {
        assert!(document.contains(words), "`{words}` is not in: {document}");
    }
    sandbox.run(["output", "g", "--log"]).refused(2, &["g is a group", "hob output g"]);
}

#[test]
fn the_join_decides_what_the_whole_came_to() {
    let any =
        PRESET.replace("[presets.four.children.one]", "[presets.four]\njoin = \"any\"\n[presets.four.children.one]");
    let sandbox = Sandbox::with_config(&any);
    let ran = sandbox.run(["fan-out", "four", "hello", "--id", "g", "--wait", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("\"state\":\"completed\",\"join\":1"), "{ran:?}");
}

#[test]
fn handed_in_twice_it_is_one_group_and_cancelled_it_is_gone() {
    let config = format!("[daemon]\nautostart = false\n{PRESET}");
    let sandbox = Sandbox::with_config(&config);
    for already in [false, true] {
        let said = sandbox.json(["fan-out", "four", "hello", "--id", "g", "--json"]);
        assert_eq!(said["already"], already, "{said}");
    }
    assert_eq!(sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len), Some(4));
    sandbox.ok(["cancel", "g"]);
    let group: serde_json::Value = serde_json::from_str(&sandbox.run(["output", "g", "--json"]).stdout).expect("JSON");
    assert_eq!((&group["state"], &group["tally"]["cancelled"]), (&"cancelled".into(), &4.into()), "{group}");
}

#[test]
fn a_fan_out_that_cannot_work_changes_nothing() {
    let sandbox = Sandbox::with_config(PRESET);
    sandbox.run(["fan-out", "for", "x"]).refused(4, &["`for`", "four"]);
    sandbox.run(["fan-out", "four"]).refused(2, &["what is it about?"]);
    // No agent is in the PATH of a sandbox.
    sandbox.run(["ultrawork", "x"]).refused(3, &["frontend-engineer needs an agent", "nothing was handed in"]);
    assert_eq!(sandbox.json(["list", "--all", "--json"]).as_array().map(Vec::len), Some(0));
}
