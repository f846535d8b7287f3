use super::{fill, raw};
use crate::sandbox::Sandbox;
use hob_fault_case::Case;
use std::{
    fs,
    time::{Duration, Instant},
};

/// The time of the slowest of a hundred in a hundred.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

/// The most memory that a process ever had, in megabytes.
fn peak(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|size| size.parse::<u64>().ok()).expect("a size") / 1_024
}

#[test]
fn f16_a_long_queue_and_a_long_past_slow_nothing_down() {
    let case = Case::begin(16);
    let size = case.scale(20_000, 1_000_000);
    let config = "[daemon]\nautostart = false\n[retention]\ncount = 3000000\nage = \"36500d\"\n";
    let sandbox = Sandbox::with_config(config);
    fill(&sandbox, size, size);
    let timed = |args: &[&str]| {
        let times = (0..case.scale(20, 100)).map(|_| {
            let since = Instant::now();
            sandbox.ok(args);
            since.elapsed()
        });
        p99(times.collect())
    };
    let dispatch = timed(&["dispatch", "shell", "true"]);
    let status = timed(&["status", "--json"]);
    let list = timed(&["list"]);
    // The daemon takes one after the other: what lies between the ends of two is at least a claim.
    let counts = |what: &str| sandbox.json(["status", "--json"])["counts"][what].as_u64().expect("a number");
    let before = counts("completed");
    sandbox.ok(["daemon", "start"]);
    let daemon = sandbox.daemon_pid();
    let tasks = case.scale(100, 500);
    crate::sandbox::eventually("tasks run", || counts("completed") >= before + tasks);
    let (busy_dispatch, busy_status) = (timed(&["dispatch", "shell", "true"]), timed(&["status", "--json"]));
    let memory = peak(daemon);
    sandbox.ok(["daemon", "stop"]);
    let rows: u32 = raw(&sandbox).query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)).expect("a count");
    assert_eq!(counts("pending") + counts("completed") + counts("failed"), u64::from(rows));
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let note = format!(
        "{size} pending and {size} finished; p99: dispatch {:.0} ms, status {:.0} ms, list {:.0} ms; while tasks run: dispatch \
         {:.0} ms, status {:.0} ms; daemon {memory} MB",
        milliseconds(dispatch),
        milliseconds(status),
        milliseconds(list),
        milliseconds(busy_dispatch),
        milliseconds(busy_status)
    );
    assert!(memory < 100, "{note}");
    case.end("tasks", u64::from(size) * 2, 0, 0, &note);
}
