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
    ("f32_a_guard_killed_with_the_zygote_leaves_nothing", |f| together(f, Dead::Zygote)),
    ("f32_a_guard_killed_with_the_zygote_and_the_worker_leaves_nothing", |f| together(f, Dead::ZygoteAndWorker)),
    ("f32_when_everybody_was_killed_the_rescue_leaves_nothing", |f| together(f, Dead::Everybody)),
    ("f41_what_a_false_record_names_is_left_alone", false_record),
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

/// Who dies at the same moment as the first guard.
#[derive(Clone, Copy, PartialEq)]
enum Dead {
    Zygote,
    ZygoteAndWorker,
    Everybody,
}

/// What is left has dropped its session, its parent and its variables, and ignores being asked.
fn together(fixture: &Fixture, dead: Dead) {
    let script = "trap '' TERM HUP; (env -i setsid sleep 9$HOB_TEST_MARK &); exec sleep 600";
    let mut worker = worker(fixture, script);
    until("all run", || worker.mark.living().len() >= 10);
    let guards: Vec<u32> = numbers().filter(|pid| stat(*pid, 1) == Some(worker.zygote.to_string())).collect();
    assert_eq!(guards.len(), 5);
    // Who is stopped sees nothing of what happens until it is dead.
    kill(worker.zygote, Signal::SIGSTOP);
    kill(worker.process.id(), Signal::SIGSTOP);
    until("they are stopped", || {
        [worker.zygote, worker.process.id()].into_iter().all(|pid| stat(pid, 0).as_deref() == Some("T"))
    });
    let start = Instant::now();
    let count = if dead == Dead::Everybody { 5 } else { 1 };
    guards.iter().take(count).for_each(|guard| kill(*guard, Signal::SIGKILL));
    kill(worker.zygote, Signal::SIGKILL);
    if dead == Dead::Zygote {
        kill(worker.process.id(), Signal::SIGCONT);
        until("what the dead guard had is gone, and no more", || worker.mark.living().len() == 8);
    }
    kill(worker.process.id(), Signal::SIGKILL);
    worker.process.wait().expect("buried");
    if dead == Dead::Everybody {
        assert_eq!(worker.mark.living().len(), 10, "nobody is there to end it");
        assert!(wait_for_guards(&worker.lock, Duration::from_secs(10)).expect("looked"), "the rescue does");
        assert_eq!(worker.mark.living(), [0_u32; 0]);
    }
    until("all are gone", || worker.mark.living().is_empty());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

fn numbers() -> impl Iterator<Item = u32> {
    std::fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Records of workers that never were, or whose numbers are others' by now.
fn false_record(fixture: &Fixture) {
    crate::fixture::runtime().block_on(async {
        let (request, mark) = fixture.shell("exec sleep 600");
        let child = fixture.zygote.spawn(request).await.expect("spawned");
        until("it runs", || mark.living() == [child.pid()]);
        let record = fixture.folder.path().join("false.lock");
        let no_mark = child.pid().to_string();
        for text in ["4611686018428436480", "18446744073709551615", "0", &no_mark, "", "\u{0}\u{0}"] {
            std::fs::write(&record, text).expect("written");
            assert!(wait_for_guards(&record, Duration::from_secs(1)).expect("looked"), "nothing is waited for");
            assert_eq!(mark.living(), [child.pid()], "{text:?}");
        }
        child.terminate(Duration::ZERO).await;
    });
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
