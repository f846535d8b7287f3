//! Workers that race, freeze, die and come back (18 to 31, 64).

mod cancelling;
mod ending;
mod executors;
mod frozen;
mod nesting;
mod newer;
mod notifying;
mod racing;
mod time;

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Hands in shell commands in one commit.
fn batch(sandbox: &Sandbox, tasks: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let (mut lines, mut ids) = (String::new(), Vec::new());
    for (id, command) in tasks {
        let _ = writeln!(lines, "{}", json!({ "executor": "shell", "id": id, "params": { "command": command } }));
        ids.push(id);
    }
    let file = sandbox.file("batch.jsonl", lines);
    sandbox.ok(["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()]);
    ids
}

/// Waits for all of them; the exit code of `hob wait`.
#[track_caller]
fn wait(sandbox: &Sandbox, ids: &[String]) -> i32 {
    sandbox.wait(&ids.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Every task of the sandbox.
#[track_caller]
fn all(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.json(["list", "--all", "--json"]).as_array().expect("a list").clone()
}

/// The process that a task wrote into a file, once it has.
#[track_caller]
fn pid(sandbox: &Sandbox, file: &str) -> i32 {
    crate::sandbox::eventually("it runs", || sandbox.read(file).ends_with('\n'));
    sandbox.read(file).trim().parse().expect("a pid")
}
