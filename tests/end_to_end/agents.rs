//! The executor `agent`: the real programs against a model server of our own, and scripts as "any other
//! program".

mod hooks;
mod model_server;
mod others;
mod program;

use crate::sandbox::{Ran, eventually};
use model_server::{ANSWER, Asked, TOKENS};
use program::{CODEX, GEMINI, OPENCODE, Program};

pub use model_server::{ModelServer, Says};
pub use program::CLAUDE;

macro_rules! with_each_program {
    ($($test:ident),* $(,)?) => {
        with_each_program!(@ claude_code, CLAUDE: $($test),*);
        with_each_program!(@ codex, CODEX: $($test),*);
        with_each_program!(@ gemini, GEMINI: $($test),*);
        with_each_program!(@ opencode, OPENCODE: $($test),*);
    };
    (@ $name:ident, $program:ident: $($test:ident),*) => {
        mod $name {
            $(#[test] fn $test() { super::$test(super::$program); })*
        }
    };
}

with_each_program!(
    answers_and_says_what_it_took,
    a_limit_is_a_failure_with_the_time_to_try_again,
    a_fault_of_the_model_server_is_a_failure_in_words,
    cancelling_ends_all_of_it,
);

fn answers_and_says_what_it_took(program: Program) {
    let server = ModelServer::start(Says::Answer);
    let Some(place) = program.place(&server) else { return };
    let sandbox = &place.sandbox;
    let [model, heard] = program.model;
    // Longer than an argument may be.
    let words = format!("Find {{it}} \"$HOME\".{}", " And think about it.".repeat(8_000));
    let params = serde_json::json!({ "task": words }).to_string();
    sandbox.file("task.json", params);
    let args = ["dispatch", "agent", "--params", "@task.json", "--agent", program.profile, "--model", model];
    let shown = Ran::of(&place.hob(&[&args[..], &["--id", "asked", "--wait"]].concat()).output().expect("hob starts"));
    let shown = shown.succeeded();
    assert!(shown.contains("fn answer() {}"), "the whole answer is shown: {shown}");
    assert_eq!(sandbox.ok(["output", "asked", "--log"]), format!("{ANSWER}\n"), "the output is the answer");

    let asked = server.asked();
    // Opencode asks another model for a title, too.
    let is_about = |asked: &&Asked| asked.model == heard && asked.body.contains("And think about it. And think");
    let about = asked.iter().find(is_about).expect("the task, for the model that was named");
    assert!(about.body.contains(r#"Find {it} \"$HOME\"."#), "the words arrive as they are");

    let task = sandbox.show("asked");
    let data = &task["result"]["data"];
    let [input, cached, output, reasoning] = TOKENS;
    assert_eq!(data["tokens"]["input"], input, "{task}");
    assert_eq!((&data["tokens"]["cached"], &data["tokens"]["output"]), (&cached.into(), &output.into()), "{task}");
    if let Some(count) = data["tokens"]["reasoning"].as_u64() {
        assert_eq!(count, reasoning);
    }
    assert_eq!(data["agent"], program.profile);
    assert!(data["model"].as_str().is_some_and(|said| said == model), "{task}");
    let session = data["session"].as_str().expect("a session").to_owned();
    let summary = task["result"]["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("Done\nThe first line of it."), "{summary}");
    let shown = sandbox.ok(["show", "asked"]);
    assert!(shown.contains("tokens 1,204 in (77 cached), 311 out"), "{shown}");
    assert!(shown.contains(&format!("session {session}")), "{shown}");

    // The session goes on.
    let again =
        ["dispatch", "agent", "Go on", "--agent", program.profile, "--resume", &session, "--id", "more", "--wait"];
    let again = Ran::of(&place.hob(&again).output().expect("hob starts"));
    again.succeeded();
    assert_eq!(sandbox.show("more")["result"]["data"]["session"], session);
    let last = server.asked().into_iter().rev().find(|asked| asked.body.contains("Go on")).expect("the second task");
    assert!(last.body.contains("And think about it. And think"), "it knows what was said before");
}

fn a_limit_is_a_failure_with_the_time_to_try_again(program: Program) {
    let server = ModelServer::start(Says::Limit(150));
    let Some(place) = program.place(&server) else { return };
    let ran = place.ask("Do it", &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failure = &place.sandbox.show("asked")["failure"];
    let message = failure["message"].as_str().expect("a message");
    assert!(message.starts_with(&format!("{} has reached a limit, which is over at ", program.profile)), "{failure}");
    assert_eq!(failure["retryable"], true, "{failure}");
    // Codex tells the minute only.
    let wait = failure["retry_after_ms"].as_u64().expect("a time");
    assert!((60_000..=150_000).contains(&wait), "{failure}");
    assert!(ran.stdout.contains("try again at ") && ran.stdout.contains("hob retry asked"), "{ran:?}");
    assert!(place.sandbox.ok(["show", "asked"]).contains("try again  at "));
}

fn a_fault_of_the_model_server_is_a_failure_in_words(program: Program) {
    let server = ModelServer::start(Says::Fault);
    let Some(place) = program.place(&server) else { return };
    let ran = place.ask("Do it", &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let failure = &place.sandbox.show("asked")["failure"];
    let message = failure["message"].as_str().expect("a message");
    assert!(message.starts_with(&format!("{} failed", program.profile)), "{failure}");
    // Codex has words of its own for it.
    assert!(message.contains("the model has a fault") || message.contains("high demand"), "{failure}");
    assert_eq!((&failure["retryable"], &failure["retry_after_ms"]), (&true.into(), &serde_json::Value::Null));
}

fn cancelling_ends_all_of_it(program: Program) {
    let server = ModelServer::start(Says::Hold);
    let Some(place) = program.place(&server) else { return };
    place.begin(&server);
    assert!(!place.processes().is_empty(), "the program runs");
    place.sandbox.ok(["cancel", "asked"]);
    assert_eq!(place.sandbox.state_of("asked"), "cancelled");
    eventually("nothing of it runs", || place.processes().is_empty());
}

#[test]
fn an_empty_answer_is_a_failure() {
    let server = ModelServer::start(Says::Nothing);
    // One that says so by itself, and one that does not.
    for program in [CODEX, CLAUDE] {
        let Some(place) = program.place(&server) else { continue };
        assert_eq!(place.ask("Do it", &[]).code, 1);
        let failure = &place.sandbox.show("asked")["failure"];
        let message = failure["message"].as_str().expect("a message");
        assert_eq!(message, format!("{} answered nothing; `hob retry asked` asks again", program.profile));
    }
}

#[test]
fn a_refusal_is_a_failure() {
    let server = ModelServer::start(Says::Refusal);
    for program in [CLAUDE, CODEX, OPENCODE] {
        let Some(place) = program.place(&server) else { continue };
        assert_eq!(place.ask("Do it", &[]).code, 1);
        let failure = &place.sandbox.show("asked")["failure"];
        let message = failure["message"].as_str().expect("a message");
        assert!(message.starts_with(&format!("{} refused the task: ", program.profile)), "{failure}");
    }
}

#[test]
fn who_is_not_logged_in_hears_how_to() {
    let server = ModelServer::start(Says::Answer);
    for (program, keys) in [(CLAUDE, &["CLAUDE_CODE_OAUTH_TOKEN"]), (GEMINI, &["GEMINI_API_KEY"])] {
        let Some(place) = program.place(&server) else { continue };
        let mut hob = place.hob(&["dispatch", "agent", "Do it", "--agent", program.profile, "--id", "asked", "--wait"]);
        for key in keys {
            hob.env_remove(key);
        }
        assert_eq!(hob.output().expect("hob starts").status.code(), Some(1));
        let failure = &place.sandbox.show("asked")["failure"];
        let message = failure["message"].as_str().expect("a message");
        assert!(message.contains("is not logged in") && message.contains("To log in: "), "{failure}");
        assert!(server.asked().is_empty());
    }
}

#[test]
fn the_roles_tell_the_agent_who_it_is() {
    let server = ModelServer::start(Says::Answer);
    let Some(place) = CLAUDE.place(&server) else { return };
    for (role, word) in [
        ("oracle", "software architect"),
        ("frontend-engineer", "frontend engineer"),
        ("librarian-agent", "librarian"),
        ("reviewer", "review code"),
    ] {
        let ran =
            place.hob(&["dispatch", role, "About the widget", "--id", role, "--wait"]).output().expect("hob starts");
        assert_eq!(ran.status.code(), Some(0), "{ran:?}");
        let asked = server.asked().pop().expect("asked");
        let folder = place.sandbox.work().canonicalize().expect("a folder");
        for part in [word, "About the widget", &folder.to_string_lossy()] {
            assert!(asked.body.contains(part), "{role}: {part} is not in {}", asked.body);
        }
    }
}
