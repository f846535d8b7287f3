//! Captured output and results.

use crate::sandbox::{Sandbox, eventually};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

#[test]
fn a_result_is_read_twice() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "echo hello", "--id", "greet", "--wait"]);
    let first = sandbox.json(["output", "greet", "--json"]);
    let second = sandbox.json(["output", "greet", "--json"]);
    assert_eq!(first, second);
    assert_eq!(first["state"], "completed");
    assert_eq!(sandbox.ok(["output", "greet", "--log"]), "hello\n");
    assert_eq!(sandbox.ok(["output", "greet", "--log"]), "hello\n");
}

#[test]
fn output_is_kept_byte_for_byte_and_in_order() {
    let sandbox = Sandbox::new();
    let command = r"printf 'a\000b\377\n'; echo error >&2; printf '\033[31mred'";
    sandbox.ok(["dispatch", "shell", command, "--id", "bytes", "--wait"]);
    let output = sandbox.hob(["output", "bytes", "--log"]).output().expect("hob runs");
    assert_eq!(output.stdout, b"a\0b\xff\nerror\n\x1b[31mred");
}

#[test]
fn the_last_lines() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "seq 1 100000", "--id", "lines", "--wait"]);
    assert_eq!(sandbox.ok(["output", "lines", "--tail", "3"]), "99998\n99999\n100000\n");
}

#[test]
fn two_hundred_megabytes_pass_with_flat_memory() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    let daemon = sandbox.daemon_pid();
    sandbox.ok(["dispatch", "shell", "head -c 200000000 /dev/zero; echo end", "--id", "big", "--wait"]);
    let status = fs::read_to_string(format!("/proc/{daemon}/status")).expect("the daemon lives");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak");
    let peak: u64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    assert!(peak < 100_000, "the daemon's peak was {peak} KiB");
    let mut output = sandbox.hob(["output", "big", "--log"]).stdout(Stdio::piped()).spawn().expect("hob starts");
    let mut reader = output.stdout.take().expect("a pipe");
    let length = std::io::copy(&mut reader, &mut std::io::sink()).expect("read");
    assert!(output.wait().expect("ended").success());
    assert_eq!(length, 200_000_004);
}

#[test]
fn what_exceeds_the_limit_is_dropped_in_the_middle_and_counted() {
    let sandbox = Sandbox::with_config("[executors.shell.limits]\noutput = \"64KiB\"\n");
    sandbox.ok(["dispatch", "shell", "echo first; seq 1 100000; echo last", "--id", "long", "--wait"]);
    let log = sandbox.ok(["output", "long", "--log"]);
    assert!(log.starts_with("first\n1\n2\n"), "the beginning is kept");
    assert!(log.ends_with("100000\nlast\n"), "the end is kept");
    assert!(log.contains("left out"), "what is missing is counted");
    assert!(log.len() < 70_000, "{}", log.len());
}

#[test]
fn following_shows_output_as_it_comes() {
    let sandbox = Sandbox::new();
    sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo before; read line < gate; echo after", "--id", "live"]);
    let mut follower = sandbox.hob(["output", "live", "--follow"]).stdout(Stdio::piped()).spawn().expect("hob starts");
    let mut lines = BufReader::new(follower.stdout.take().expect("a pipe")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "before");
    assert_eq!(sandbox.state_of("live"), "running");
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    assert_eq!(lines.next().expect("a line").expect("text"), "after");
    assert!(follower.wait().expect("ended").success());
}

#[test]
fn waiting_for_output_ends_when_the_time_is_over() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "sleep 600", "--id", "long"]);
    assert_eq!(sandbox.run(["output", "long", "--wait", "--timeout", "100ms"]).code, 6);
    assert_eq!(sandbox.run(["wait", "long", "--timeout", "100ms"]).code, 6);
}

#[test]
fn the_dispatchers_environment_folder_and_exact_arguments_arrive() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join("sub folder")).expect("made");
    let mut hob = sandbox.hob(["dispatch", "shell", "--cwd", "sub folder", "--id", "env", "--wait", "--"]);
    hob.args(["sh", "-c", "pwd; echo $GREETING; for a in \"$@\"; do echo \"[$a]\"; done", "sh", "two  words", "", "*"]);
    hob.env("GREETING", "s\u{e9}same");
    assert!(hob.output().expect("hob runs").status.success());
    let log = sandbox.ok(["output", "env", "--log"]);
    let folder = sandbox.work().join("sub folder").canonicalize().expect("a folder");
    assert_eq!(log, format!("{}\ns\u{e9}same\n[two  words]\n[]\n[*]\n", folder.display()));
}

#[test]
fn the_captured_environment_is_gone_when_the_task_has_ended() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    let secret = "correct-horse-battery-staple";
    let mut hob = sandbox.hob(["dispatch", "shell", "true", "--id", "private"]);
    assert!(hob.env("TOKEN", secret).output().expect("hob runs").status.success());
    let database = || fs::read(sandbox.state().join("hob.db")).expect("a database");
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(!sandbox.ok(["show", "private"]).contains(secret), "never shown");
    sandbox.ok(["work"]);
    eventually("the task is over", || sandbox.state_of("private") == "completed");
    assert!(!holds(&database()), "the database still holds the environment");
}

#[test]
fn a_git_repository_is_worked_on_and_searched() {
    let sandbox = Sandbox::new();
    sandbox.file(".gitignore", "ignored.txt\n");
    sandbox.file("ignored.txt", "needle\n");
    sandbox.file("src/a.txt", "hay\nneedle one\nhay\n");
    sandbox.file("src/b.txt", "needle two\nNEEDLE\nthread\n");
    let git = "git init -q . && git add -A && git -c user.name=t -c user.email=t@t commit -qm 'first needle'";
    sandbox.ok(["dispatch", "shell", git, "--id", "commit", "--wait"]);
    sandbox.ok(["dispatch", "shell", "--id", "log", "--wait", "--", "git", "log", "--format=%s"]);
    assert_eq!(sandbox.ok(["output", "log", "--log"]), "first needle\n");

    sandbox.ok(["dispatch", "explore", "needle", "thr.*d", "--id", "search", "--wait"]);
    let data = &sandbox.show("search")["result"]["data"];
    let text = data.to_string();
    assert!(text.contains("src/a.txt") && text.contains("src/b.txt"), "{text}");
    assert!(!text.contains("ignored.txt"), ".gitignore is respected: {text}");
    let log = sandbox.ok(["output", "search", "--log"]);
    assert!(log.contains("needle one") && log.contains("thread"), "{log}");
}
