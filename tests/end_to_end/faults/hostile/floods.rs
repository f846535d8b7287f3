//! Floods of output, progress and log lines (59).

use super::neighbours::{Hostile, Place, how, measure};
use crate::sandbox::Sandbox;
use serde_json::Value;

const LINES: u64 = 20_000;

fn flood(executor: &'static str, what: &str, count: u64) -> Hostile {
    Hostile { executor, params: how(what, count), timeout_ms: None, ends: "completed", says: &[] }
}

/// The messages of the daemon's log that have `word` in them.
fn log(sandbox: &Sandbox, word: &str) -> Vec<String> {
    let lines = sandbox.ok(["daemon", "log", "--json"]);
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["message"].to_string());
    messages.filter(|message| message.contains(word)).collect()
}

/// The sum of the figures of `dropped=N` in messages with these words.
fn dropped(sandbox: &Sandbox, words: &str) -> u64 {
    let figure = |message: &String| -> u64 {
        let (_, rest) = message.split_once("dropped=").expect("a figure");
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    log(sandbox, words).iter().map(figure).sum()
}

#[test]
fn f59_floods_are_held_back_and_say_how_much_was_dropped() {
    let place =
        Place::new("", "[executors.short]\nextends = \"hostile\"\n[executors.short.limits]\noutput = \"1MiB\"\n");
    let sandbox = &place.sandbox;
    place.run(&flood("hostile", "log", LINES));
    let lines = log(sandbox, "line ").len() as u64;
    assert!((200..LINES / 10).contains(&lines), "{lines} lines of {LINES}");
    assert_eq!(dropped(sandbox, "log lines dropped"), LINES - lines);

    place.run(&flood("hostile", "progress", LINES));
    let held_back = dropped(sandbox, "progress reports dropped");
    assert!((LINES * 9 / 10..LINES).contains(&held_back), "{held_back} of {LINES}");

    let params = how("output", 64).to_string();
    sandbox.ok(["dispatch", "short", "--id", "long", "--params", &params, "--wait"]);
    let task = sandbox.show("long");
    assert!(task["output"]["bytes"].as_u64().is_some_and(|bytes| bytes <= (1 << 20) + 100), "{task}");
    let output = sandbox.ok(["output", "long", "--log"]);
    assert!(output.contains("bytes left out]"), "it does not say what is left out");

    let all = [flood("hostile", "log", LINES), flood("hostile", "progress", LINES), flood("short", "output", 256)];
    measure(59, &place, &all);
}
