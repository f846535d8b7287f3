//! The names of the documents that hob grew from: each dispatched as it is shown there, completed, its result read.

use crate::{
    agents::{CLAUDE, ModelServer, Says},
    file_server::FileServer,
    sandbox::{Ran, Sandbox},
};
use std::time::Duration;

const SOURCE: &str = "/// Lets a user in.\nfn authenticate(user: &str) {}\n";
const GUIDE: &str = "# API\n\n## Tokens\n\nRefresh a token with `POST /token`; the API layer keeps it for an hour.\n";
const PAGE: &str =
    "<title>Widgets</title><article><h1>Widgets</h1><p>A widget draws itself when its state has changed.</p></article>";

/// A project with code and documentation, and a page on the web.
fn fill(sandbox: &Sandbox) -> FileServer {
    sandbox.file("src/auth.rs", SOURCE);
    sandbox.file("docs/api.md", GUIDE);
    sandbox.file("web/widgets.html", PAGE);
    FileServer::start(sandbox.work().join("web"), Duration::ZERO)
}

#[test]
fn searches_documentation_and_pages_need_no_agent() {
    let sandbox = Sandbox::new();
    let server = fill(&sandbox);
    let grant = format!("{{ host = \"127.0.0.1\", scheme = \"http\", port = {}, local = true }}", server.port);
    sandbox.configure(&format!("notifications = false\n[executors.web-fetch.grant]\nhttp = [{grant}]\n"));
    let page = server.address("widgets.html");
    let tasks: [(&str, &[&str], &str); 3] = [
        ("search-1", &["explore", "authenticate"], "2: fn authenticate(user: &str)"),
        ("docs-1", &["librarian", "how do I refresh a token", "--source", "docs"], "POST /token"),
        ("read-1", &["webReader", &page], "A widget draws itself when its state has changed."),
    ];
    for (id, words, _) in tasks {
        sandbox.ok([&["dispatch"], words, &["--id", id]].concat());
    }
    assert_eq!(sandbox.wait(&["search-1", "docs-1", "read-1"]), 0);
    for (id, _, answer) in tasks {
        let output = sandbox.ok(["output", id]);
        assert!(output.contains("completed") && output.contains(answer), "{id}: {output}");
    }
}

#[test]
fn roles_texts_and_ultrawork_reach_the_agent() {
    let model = ModelServer::start(Says::Answer);
    let Some(place) = CLAUDE.place(&model) else { return };
    let sandbox = &place.sandbox;
    fill(sandbox);
    sandbox.configure("notifications = false\ndefault_executor = \"agent\"\n");
    std::fs::create_dir(sandbox.work().join("backend")).expect("made");
    let hob = |args: &[&str]| Ran::of(&place.hob(args).output().expect("hob starts")).succeeded();

    let tasks: [(&str, &[&str]); 4] = [
        ("arch-1", &["oracle", "How should the API layer be cut?"]),
        ("ui-1", &["frontend-engineer", "Update the login form"]),
        ("lint-1", &["Fix all lint errors in src/", "--priority", "MEDIUM"]),
        ("auth-1", &["Run tests for auth module", "--cwd", "./backend", "--priority", "HIGH"]),
    ];
    for (id, words) in tasks {
        hob(&[&["dispatch"], words, &["--id", id]].concat());
    }
    let all = hob(&["ultrawork", "refactor the API layer", "--id", "work-1", "--wait"]);
    assert_eq!(sandbox.wait(&["arch-1", "ui-1", "lint-1", "auth-1"]), 0);
    for (id, _) in tasks {
        let output = sandbox.ok(["output", id]);
        assert!(output.contains("completed") && output.contains("fn answer() {}"), "{id}: {output}");
    }
    // Each child's result in one document: the agent's, the documentation's, the code's.
    for part in ["refactor the API layer", "fn answer() {}", "POST /token", "docs/api.md"] {
        assert!(all.contains(part), "{part} is not in {all}");
    }
    let group = sandbox.json(["output", "work-1", "--json"]);
    assert_eq!(group["state"], "completed", "{group}");
    let members = group["members"].as_array().expect("members");
    let executors: Vec<&str> = members.iter().filter_map(|member| member["executor"].as_str()).collect();
    assert_eq!(executors, ["frontend-engineer", "librarian", "explore"], "{group}");
}
