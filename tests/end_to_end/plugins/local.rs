//! From a file and from a project's folder.

use super::{configuration, kept, nothing_is_added};
use crate::{denials::guest, sandbox::Sandbox};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt as _};

const OWN: &str = "# My settings.\nmax_background_tasks = 2 # a small machine\n";

#[test]
fn a_file_is_added_and_runs_although_it_is_gone() {
    let sandbox = Sandbox::with_config(OWN);
    let file = sandbox.file("walks.wasm", fs::read(guest("files_walk")).expect("a component"));
    sandbox.file("note.txt", "inside");
    let args = ["plugin", "add", "./walks.wasm", "--name", "walks", "--grant", "all"];
    let added = sandbox.ok(args);
    assert!(added.contains("added  walks"), "{added}");
    fs::remove_file(&file).expect("removed");
    sandbox.ok(["dispatch", "walks", "--id", "w", "--params", r#"{"root":"/","globs":["*.txt"]}"#, "--wait"]);
    assert!(sandbox.show("w")["result"].to_string().contains("note.txt"));

    let text = configuration(&sandbox);
    assert!(text.starts_with(OWN) && text.contains("[executors.walks.grant]"), "{text}");
    let plugin = sandbox.json(["plugin", "show", "walks", "--json"]);
    let lock = fs::read_to_string(sandbox.home().join("hob.lock")).expect("a lock file");
    for pinned in [plugin["sha256"].as_str().expect("a digest"), "contract = \"0.1.0\"", "./walks.wasm"] {
        assert!(lock.contains(pinned.trim_start_matches("./")), "{pinned} in {lock}");
    }
    assert!(text.contains(plugin["sha256"].as_str().expect("a digest")));
    assert_eq!(plugin["problem"], json!(null));
    assert_eq!(sandbox.run(["plugin", "verify"]).code, 0);

    let removed = sandbox.ok(["plugin", "remove", "walks"]);
    assert!(removed.contains("its tasks stay"), "{removed}");
    assert_eq!(configuration(&sandbox).trim_end(), OWN.trim_end());
    assert!(kept(&sandbox).is_empty());
    assert!(sandbox.show("w")["result"].to_string().contains("note.txt"), "its tasks can be read");
    assert!(sandbox.ok(["output", "w"]).contains("note.txt") || sandbox.ok(["list", "--all"]).contains("walks"));
}

#[test]
fn a_projects_folder_is_added_by_its_name() {
    let sandbox = Sandbox::new();
    let manifest = "[plugin]\nname = \"does-nothing\"\nversion = \"0.1.0\"\nlanguage = \"rust\"\nsummary = \"Nothing\"\n\
                    component = \"out/it.wasm\"\n";
    sandbox.file("project/hob-plugin.toml", manifest);
    sandbox.run(["plugin", "add", "project"]).refused(3, &["out/it.wasm", "hob plugin build"]);
    sandbox.file("project/out/it.wasm", fs::read(guest("noop")).expect("a component"));
    sandbox.ok(["plugin", "add", "project"]);
    sandbox.ok(["dispatch", "does-nothing", "--wait"]);
    sandbox.file("project/hob-plugin.toml", manifest.replace("\"rust\"", "\"cobol\""));
    let words = ["hob-plugin.toml:4:12", "plugin.language", "`js`"];
    sandbox.run(["plugin", "add", "project", "--name", "again"]).refused(3, &words);
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_is_granted() {
    let sandbox = Sandbox::new();
    let path = guest("program_run");
    let added = sandbox.ok(["plugin".as_ref(), "add".as_ref(), path.as_os_str()]);
    assert!(added.contains("start any program") && added.contains("hob plugin grant program_run"), "{added}");
    assert_eq!(sandbox.json(["plugin", "list", "--json"])[0]["grant"]["programs"], json!({}));
    assert!(!configuration(&sandbox).contains("grant"));
    let ran = sandbox.run(["dispatch", "program_run", "--params", r#"{"program":"echo","args":[]}"#, "--wait"]);
    assert_eq!(ran.code, 5, "{ran:?}");
}

#[test]
fn exactly_what_was_accepted_is_granted() {
    let sandbox = Sandbox::new();
    let path = guest("program_run");
    let grant = r#"programs={ echo = { path = "/bin/echo" } }"#;
    let args = ["plugin", "add", "--grant", grant, "--grant", "env=[\"LANG\"]", "--json"];
    let added = sandbox.json(args.iter().map(AsRef::as_ref).chain([path.as_os_str()]));
    assert_eq!(added["grant"]["env"], json!(["LANG"]));
    assert_eq!(added["grant"]["programs"], json!({ "echo": { "path": "/bin/echo" } }));
    assert_eq!(added["grant"]["dirs"], json!([]));
    sandbox.ok(["dispatch", "program_run", "--params", r#"{"program":"echo","args":["x"]}"#, "--wait"]);
}

#[test]
fn a_name_that_is_taken_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::with_config(OWN);
    let path = guest("noop");
    for name in ["explore", "shell"] {
        let args = ["plugin", "add", "--name", name].map(AsRef::as_ref);
        sandbox.run(args.into_iter().chain([path.as_os_str()])).refused(2, &[name, "--name"]);
    }
    sandbox.run(["plugin", "add", "nowhere.wasm"]).refused(2, &["nowhere.wasm", "does not exist"]);
    let args = ["plugin", "add", "--grant", "everything"].map(AsRef::as_ref);
    sandbox.run(args.into_iter().chain([path.as_os_str()])).refused(2, &["--grant", "all"]);
    nothing_is_added(&sandbox);
    assert_eq!(configuration(&sandbox), OWN);
}

#[test]
fn f57_bytes_that_were_changed_do_not_run() {
    let sandbox = Sandbox::new();
    let path = guest("noop");
    sandbox.ok(["plugin".as_ref(), "add".as_ref(), path.as_os_str()]);
    sandbox.ok(["dispatch", "noop", "--wait"]);
    let file = kept(&sandbox).pop().expect("a component");
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    fs::copy(guest("looping"), &file).expect("replaced");
    sandbox.run(["dispatch", "noop"]).refused(3, &["sha256", "hob plugin verify"]);
    let verified = sandbox.run(["plugin", "verify"]);
    assert_eq!(verified.code, 3, "{verified:?}");
    assert!(verified.stdout.contains("was changed after it was accepted"), "{verified:?}");
    assert!(sandbox.ok(["plugin", "list"]).contains("problem"));
    fs::remove_file(&file).expect("removed");
    let verified = sandbox.run(["plugin", "verify", "noop"]);
    assert!(verified.stdout.contains("is gone"), "{verified:?}");
    sandbox.ok(["plugin", "remove", "noop"]);
    nothing_is_added(&sandbox);
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let sandbox = Sandbox::new();
    let path = guest("noop");
    sandbox.ok(["plugin".as_ref(), "add".as_ref(), path.as_os_str()]);
    sandbox.run(["plugin", "show", "nopo"]).refused(4, &["nopo", "did you mean `noop`"]);
    sandbox.run(["plugin", "remove", "explore"]).refused(4, &["explore", "not added as a plugin"]);
}
