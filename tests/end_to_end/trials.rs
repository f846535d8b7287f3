//! `hob plugin run`: a component runs once, as it would for a task, and leaves nothing behind.

use crate::{denials::guest, sandbox::Sandbox};
use serde_json::{Value, json};
use std::{ffi::OsString, fs, io::Read as _, process::Stdio};

/// `hob plugin run COMPONENT …`.
fn run(component: &str, rest: &[&str]) -> Vec<OsString> {
    let component = if component.contains(':') { component.into() } else { guest(component).into_os_string() };
    let begin = ["plugin".into(), "run".into(), component];
    begin.into_iter().chain(rest.iter().map(OsString::from)).collect()
}

#[test]
fn a_component_runs_without_configuration_store_or_daemon() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(run("outcomes", &["--settings", "{\"depth\": 3}", "--", "--outcome", "settings"]));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.stderr.starts_with("completed  outcomes  (outcomes)") && ran.stderr.contains("\"depth\": 3"),
        "{ran:?}"
    );
    assert_eq!(ran.stdout, "", "it has printed nothing");
    assert_eq!(fs::read_dir(sandbox.home()).expect("a folder").count(), 0, "no store was made");
    let failed = sandbox.run(run("outcomes", &["--params", "{\"outcome\": \"failed\"}"]));
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stderr.contains("executor: on purpose"), "{failed:?}");
}

#[test]
fn its_output_comes_while_it_runs_and_ctrl_c_asks_it_to_stop() {
    let sandbox = Sandbox::new();
    let script = "echo first; sleep 600";
    let mut child = sandbox
        .hob(run("builtin:shell", &["--grant", "all", "--", script]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("hob starts");
    let mut first = [0; 6];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("what it has printed so far");
    assert_eq!(&first, b"first\n");
    crate::sandbox::kill(i32::try_from(child.id()).expect("a pid"), nix::sys::signal::Signal::SIGINT);
    let ran = crate::sandbox::Ran::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.starts_with("cancelled  shell"), "{ran:?}");
}

#[test]
fn what_it_may_is_what_the_flags_say() {
    let sandbox = Sandbox::new();
    sandbox.file("note.txt", "a note");
    let denied = sandbox.run(run("dir_read", &["--json", "--", "--path", "/note.txt"]));
    assert_eq!(denied.code, 1, "{denied:?}");
    for (flag, path) in [("all", "/note.txt"), ("dirs=[{host=\"{cwd}\", guest=\"/project\"}]", "/project/note.txt")] {
        let granted = sandbox.json(run("dir_read", &["--grant", flag, "--json", "--", "--path", path]));
        assert_eq!(granted["result"]["data"]["text"], "a note", "{flag}");
    }
    // The lines of a denial are the flag of the next run.
    let shell = sandbox.run(run("builtin:shell", &["--json", "--", "true"])).stdout;
    let shell: Value = serde_json::from_str(&shell).expect("JSON");
    assert_eq!(shell["failure"]["kind"], "denied", "{shell}");
    let lines = shell["denials"][0]["grant"].as_str().expect("lines");
    assert_eq!(sandbox.json(run("builtin:shell", &["--json", "--grant", lines, "--", "true"]))["state"], "completed");
    sandbox.run(run("dir_read", &["--grant", "dir=[]"])).refused(2, &["--grant:1:1", "did you mean `dirs`?"]);
}

#[test]
fn limits_hold_and_can_be_set() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(run("memory_bomb", &["--limit", "memory=\"32MiB\""]));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("limit of memory, 32MiB"), "{ran:?}");
    let ran = sandbox.run(run("waiting", &["--timeout", "100ms"]));
    assert!(ran.stderr.contains("did not end within 100ms"), "{ran:?}");
}

#[test]
fn output_and_artifacts_are_in_the_json_and_can_be_kept() {
    let sandbox = Sandbox::new();
    let params = json!({ "name": "note.txt", "text": "kept", "finish": true }).to_string();
    let shown = sandbox.json(run("artifact_write", &["--params", &params, "--json"]));
    assert_eq!(shown["artifacts"], json!([{ "name": "note.txt", "bytes": 4 }]), "{shown}");
    sandbox.ok(run("artifact_write", &["--params", &params, "--artifacts", "kept"]));
    assert_eq!(sandbox.read("kept/note.txt"), "kept");
    let flood = sandbox.json(run("output_flood", &["--json", "--", "--bytes", "70000"]));
    assert_eq!(flood["output"]["bytes"], 70_000, "{flood}");
    assert_eq!(flood["output"]["left_out_bytes"], 70_000 - (64 << 10), "{flood}");
}

#[test]
fn a_project_is_run_with_what_its_manifest_says() {
    let sandbox = Sandbox::new();
    let manifest = "[plugin]\nname = \"reader\"\nversion = \"0.1.0\"\nlanguage = \"rust\"\nsummary = \"Reads\"\n\
                    component = \"dist/reader.wasm\"\n[plugin.try]\nparams = { path = \"/project/note.txt\" }\n\
                    grant.dirs = [{ host = \"{cwd}\", guest = \"/project\" }]\n";
    sandbox.file("hob-plugin.toml", manifest);
    sandbox.file("note.txt", "a note");
    sandbox.run(["plugin", "run"]).refused(4, &["was not built yet", "hob plugin build"]);
    sandbox.file("dist/reader.wasm", fs::read(guest("dir_read")).expect("read"));
    let shown = sandbox.json(["plugin", "run", "--json"]);
    assert_eq!((&shown["executor"], &shown["state"]), (&json!("reader"), &json!("completed")), "{shown}");
}

#[test]
fn what_cannot_run_says_why() {
    let sandbox = Sandbox::new();
    sandbox.run(["plugin", "run", "./absent.wasm"]).refused(4, &["absent.wasm does not exist"]);
    sandbox.run(["plugin", "run", "builtin:absent"]).refused(4, &["no bundled component `absent`"]);
    sandbox.run(run("other_version", &[])).refused(3, &["hob:plugin@9.9.0", "hob:plugin@0.1.0", "rebuild it"]);
    sandbox.run(run("outcomes", &["--", "--outcom", "x"])).refused(2, &["unexpected argument", "--outcome"]);
    sandbox.run(run("outcomes", &["--params", "{\"outcome\": 7}"])).refused(2, &["outcome"]);
}
