//! Another version in place of one that was accepted.

use super::{configuration, kept};
use crate::{denials::guest, sandbox::Sandbox};
use serde_json::json;
use std::fs;

/// A sandbox with `it.wasm`, added, and then replaced by another component.
fn with_versions(first: &str, grant: &str, second: &str) -> Sandbox {
    let sandbox = Sandbox::with_config("# mine\n");
    let file = sandbox.work().join("it.wasm");
    fs::copy(guest(first), &file).expect("copied");
    sandbox.ok(["plugin", "add", "it.wasm", "--name", "it", "--grant", grant]);
    fs::copy(guest(second), &file).expect("copied");
    sandbox
}

#[test]
fn a_version_that_asks_for_more_is_refused_until_somebody_decides() {
    let sandbox = with_versions("state_counter", "all", "program_run");
    let before = (configuration(&sandbox), kept(&sandbox));
    let words = ["asks for more", "start any program", "nothing was changed", "--keep-grant", "--grant"];
    sandbox.run(["plugin", "update", "it"]).refused(5, &words);
    assert_eq!((configuration(&sandbox), kept(&sandbox)), before);
    sandbox.ok(["dispatch", "it", "--wait"]);

    let updated = sandbox.json(["plugin", "update", "it", "--keep-grant", "--json"]);
    assert_eq!(updated["name"], "program_run");
    assert_eq!(updated["asks_more"]["programs"][0]["name"], "*");
    assert!(updated["asks_less"]["state"].is_object(), "{updated}");
    assert_eq!(updated["grant"]["programs"], json!({}), "nothing was granted by itself");
    assert_eq!(kept(&sandbox).len(), 1, "the old version is gone");
    let ran = sandbox.run(["dispatch", "it", "--params", r#"{"program":"echo","args":[]}"#, "--wait"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(configuration(&sandbox).starts_with("# mine\n"));
}

#[test]
fn what_is_granted_of_a_new_version_is_what_was_said() {
    let sandbox = with_versions("state_counter", "all", "program_run");
    let updated = sandbox.json(["plugin", "update", "it", "--grant", "env=[\"LANG\"]", "--json"]);
    assert_eq!(updated["grant"]["env"], json!(["LANG"]));
    assert_eq!(updated["grant"]["programs"], json!({}));
    assert_eq!(updated["grant"]["state"], "1MiB", "what it had it keeps");
}

#[test]
fn a_version_that_asks_for_no_more_is_taken() {
    let sandbox = with_versions("program_run", "all", "noop");
    let updated = sandbox.ok(["plugin", "update", "it"]);
    assert!(updated.contains("updated  it") && updated.contains("no longer asks for"), "{updated}");
    sandbox.ok(["dispatch", "it", "--wait"]);
    assert!(sandbox.ok(["plugin", "update", "it"]).contains("nothing new"));
}

#[test]
fn bytes_that_were_changed_are_brought_again() {
    let sandbox = with_versions("noop", "none", "noop");
    let file = kept(&sandbox).pop().expect("a component");
    fs::write(&file, "changed").expect("written");
    sandbox.run(["dispatch", "it"]).refused(3, &["hob plugin verify"]);
    assert!(sandbox.ok(["plugin", "update", "it"]).contains("restored"));
    sandbox.ok(["dispatch", "it", "--wait"]);
    assert_eq!(sandbox.run(["plugin", "verify"]).code, 0);
}

#[test]
fn a_version_that_is_refused_leaves_the_old_one() {
    let sandbox = with_versions("noop", "none", "other_version");
    let before = (configuration(&sandbox), kept(&sandbox));
    sandbox.run(["plugin", "update", "it"]).refused(3, &["hob:plugin@9.9.0"]);
    assert_eq!((configuration(&sandbox), kept(&sandbox)), before);
    sandbox.ok(["dispatch", "it", "--wait"]);
    sandbox.run(["plugin", "update", "explore"]).refused(4, &["explore"]);
}
