//! Workers that die.

use crate::{
    Case,
    fixture::{DEADLINE, Fixture, Mark, kill, stat, this_binary, until},
};
use hob_process::wait_for_guards;
use nix::sys::signal::Signal;
use std::{
    ffi::OsString,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) const CASES: &[Case] = &[
    ("f32_a_killed_worker_leaves_nothing", |f| killed(f, "setsid sleep 600 & exec sleep 600", false)),
    ("f32_a_killed_worker_leaves_nothing_that_ignores_the_end", |f| {
        killed(f, "trap '' TERM HUP; while :; do sleep 600; done", false);
    }),
    ("f32_a_worker_killed_with_a_guard_leaves_nothing", |f| {
        killed(f, "trap '' TERM; setsid sleep 600 & exec sleep 600", true);
    }),
    ("the_lock_tells_whether_guards_live", lock),
    ("a_worker_that_ends_in_peace_frees_the_lock", in_peace),
    ("without_its_zygote_a_worker_is_told", zygote_killed),
];

struct Worker {
    process: Child,
    zygote: u32,
    lock: PathBuf,
    mark: Mark,
}

/// A worker of another process with five programs, the guards of which are up.
fn worker(fixture: &Fixture, script: &str) -> Worker {
    let mark = Mark::new();
    let lock = fixture.folder.path().join(format!("{}.lock", mark.variable().1.display()));
    let mut process = Command::new(this_binary())
        .args([OsString::from("role:worker"), lock.clone().into(), mark.variable().1, script.into()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let zygote = line.trim().parse().expect("its zygote");
    Worker { process, zygote, lock, mark }
}

fn killed(fixture: &Fixture, script: &str, with_a_guard: bool) {
    let mut worker = worker(fixture, script);
    until("all run", || worker.mark.living().len() >= 5);
    assert!(!wait_for_guards(&worker.lock, Duration::ZERO).expect("looked"), "the guards hold it");
    let start = Instant::now();
    if with_a_guard {
        let program = worker.mark.living()[0];
        let guard = stat(program, 1).and_then(|parent| parent.parse().ok()).expect("a parent");
        kill(guard, Signal::SIGKILL);
    }
    kill(worker.process.id(), Signal::SIGKILL);
    worker.process.wait().expect("buried");
    assert!(wait_for_guards(&worker.lock, Duration::from_secs(10)).expect("looked"), "the lock is free");
    assert_eq!(worker.mark.living(), [0_u32; 0]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    until("the zygote is gone", || stat(worker.zygote, 0).is_none_or(|state| state == "Z"));
}

fn lock(fixture: &Fixture) {
    let none = fixture.folder.path().join("none.lock");
    assert!(wait_for_guards(&none, Duration::ZERO).expect("looked"), "no file, no guards");
    assert!(!none.exists(), "and none is made");
    let own = fixture.folder.path().join("guards.lock");
    assert!(!wait_for_guards(&own, Duration::from_millis(20)).expect("looked"), "the zygote of this process lives");
}

fn in_peace(fixture: &Fixture) {
    let mut worker = worker(fixture, "exit 0");
    assert!(worker.process.wait().expect("buried").success());
    assert!(wait_for_guards(&worker.lock, DEADLINE).expect("looked"));
}

fn zygote_killed(fixture: &Fixture) {
    let mark = Mark::new();
    let lock = fixture.folder.path().join("bereft.lock");
    let args = [OsString::from("role:bereft"), lock.clone().into(), mark.variable().1];
    let output = Command::new(this_binary()).args(args).output().expect("it ran");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(wait_for_guards(&lock, DEADLINE).expect("looked"));
    assert_eq!(mark.living(), [0_u32; 0]);
}
