//! `hob plugin test`: what is well made passes, and each deliberately bad component fails its rule and no other.

use crate::{denials::guest, sandbox::Sandbox};
use serde_json::Value;

const RULES: [&str; 9] =
    ["contract", "describe", "stable", "parameters", "answer", "cancellation", "streaming", "denials", "limits"];

/// The report on a component, and whether the exit code says the same.
#[track_caller]
fn report(component: &str, rest: &[&str]) -> Value {
    let sandbox = Sandbox::new();
    sandbox.file("README.md", "# A project\n\nTODO: more.\n");
    let component = if component.contains(':') { component.into() } else { guest(component) };
    let mut command = sandbox.hob(["plugin", "test", "--json"]);
    let ran = crate::sandbox::Ran::of(&command.arg(&component).args(rest).output().expect("hob starts"));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(ran.code == 0, report["ok"] == true, "{ran:?}");
    let rules = report["rules"].as_array().expect("rules");
    let names: Vec<&str> = rules.iter().filter_map(|rule| rule["rule"].as_str()).collect();
    assert_eq!(names, RULES);
    for rule in rules {
        assert!(rule["why"].as_str().is_some_and(|why| !why.is_empty()), "every rule says why: {rule}");
    }
    report
}

fn with_verdict(report: &Value, verdict: &str) -> Vec<String> {
    let rules = report["rules"].as_array().expect("rules").iter().filter(|rule| rule["verdict"] == verdict);
    rules.filter_map(|rule| rule["rule"].as_str().map(str::to_owned)).collect()
}

/// It breaks this rule alone, and says so with these words.
#[track_caller]
fn breaks(component: &str, rest: &[&str], rule: &str, words: &str) {
    let report = report(component, rest);
    assert_eq!(with_verdict(&report, "failed"), [rule], "{component}: {report:#}");
    let why = report["rules"].as_array().expect("rules").iter().find(|entry| entry["rule"] == rule);
    let why = why.expect("the rule")["why"].as_str().expect("words");
    assert!(why.contains(words), "{component}: `{words}` is not in: {why}");
}

/// It breaks no rule, and at least these were tried.
#[track_caller]
fn keeps(component: &str, rest: &[&str], tried: &[&str]) {
    let report = report(component, rest);
    assert_eq!(with_verdict(&report, "failed"), [""; 0], "{component}: {report:#}");
    let passed = with_verdict(&report, "passed");
    for rule in tried {
        assert!(passed.iter().any(|name| name == rule), "{component}: {rule} in {report:#}");
    }
}

#[test]
fn the_contract() {
    breaks("extra_import", &[], "contract", "acme:extra/powers");
    breaks("other_version", &[], "contract", "hob:plugin@9.9.0, and this hob serves hob:plugin@0.1.0");
    breaks("core_module", &[], "contract", "is a core WebAssembly module");
}

#[test]
fn what_it_says_of_itself() {
    breaks("describe_not_json", &[], "describe", "read what the component says of itself");
    breaks("describe_without_schema", &[], "describe", "has to be of type object");
    breaks("describe_looping", &[], "describe", "limit of computing time");
    breaks("broken_schema", &[], "describe", "its schema of `params` is broken");
    breaks("describe_changing", &[], "stable", "something else each time it is asked, in `name`, `summary`");
}

#[test]
fn its_parameters() {
    breaks("trusting", &[], "parameters", "with `count` = \"no such thing\" it does not answer `invalid-params`");
    breaks("any_parameter", &[], "parameters", "\"additionalProperties\": false");
}

#[test]
fn its_answer() {
    breaks("panicking", &[], "answer", "the component panicked: this guest panics on purpose");
    breaks("exiting", &[], "answer", "exited with code 0");
    breaks("other_result", &[], "answer", "/words: \"many\" is not of type \"integer\"");
}

#[test]
fn cancellation() {
    breaks("stubborn", &["--timeout", "400ms"], "cancellation", "it did not within its grace of 2s");
    breaks("looping", &["--timeout", "400ms"], "cancellation", "it did not within its grace of 2s");
    keeps("cancel_obeying", &["--timeout", "400ms"], &["cancellation"]);
}

#[test]
fn streaming() {
    breaks("late_output", &[], "streaming", "of its 95000 bytes of output 0 came while it worked");
    keeps(
        "late_output",
        &["--params", "{\"late\": false}"],
        &["parameters", "answer", "cancellation", "streaming", "limits"],
    );
}

#[test]
fn denials() {
    breaks("undeniable", &["--grant", "all"], "denials", "did not answer, after 1 denial");
    breaks("mumbling", &["--grant", "all"], "denials", "something went wrong");
    keeps("state_counter", &["--grant", "all"], &["answer", "denials"]);
}

#[test]
fn limits() {
    breaks("hungry", &[], "limits", "limit of memory, 256MiB");
    keeps("hungry", &["--limit", "memory=\"400MiB\""], &["answer", "limits"]);
}

#[test]
fn what_is_part_of_hob_passes() {
    let busy = "{\"command\": \"for i in 1 2 3 4 5 6 7 8; do seq 1 1000; sleep 0.1; done\"}";
    keeps("builtin:shell", &["--grant", "all", "--params", busy], &RULES);
    let pattern = "{\"pattern\": [\"TODO\"]}";
    keeps("builtin:explore", &["--grant", "all", "--params", pattern], &["parameters", "answer", "denials", "limits"]);
    for name in ["agent", "librarian", "web-fetch"] {
        keeps(&format!("builtin:{name}"), &[], &["contract", "describe", "stable", "parameters"]);
    }
    let page = "{\"url\": [\"https://127.0.0.1:9/\"]}";
    keeps("builtin:web-fetch", &["--params", page], &["answer", "denials"]);
}

#[test]
fn a_person_reads_why() {
    let sandbox = Sandbox::new();
    let component = guest("panicking");
    let ran = sandbox.run(["plugin".as_ref(), "test".as_ref(), component.as_os_str()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("FAILED  answer        it ended without an answer"), "{ran:?}");
    assert!(ran.stdout.contains("It ends with an answer, and its data"), "{ran:?}");
    assert!(ran.stdout.ends_with("4 passed, 1 failed, 4 not applicable\n"), "{ran:?}");
    let refused = sandbox.run(["plugin", "test", "builtin:explore", "--params", "{\"pattern\": 7}"]);
    refused.refused(2, &["explore: `pattern`"]);
    sandbox.run(["plugin", "test", "./absent.wasm"]).refused(4, &["absent.wasm does not exist"]);
}
