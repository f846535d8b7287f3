//! How attempts end: answers, errors, traps, limits, clocks.

use crate::{Test, world::World};
use hob_core::{Bytes, FailureKind};
use serde_json::json;
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    ("each_ending_of_the_contract_is_told_apart", endings),
    ("parameters_that_do_not_fit_never_start_a_component", bad_params),
    ("settings_are_held_against_their_schema", settings),
    ("f47_a_panic_says_its_words_and_its_backtrace", panic),
    ("f47_an_exit_without_an_answer_is_a_trap", exit),
    ("f46_deep_recursion_is_a_trap", recursion),
    ("f45_a_memory_bomb_is_stopped_by_name", memory),
    ("f48_a_handle_bomb_is_stopped_by_name", handles),
    ("f48_a_huge_answer_is_stopped_by_name", huge_answer),
    ("f43_a_loop_is_stopped_by_its_computing_time", cpu),
    ("f43_a_loop_of_host_calls_is_stopped_by_its_computing_time", cpu_in_calls),
    ("f43_a_loop_is_stopped_by_the_wall_clock", wall_of_a_loop),
    ("f44_a_wait_is_stopped_by_the_wall_clock", wall_of_a_wait),
    ("waiting_costs_no_computing_time", waiting_is_free),
];

fn endings(world: &World) {
    let run = |outcome: &str| world.task("outcomes", json!({ "outcome": outcome }));
    assert_eq!(run("attempt").completes().summary, "attempt 1");
    let failure = run("retryable").fails(FailureKind::Executor);
    assert!(failure.retryable && failure.retry_after_ms == Some(1500) && failure.data == Some(json!({ "hint": 1 })));
    assert_eq!(run("failed").fails(FailureKind::Executor).message, "on purpose");
    assert_eq!(run("denied").fails(FailureKind::Denied).message, "the text of a denial");
    assert_eq!(run("?").fails(FailureKind::InvalidParams).message, "/outcome: `?` is none");
    assert!(run("bad-data").fails(FailureKind::Executor).message.contains("no JSON"));
    assert!(run("cancelled").fails(FailureKind::Executor).message.contains("nobody asked"));
}

fn bad_params(world: &World) {
    let failure = world.task("outcomes", json!({ "outcome": 7, "other": 1 })).fails(FailureKind::InvalidParams);
    assert!(failure.message.contains("/outcome: 7 is not of type \"string\""), "{}", failure.message);
    assert!(failure.message.contains("other"), "{}", failure.message);
}

fn settings(world: &World) {
    let mut run = world.task("outcomes", json!({ "outcome": "settings" }));
    run.config.settings = json!({ "depth": 3 });
    assert_eq!(run.completes().data, Some(json!({ "depth": 3 })));
    run.config.settings = json!([]);
    let message = run.fails(FailureKind::Internal).message;
    assert!(message.contains("[executors.tested.settings]"), "{message}");
}

fn panic(world: &World) {
    let failure = world.task("panicking", json!({})).fails(FailureKind::Trap);
    assert!(failure.message.contains("panicked: this guest panics on purpose"), "{}", failure.message);
    let trace = failure.trace.expect("a trace");
    assert!(trace.contains("wasm backtrace") && trace.contains("panicking"), "names of functions: {trace}");
}

fn exit(world: &World) {
    let failure = world.task("exiting", json!({})).fails(FailureKind::Trap);
    assert!(failure.message.contains("exited with code 0 instead of returning an answer"), "{}", failure.message);
}

fn recursion(world: &World) {
    let failure = world.task("deep_recursion", json!({})).fails(FailureKind::Trap);
    assert!(failure.message.contains("recursion"), "{}", failure.message);
}

fn memory(world: &World) {
    let mut run = world.task("memory_bomb", json!({}));
    run.config.limits.memory = Bytes(32 << 20);
    let message = run.fails(FailureKind::Limit).message;
    assert!(message.contains("limit of memory, 32MiB"), "{message}");
    assert!(message.contains("[executors.tested.limits]\nmemory = \"64MiB\""), "{message}");
}

fn handles(world: &World) {
    let message = world.task("handle_bomb", json!({})).fails(FailureKind::Limit).message;
    assert!(message.contains("open handles, 10000"), "{message}");
}

fn huge_answer(world: &World) {
    let message = world.task("outcomes", json!({ "outcome": "huge" })).fails(FailureKind::Limit).message;
    assert!(message.contains("an answer may have 16MiB"), "{message}");
}

#[track_caller]
fn stops_computing(world: &World, guest: &str) {
    let mut run = world.task(guest, json!({}));
    run.config.limits.cpu = Duration::from_millis(200);
    let message = run.fails(FailureKind::Limit).message;
    assert!(message.contains("limit of computing time, 200ms"), "{message}");
    assert!(message.contains("[executors.tested.limits]\ncpu = \"400ms\""), "{message}");
}

fn cpu(world: &World) {
    stops_computing(world, "looping");
}

fn cpu_in_calls(world: &World) {
    stops_computing(world, "host_call_loop");
}

#[track_caller]
fn times_out(world: &World, guest: &str) {
    let mut run = world.task(guest, json!({}));
    run.wall = Some(Duration::from_millis(150));
    // Loaded beforehand: compiling is not the component's time.
    hob_runner::Executors::load(&world.host, &run.config).expect("loads");
    let start = Instant::now();
    let message = run.fails(FailureKind::TimedOut).message;
    assert!(message.contains("within 150ms"), "{message}");
    assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

fn wall_of_a_loop(world: &World) {
    times_out(world, "looping");
}

fn wall_of_a_wait(world: &World) {
    times_out(world, "waiting");
}

fn waiting_is_free(world: &World) {
    let mut run = world.task("waiting", json!({}));
    // Less computing time than the wait lasts: if waiting counted, this would be a limit.
    run.config.limits.cpu = Duration::from_millis(100);
    run.wall = Some(Duration::from_millis(400));
    run.fails(FailureKind::TimedOut);
}
