//! Loops, waits, bombs and traps, each beside ordinary work.

use super::neighbours::{Hostile, Place, how, measure};
use crate::sandbox::eventually;
use hob_fault_case::Case;
use serde_json::{Value, json};
use std::{fs, io::Read as _, net::TcpListener, thread};

/// What is stopped by its clock.
fn timed_out(executor: &'static str, params: Value) -> Hostile {
    Hostile {
        executor,
        params,
        timeout_ms: Some(300),
        ends: "timed-out",
        says: &["within 300ms", "`wall` in [executors."],
    }
}

fn ends(executor: &'static str, params: Value, ends: &'static str, says: &'static [&'static str]) -> Hostile {
    Hostile { executor, params, timeout_ms: None, ends, says }
}

fn loops() -> Vec<Hostile> {
    vec![
        timed_out("hostile", how("loop", 0)),
        timed_out("start", json!({})),
        timed_out("hostile", how("calls", u32::MAX.into())),
        ends(
            "hostile-cpu",
            how("loop", 0),
            "limit",
            &["computing time, 300ms", "[executors.hostile-cpu.limits]\ncpu = \"600ms\""],
        ),
    ]
}

#[test]
fn f43_loops_end_with_their_clocks() {
    measure(43, &Place::new("", ""), &loops());
}

fn waits() -> Vec<Hostile> {
    vec![
        timed_out("hostile", how("sleep", 0)),
        timed_out("hostile", how("wait", 0)),
        timed_out("hostile", how("program", 0)),
        // Nobody ever opens the pipe's other end.
        ends("hostile", json!({ "how": "read", "text": "/rw/pipe" }), "executor", &["read /rw/pipe", "not permitted"]),
    ]
}

#[test]
fn f44_waits_end_with_the_clock_and_free_their_slot() {
    // It accepts connections, and never says anything.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut one in silent.incoming().flatten() {
            let _ = one.read_to_end(&mut Vec::new());
        }
    });
    let place = Place::new("", "");
    let toml = fs::read_to_string(place.sandbox.home().join("hob.toml")).expect("configuration");
    place.sandbox.configure(&toml.replace("port = 9,", &format!("port = {port},")));
    place.sandbox.pipe("pipe");
    let mut waits = waits();
    waits.push(timed_out("hostile", json!({ "how": "request", "text": format!("http://127.0.0.1:{port}/") })));
    measure(44, &place, &waits);
    let processes = || super::super::oracle::processes(&place.sandbox);
    let is_sleep = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "sleep");
    eventually("the programs are gone", || !processes().iter().any(is_sleep));
}

fn bombs() -> Vec<Hostile> {
    let memory = &["limit of memory, 64MiB", "[executors.memory.limits]\nmemory = \"128MiB\""];
    vec![ends("memory", json!({}), "limit", memory)]
}

#[test]
fn f45_a_memory_bomb_takes_no_more_than_its_limit() {
    let place = Place::new("", "");
    let before = place.memory();
    // From here on the system counts the daemon's highest mark anew.
    fs::write(format!("/proc/{}/clear_refs", place.daemon), "5").expect("our own process");
    for bomb in bombs() {
        place.run(&bomb);
    }
    let highest = place.figure("VmHWM:");
    let files = place.figure("RssFile:");
    let peak = highest.saturating_sub(files + before);
    assert!(peak <= (64 + 16) << 10, "{peak} KiB above what it had");
    measure(45, &place, &bombs());
}

fn too_deep() -> Vec<Hostile> {
    vec![
        ends("recursion", json!({}), "trap", &["recursion"]),
        ends("hostile", how("nested", 1_000_000), "executor", &["nested", "is no JSON: recursion limit"]),
    ]
}

#[test]
fn f46_what_is_too_deep_is_a_trap_or_an_error() {
    let place = Place::new("", "");
    measure(46, &place, &too_deep());
    // From the other side: parameters that nobody can hold.
    let deep = format!("{{\"how\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let file = place.sandbox.file("deep.json", deep);
    let params = format!("@{}", file.display());
    place.sandbox.run(["dispatch", "hostile", "--params", &params]).refused(2, &["recursion limit"]);
}

fn traps() -> Vec<Hostile> {
    vec![
        ends("faulty", json!({ "how": "panic" }), "trap", &["the component panicked: a panic on purpose"]),
        ends("faulty", json!({ "how": "trap" }), "trap", &["trapped", "`unreachable`"]),
        ends("exiting", json!({}), "trap", &["exited with code 0 instead of returning an answer"]),
    ]
}

#[test]
fn f47_traps_panics_and_exits_fail_with_a_backtrace_that_can_be_read() {
    let place = Place::new("", "");
    for how in ["panic", "trap"] {
        let params = json!({ "how": how }).to_string();
        place.sandbox.run(["dispatch", "faulty", "--id", how, "--params", &params, "--wait"]);
        let trace = place.sandbox.show(how)["failure"]["trace"].as_str().expect("a trace").to_owned();
        for word in ["about to end with", "wasm backtrace", "inner_step", "outer_step"] {
            assert!(trace.contains(word), "`{word}` is not in: {trace}");
        }
    }
    measure(47, &place, &traps());
}

fn absurd() -> Vec<Hostile> {
    vec![
        ends("outcomes", json!({ "outcome": "huge" }), "limit", &["an answer may have 16MiB"]),
        ends("hostile", how("calls", 1_000_000), "completed", &["calls"]),
        ends("handles", json!({}), "limit", &["open handles, 10000"]),
        ends("hostile", how("folders", 1_000_000), "limit", &["open handles, 10000"]),
        ends("hostile", how("random", 4 << 20), "limit", &["random bytes in one call, 1MiB"]),
        ends("hostile", how("poll", 1_000_000), "limit", &["open handles, 10000"]),
        ends("hostile", how("poll", 8_000_000), "limit", &["bytes in one call to the host, 64MiB"]),
        ends("hostile", how("waitables", 5_000), "executor", &["at most 1000 waitables"]),
        ends("hostile", how("waitables", 1_000_000), "limit", &["open handles, 10000"]),
        ends("hostile", json!({ "how": "path", "text": "/rw", "count": 1 << 20 }), "executor", &["ame too long"]),
        ends("hostile", how("fields", 1_000_000), "completed", &["fields"]),
        ends(
            "hostile",
            json!({ "how": "headers", "text": "http://127.0.0.1:9/", "count": 100_000 }),
            "executor",
            &["headers"],
        ),
    ]
}

#[test]
fn f48_absurd_sizes_meet_limits_by_name() {
    measure(48, &Place::new("", ""), &absurd());
}

/// All of them, one after the other, in one daemon.
#[test]
fn f45_all_hostile_guests_together_leave_the_daemon_as_it_was() {
    let case = Case::begin(45);
    let place = Place::new("", "");
    place.sandbox.pipe("pipe");
    let all: Vec<Hostile> = [loops(), waits(), bombs(), too_deep(), traps(), absurd()].into_iter().flatten().collect();
    let rounds = case.scale(1, 10);
    let before = place.memory();
    for _ in 0..rounds {
        for hostile in &all {
            place.run(hostile);
        }
    }
    let grown = place.memory().saturating_sub(before);
    assert_eq!(place.sandbox.daemon_pid(), place.daemon, "the daemon lives");
    assert!(grown <= 16 << 10, "the daemon grew by {grown} KiB");
    let note = format!("the daemon grew by {grown} KiB over all guests of 43 to 48");
    case.end("hostile tasks", rounds * all.len() as u64, 0, 0, &note);
}
