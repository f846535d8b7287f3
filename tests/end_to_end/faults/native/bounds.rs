//! Floods of output, and no descriptor left.

use super::kilobytes;
use crate::sandbox::{Sandbox, eventually};
use hob_fault_case::Case;
use std::{fs, path::Path, process::Command};

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |data| data.len()) }
            },
        )
        .sum()
}

#[test]
fn f37_of_a_flood_head_and_tail_are_kept_the_rest_is_counted_and_memory_stays_flat() {
    const KEPT: u64 = 8 << 20;
    let case = Case::begin(37);
    // The long form is what 20 GB are; it never touches the disk.
    let bytes: u64 = case.scale(150_000_000, 10_000_000_000);
    let sandbox = Sandbox::with_config("[executors.shell.limits]\noutput = \"8MiB\"\n");
    sandbox.ok(["dispatch", "shell", "head -c 20000000 /dev/zero", "--wait"]);
    let daemon = sandbox.daemon_pid();
    let before = kilobytes(daemon, "VmHWM:");
    // Without any line end, and with hardly anything else.
    let floods = [("zeros", format!("head -c {bytes} /dev/zero")), ("yes", format!("yes | head -c {bytes}"))];
    for (id, flood) in &floods {
        sandbox.ok(["dispatch", "shell", &format!("echo first; {flood}; echo; echo last"), "--id", id]);
    }
    let mut most = 0;
    eventually("all of it came", || {
        most = most.max(size(&sandbox.state().join("output")));
        floods.iter().all(|(id, _)| sandbox.state_of(id) == "completed")
    });
    let grown = kilobytes(daemon, "VmHWM:") - before;
    assert!(grown < 16 << 10, "the daemon grew by {grown} kB");
    assert!(most > KEPT && most < 4 * KEPT, "{most} bytes on the disk");
    for (id, _) in &floods {
        let log = sandbox.ok(["output", id, "--log"]);
        assert!(log.starts_with("first\n") && log.ends_with("\nlast\n"), "head and tail of {id}");
        let mark = log.lines().find_map(|line| line.strip_prefix("[hob: ")?.strip_suffix(" bytes left out]"));
        let left_out: u64 = mark.and_then(|mark| mark.parse().ok()).expect("a count");
        let marker = format!("[hob: {left_out} bytes left out]\n").len() as u64;
        // Where the flood was cut in the middle of a line, the mark begins one.
        let kept = log.len() as u64 - marker;
        let whole = bytes + "first\n\nlast\n".len() as u64;
        assert!((whole..=whole + 1).contains(&(kept + left_out)), "{kept} and {left_out} of {whole}");
        assert!(kept <= KEPT + 1, "{kept}");
    }
    let note = format!("the daemon's peak grew by {grown} kB, {most} bytes on the disk");
    case.end("bytes of output", 2 * bytes, 0, 0, &note);
}

#[test]
fn f37_a_byte_now_and_then_is_there_at_once() {
    let sandbox = Sandbox::new();
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "printf a; read x < gate; printf b; read x < gate", "--id", "slow"]);
    for expect in ["a", "ab"] {
        eventually("it is there", || sandbox.ok(["output", "slow", "--log"]) == expect);
        fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    }
    assert_eq!(sandbox.wait(&["slow"]), 0);
}

/// Sets how many files a process may have open; it may be raised again up to the hard limit.
fn allow_files(pid: i32, soft: u64) {
    let set = Command::new("prlimit").args([format!("--pid={pid}"), format!("--nofile={soft}:")]).status();
    assert!(set.expect("prlimit runs").success());
}

fn open_files(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count()
}

#[test]
fn f40_with_no_descriptor_left_tasks_wait_and_none_fails_and_it_heals() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    let daemon = sandbox.daemon_pid();
    let before = open_files(daemon);
    allow_files(daemon, before as u64);
    let ids: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    for id in &ids {
        sandbox.ok(["dispatch", "shell", "echo said", "--id", id]);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let log = || sandbox.ok(["daemon", "log"]);
    eventually("it is said", || log().contains("too many files are open"));
    assert!(ids.iter().all(|id| sandbox.state_of(id) == "pending"), "none was taken to fail");
    // Room for one at a time: then they run one after the other.
    allow_files(daemon, before as u64 + 40);
    assert_eq!(sandbox.wait(&ids), 0, "all completed");
    allow_files(daemon, 4096);
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    assert_eq!(sandbox.daemon_pid(), daemon, "the same daemon");
    assert_eq!(log().matches("too many files are open").count(), 1, "said once");
    assert!(open_files(daemon) <= before + 2, "{} of {before}: no leak", open_files(daemon));
}
