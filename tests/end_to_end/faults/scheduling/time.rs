//! Clocks that jump while tasks run. Needs libfaketime, of Debian's package `faketime`.

use crate::{
    faults::oracle,
    sandbox::{Ran, Sandbox, eventually, is_alive},
};
use hob_fault_case::Case;
use serde_json::Value;
use std::{fs, path::PathBuf, process::Command};

/// Where Debian has the library.
fn library() -> PathBuf {
    let folder = PathBuf::from(format!("/usr/lib/{}-linux-gnu/faketime", std::env::consts::ARCH));
    let library = folder.join("libfaketime.so.1");
    assert!(library.exists(), "{} is missing: apt-get install faketime", library.display());
    library
}

/// What the library leaves in shared memory of a process that was killed, under that process's number. A later process
/// with the same number would end because of it.
fn sweep() {
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = ["faketime_shm_", "sem.faketime_sem_"].iter().find_map(|kind| name.strip_prefix(kind));
        if number.and_then(|number| number.parse().ok()).is_some_and(|pid| !is_alive(pid)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The command with a clock that a file sets.
fn faked<'a>(command: &'a mut Command, clock: &std::path::Path) -> &'a mut Command {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME_TIMESTAMP_FILE", clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1")
}

/// Every number that a listing of tasks has as a time.
fn times(value: &Value) -> Vec<f64> {
    match value {
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| {
                let own = value.as_f64().filter(|_| key.ends_with("_ms") || key.contains("duration"));
                own.into_iter().chain(times(value)).collect::<Vec<_>>()
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(times).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn f25_a_clock_that_jumps_rescues_nothing_early_runs_nothing_twice_and_takes_no_time_back() {
    let case = Case::begin(25);
    sweep();
    let sandbox = Sandbox::with_config("[daemon]\nlease = \"2s\"\n");
    let gate = sandbox.pipe("gate");
    let clock = sandbox.file("clock", "+0\n");
    let set = |to: &str| {
        fs::write(sandbox.work().join("clock.new"), format!("{to}\n")).expect("written");
        fs::rename(sandbox.work().join("clock.new"), &clock).expect("set");
    };
    let run = |words: &[&str]| {
        let ran = Ran::of(&faked(&mut sandbox.hob(words), &clock).output().expect("starts"));
        assert_eq!(ran.code, 0, "{words:?}: {ran:?}");
        ran
    };
    run(&["daemon", "start"]);
    run(&["dispatch", "shell", "echo x >> ran; read line < gate", "--id", "long"]);
    eventually("it runs", || !sandbox.read("ran").is_empty());
    let daemon = sandbox.daemon_pid();
    let jumps = ["+1d", "-1d", "1970-01-01 00:00:05", "+0", "+1d", "1970-01-01 00:00:01", "+0"];
    let (mut negative, mut taken) = (0, 0);
    for (n, jump) in jumps.iter().enumerate() {
        // One task lives through each jump, others begin and end after it; a second worker looks at the first.
        let (across, after) = (format!("across-{n}"), format!("after-{n}"));
        run(&[
            "dispatch",
            "shell",
            &format!("echo {across} >> ran; until [ -e {across} ]; do sleep 0.01; done"),
            "--id",
            &across,
        ]);
        eventually("it runs", || sandbox.read("ran").contains(&across));
        set(jump);
        run(&["dispatch", "shell", &format!("echo {after} >> ran"), "--id", &after]);
        run(&["work", "--once"]);
        sandbox.file(&across, "");
        run(&["wait", &across, &after, "--timeout", "60s"]);
        let listed: Value = serde_json::from_str(&run(&["list", "--all", "--json"]).stdout).expect("JSON");
        let all = times(&listed);
        taken += all.len();
        negative += all.iter().filter(|time| **time < 0.0).count();
        for words in [["status"].as_slice(), &["show", "long"], &["list"], &["show", &across]] {
            let text = run(words).stdout;
            let is_negative =
                |word: &str| word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            assert!(!text.split_whitespace().any(is_negative), "a negative time: {text}");
        }
        assert_eq!(sandbox.state_of("long"), "running", "{jump}");
    }
    assert!(taken > 0, "times were read");
    assert_eq!(sandbox.daemon_pid(), daemon);
    fs::write(gate, "go\n").expect("opened");
    run(&["wait", "long", "--timeout", "60s"]);
    let mut ran: Vec<String> = sandbox.read("ran").lines().map(str::to_owned).collect();
    let times = ran.len();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!((ran.len(), times), (1 + 2 * jumps.len(), times), "each ran once");
    assert_eq!(sandbox.show("long")["attempt"], 1);
    oracle::sound(&sandbox, &["long".to_owned()].into_iter().collect());
    case.end(
        "jumps of the clock",
        jumps.len() as u64,
        (times - ran.len()) as u64,
        negative as u64,
        "to 1970 and by a day",
    );
}
