//! What an author learns from `hob show` when a component ends in a way that nobody wants.

use crate::{
    denials::executor,
    sandbox::{Ran, Sandbox},
};

const LIMITS: &str = "[executors.faulty.limits]\nmemory = \"64MiB\"\ncpu = \"200ms\"\n";

/// What `hob show` says of a component that ended like this: the kind, the message and, whatever happened, its last
/// words on stderr.
#[track_caller]
fn shown(how: &str, rest: &[&str], kind: &str, words: &[&str]) -> String {
    let sandbox = Sandbox::with_config(&executor("faulty", "faulty", LIMITS));
    let dispatch = ["dispatch", "faulty", "--id", "it", "--wait"].iter().copied().chain(rest.iter().copied());
    let ran: Ran = sandbox.run(dispatch.chain(["--how", how]));
    assert_eq!(ran.code, 1, "{ran:?}");
    let failure = &sandbox.show("it")["failure"];
    assert_eq!(failure["kind"], kind, "{failure:#}");
    let trace = failure["trace"].as_str().unwrap_or_default();
    assert!(trace.contains(&format!("about to end with: {how}")), "the tail of stderr is in the trace: {failure:#}");
    let text = sandbox.ok(["show", "it"]);
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    text
}

#[test]
fn a_panic_has_its_words_its_place_and_a_backtrace_with_names() {
    let text = shown("panic", &[], "trap", &["the component panicked: a panic on purpose (faulty/lib.rs:"]);
    assert!(text.contains("wasm backtrace") && text.contains("inner_step") && text.contains("outer_step"), "{text}");
}

#[test]
fn a_trap_has_its_cause_and_a_backtrace_with_names() {
    let text = shown("trap", &[], "trap", &["the component trapped: it gave up (`unreachable`)"]);
    assert!(text.contains("inner_step") && text.contains("outer_step"), "{text}");
}

#[test]
fn an_exception_of_another_language_has_its_last_line_and_its_traceback() {
    let words = [
        "instead of returning an answer; its last words: ValueError: no such column: total",
        "File \"app.py\", line 7, in run",
    ];
    shown("exception", &[], "trap", &words);
}

#[test]
fn a_timeout_says_which_and_what_was_said_before() {
    shown("wait", &["--timeout", "300ms"], "timed-out", &["did not end within 300ms", "`--timeout`"]);
}

#[test]
fn a_limit_is_named_with_the_line_that_raises_it_and_a_backtrace() {
    let text = shown("memory", &[], "limit", &["its limit of memory, 64MiB", "memory = \"128MiB\""]);
    assert!(text.contains("inner_step"), "{text}");
    let text = shown("loop", &[], "limit", &["its limit of computing time, 200ms", "cpu = \"400ms\""]);
    assert!(text.contains("inner_step"), "{text}");
}
