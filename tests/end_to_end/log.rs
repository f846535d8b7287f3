//! The daemon's log.

use crate::sandbox::{Ran, Sandbox, eventually, kill};
use nix::sys::signal::Signal;
use std::{fs, io::Read as _, process::Stdio};

#[test]
fn it_says_what_happened_and_nothing_of_parameters_environment_and_output() {
    let sandbox = Sandbox::new();
    let hob = |command: &str, id: &str| {
        let args = ["dispatch", "shell", command, "--id", id, "--wait"];
        let ran = Ran::of(&sandbox.hob(args).env("PRIVATE", "environment-SECRET").output().expect("hob starts"));
        assert!(ran.code < 2, "{ran:?}");
    };
    hob("echo parameter-SECRET; echo $PRIVATE", "good");
    hob("echo parameter-SECRET >&2; exit 3", "bad");
    hob("/nowhere/parameter-SECRET", "missing");
    let ran = sandbox.run(["dispatch", "explore", "(parameter-SECRET", "--id", "wrong", "--wait"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    let log = sandbox.ok(["daemon", "log"]);
    for word in ["INFO", "id=good", "executor=shell", "ended", "begins"] {
        assert!(log.contains(word), "`{word}` is not in: {log}");
    }
    assert!(!log.contains("SECRET"), "{log}");
    let file = fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    assert_eq!(log, file);
}

#[test]
fn levels_are_chosen_and_more_of_them_tell_no_secrets_either() {
    let sandbox = Sandbox::new();
    let start = |level: &str| {
        sandbox.ok(["daemon", "stop"]);
        let ran = sandbox.hob(["daemon", "start"]).env("HOB_LOG", level).output().expect("hob starts");
        assert!(ran.status.success(), "{ran:?}");
    };
    start("error");
    sandbox.ok(["dispatch", "shell", "true", "--id", "quiet", "--wait"]);
    assert!(!sandbox.ok(["daemon", "log"]).contains("id=quiet"));
    start("trace");
    sandbox.ok(["dispatch", "shell", "echo parameter-SECRET", "--id", "loud", "--wait"]);
    let log = sandbox.ok(["daemon", "log"]);
    assert!(log.contains("id=loud") && !log.contains("SECRET"), "{log}");
}

#[test]
fn the_last_lines_the_rotated_ones_and_json() {
    let sandbox = Sandbox::new();
    sandbox.run(["daemon", "log"]).refused(4, &["there is no log yet", "hob daemon start"]);
    let folder = sandbox.state().join("log");
    fs::create_dir_all(&folder).expect("made");
    let line = |n| format!("2026-11-21T09:51:00.00000{n}Z  INFO hob_runner::slot: line {n}\n");
    fs::write(folder.join("daemon.log.1"), line(1) + &line(2)).expect("written");
    fs::write(folder.join("daemon.log"), line(3) + "no line of ours\n").expect("written");
    assert_eq!(sandbox.ok(["daemon", "log"]).lines().count(), 4);
    assert_eq!(sandbox.ok(["daemon", "log", "--tail", "3"]), line(2) + &line(3) + "no line of ours\n");
    assert_eq!(sandbox.ok(["daemon", "log", "--tail", "0"]), "");
    let json = sandbox.ok(["daemon", "log", "--tail", "2", "--json"]);
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["level"], &lines[0]["target"]), (&"info".into(), &"hob_runner::slot".into()));
    assert_eq!((&lines[0]["message"], &lines[0]["at"]), (&"line 3".into(), &"2026-11-21T09:51:00.000003Z".into()));
    assert_eq!((&lines[1]["message"], lines[1]["at"].is_null()), (&"no line of ours".into(), true));
}

#[test]
fn a_follower_sees_what_comes() {
    let sandbox = Sandbox::new();
    let mut follower = sandbox.hob(["daemon", "log", "--follow"]).stdout(Stdio::piped()).spawn().expect("hob starts");
    let mut stdout = follower.stdout.take().expect("a pipe");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut block = [0; 4096];
        while let Ok(read) = stdout.read(&mut block) {
            if read == 0 || tell.send(String::from_utf8_lossy(&block[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    sandbox.ok(["dispatch", "shell", "true", "--id", "seen", "--wait"]);
    let mut text = String::new();
    eventually("it is printed", || {
        text.extend(told.try_iter());
        text.contains("id=seen")
    });
    kill(i32::try_from(follower.id()).expect("a pid"), Signal::SIGTERM);
    follower.wait().expect("ended");
}
