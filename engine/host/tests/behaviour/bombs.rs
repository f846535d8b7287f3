//! Components that a compiler of ordinary languages would not write: tables and instances without end, loops before
//! anything was asked.

use crate::{Test, world::World};
use hob_core::{Bytes, ComponentSource, FailureKind};
use hob_runner::Executors as _;
use serde_json::json;
use std::{fs, time::Duration};

pub const TESTS: &[Test] = &[
    ("f45_a_table_bomb_is_stopped_by_name", table),
    ("f45_memory_that_is_taken_at_once_is_stopped_by_name", memory),
    ("f45_too_many_instances_are_refused_when_it_is_added", instances),
    ("f43_a_loop_at_the_start_is_refused_when_it_is_added", start),
];

/// A component that answers `describe`, and runs `run` when it is started. `more` stands beside its module.
fn component(run: &str, start: &str, more: &str) -> String {
    let description = r#"{"name":"bomb","version":"0.1.0","summary":"A bomb","params":{"type":"object"},"settings":{"type":"object"},"asks":{}}"#;
    let (escaped, length) = (description.replace('"', "\\\""), description.len());
    let text = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    format!(
        r#"(component
  (import "hob:plugin/types@0.1.0" (instance $types
    (type $json string) (export "json" (type $j (eq $json)))
    (type $pair (tuple string string)) (type $pairs (list $pair)) (type $u (option u32)) (type $s (option string))
    (type $task (record (field "id" string) (field "executor" string) (field "params" $j) (field "settings" $j)
      (field "attempt" u32) (field "deadline-ms" $u) (field "workdir" $s) (field "meta" $pairs)))
    (export "task" (type (eq $task)))
    (type $data (option $j))
    (type $success (record (field "summary" string) (field "data" $data)))
    (export "success" (type (eq $success)))
    (type $failure (record (field "message" string) (field "retryable" bool) (field "retry-after-ms" $u)
      (field "data" $data)))
    (export "failure" (type $f (eq $failure)))
    (type $error (variant (case "invalid-params" $pairs) (case "denied" string) (case "cancelled") (case "failed" $f)))
    (export "task-error" (type (eq $error)))))
  (alias export $types "task" (type $task))
  (alias export $types "success" (type $success))
  (alias export $types "task-error" (type $error))
  (alias export $types "json" (type $json))
  (core module $m
    (memory (export "memory") 1)
    (table $table 1 funcref)
    (data (i32.const 64) "{escaped}")
    (data (i32.const 16) "\40\00\00\00")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
    (func (export "describe") (result i32)
      (i32.store (i32.const 20) (i32.const {length})) (i32.const 16))
    (func $run (export "run") {text} (result i32) {run} unreachable)
    (func $start {start})
    (start $start))
  (core instance $i (instantiate $m))
  {more}
  (func $describe (result $json) (canon lift (core func $i "describe") (memory (core memory $i "memory"))))
  (func $run (param "task" $task) (result (result $success (error $error)))
    (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (instance $executor (export "describe" (func $describe)) (export "run" (func $run)))
  (export "hob:plugin/executor@0.1.0" (instance $executor)))"#
    )
}

fn write(world: &World, name: &str, text: &str) -> ComponentSource {
    let path = world.scratch("bombs").join(name);
    fs::write(&path, wat::parse_str(text).expect("a component")).expect("written");
    ComponentSource::File { path, sha256: None }
}

#[track_caller]
fn reaches(world: &World, name: &str, run: &str, expect: &str) {
    let mut task = world.task("noop", json!({}));
    task.config.component = write(world, name, &component(run, "", ""));
    task.config.limits.memory = Bytes(64 << 20);
    task.wall = Some(Duration::from_secs(20));
    let message = task.fails(FailureKind::Limit).message;
    assert!(message.contains(expect), "{message}");
}

fn table(world: &World) {
    let grow = "(drop (table.grow $table (ref.null func) (i32.const 100000)))";
    reaches(world, "table.wasm", &format!("(loop {grow} (br 0))"), "table elements, 200000");
}

fn memory(world: &World) {
    reaches(world, "memory.wasm", "(drop (memory.grow (i32.const 65000)))", "limit of memory, 64MiB");
}

#[track_caller]
fn is_refused(world: &World, name: &str, start: &str, more: &str, expect: &str) {
    let mut task = world.task("noop", json!({}));
    task.config.component = write(world, name, &component("", start, more));
    let error = world.host.load(&task.config).expect_err("refused").to_string();
    assert!(error.contains(name) && error.contains(expect), "{error}");
}

fn instances(world: &World) {
    is_refused(world, "instances.wasm", "", &"(core instance (instantiate $m))\n".repeat(100), "core instances");
}

fn start(world: &World) {
    is_refused(world, "start.wasm", "(loop (br 0))", "", "limit of computing time");
}
