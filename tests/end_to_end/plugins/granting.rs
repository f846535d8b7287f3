//! What was denied is granted later, by lines that are shown first.

use super::{configuration, nothing_is_added};
use crate::{
    denials::guest,
    file_server::FileServer,
    sandbox::{Ran, Sandbox},
    web::{html, site},
};
use serde_json::json;
use std::{io::Write as _, process::Stdio, time::Duration};

fn run(sandbox: &Sandbox, id: &str, program: &str, args: &[&str]) -> i32 {
    let params = json!({ "program": program, "args": args }).to_string();
    sandbox.run(["dispatch", "program_run", "--id", id, "--params", &params, "--wait"]).code
}

#[test]
fn every_denial_that_was_seen_is_a_line() {
    let sandbox = Sandbox::with_config("# mine\n");
    let path = guest("program_run");
    sandbox.ok(["plugin".as_ref(), "add".as_ref(), path.as_os_str()]);
    let nothing = sandbox.ok(["plugin", "grant", "program_run", "--missing"]);
    assert!(nothing.contains("nothing to grant"), "{nothing}");
    assert_eq!(run(&sandbox, "1", "echo", &["one", "x"]), 5);
    assert_eq!(run(&sandbox, "2", "echo", &["two", "x"]), 5);
    assert_eq!(run(&sandbox, "3", "true", &[]), 5);

    let before = configuration(&sandbox);
    let printed = sandbox.ok(["plugin", "grant", "program_run", "--missing"]);
    let line =
        "programs = { echo = { path = \"echo\", args = [\"*\", \"x\"] }, true = { path = \"true\", args = [] } }";
    assert!(printed.contains(&format!("[executors.program_run.grant]\n{line}\n")), "{printed}");
    assert_eq!(configuration(&sandbox), before, "nothing is written unless that is said");

    sandbox.ok(["plugin", "grant", "program_run", "--missing", "--write"]);
    let after = configuration(&sandbox);
    assert!(after.starts_with(&before) && after.contains(line), "{after}");
    assert_eq!(run(&sandbox, "4", "echo", &["three", "x"]), 0);
    assert_eq!(run(&sandbox, "5", "true", &[]), 0);
    let nothing = sandbox.ok(["plugin", "grant", "program_run", "--missing"]);
    assert!(nothing.contains("nothing to grant"), "{nothing}");
}

#[test]
fn a_denial_that_the_component_made_the_best_of_is_seen_as_well() {
    let (sandbox, open) = site(|_| html("<p>here</p>"));
    let closed = FileServer::answering(Duration::ZERO, |_| html("<p>there</p>"));
    let port = format!("port = {}", closed.port);
    let fetch =
        |id| sandbox.ok(["dispatch", "web-fetch", &open.address("a"), &closed.address("b"), "--id", id, "--wait"]);
    assert!(fetch("one").contains("completed"), "one page of two is there");
    // The address is denied before it is known to be in one's own network; then that is.
    for id in ["two", "three"] {
        let printed = sandbox.ok(["plugin", "grant", "web-fetch", "--missing", "--write"]);
        assert!(printed.contains(&port), "{printed}");
        assert!(fetch(id).contains("completed"));
        if !closed.asked().is_empty() {
            return assert!(sandbox.ok(["output", id]).contains("there"));
        }
    }
    panic!("it is still denied: {}", configuration(&sandbox));
}

#[test]
fn an_executor_that_is_part_of_hob_is_granted_more_the_same_way() {
    let sandbox = Sandbox::with_config("# mine\n");
    let grant = "dirs=[{ host = \"/usr/share\", guest = \"/project\" }]";
    let object = sandbox.json(["plugin", "grant", "explore", "--grant", grant, "--write", "--json"]);
    assert_eq!(object["written"], true, "{object}");
    let line = "dirs = [{ host = \"/usr/share\", guest = \"/project\", mode = \"ro\" }]";
    assert_eq!(configuration(&sandbox), format!("# mine\n\n[executors.explore.grant]\n{line}\n"));
    sandbox.run(["plugin", "grant", "explore", "--write"]).refused(2, &["--missing"]);
}

/// Adds `program_run` on a terminal, where somebody types `answers`.
fn asked(sandbox: &Sandbox, answers: &str) -> Ran {
    let words = format!("'{}' plugin add '{}'", env!("CARGO_BIN_EXE_hob"), guest("program_run").display());
    // A part of every Linux; it makes the terminal.
    let mut script = sandbox.command("script");
    script.args(["--quiet", "--return", "--command", &words, "/dev/null"]).env("NO_COLOR", "1");
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script, of util-linux");
    script.stdin.take().expect("a pipe").write_all(answers.as_bytes()).expect("typed");
    Ran::of(&script.wait_with_output().expect("it ends"))
}

#[test]
fn on_a_terminal_somebody_is_asked() {
    let granted = |answers: &str| {
        let sandbox = Sandbox::new();
        let ran = asked(&sandbox, answers);
        assert!(ran.stdout.contains("start any program") && ran.stdout.contains("a test"), "{ran:?}");
        assert_eq!(ran.code, 0, "{ran:?}");
        sandbox.json(["plugin", "show", "program_run", "--json"])["grant"].clone()
    };
    let all = granted("what?\nyes\n");
    assert_eq!((&all["programs"], &all["env"]), (&json!("any"), &json!("inherit")));
    assert_eq!(granted("n\n")["programs"], json!({}));
    let chosen = granted("c\nn\ny\nn\n");
    assert_eq!((&chosen["dirs"], &chosen["programs"], &chosen["env"]), (&json!([]), &json!("any"), &json!([])));

    let sandbox = Sandbox::with_config("# mine\n");
    let ran = asked(&sandbox, "q\n");
    assert_eq!(ran.code, 2, "{ran:?}");
    nothing_is_added(&sandbox);
}
