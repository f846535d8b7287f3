//! What a program is given, what it may not read, and why it does not start.

use super::trees;
use crate::sandbox::{Sandbox, eventually, is_alive};
use serde_json::json;
use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

#[test]
fn f38_any_bytes_are_stored_exactly_and_shown_safely_and_json_stays_valid() {
    let sandbox = Sandbox::new();
    let all: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(40);
    sandbox.file("bytes", &all);
    // 100 MB in one line would only take longer.
    let longest = 20_000_000;
    let line = format!("head -c {longest} /dev/zero | tr '\\000' x");
    for (id, command) in [("bytes", "cat bytes; cat bytes >&2; exit 3"), ("line", line.as_str())] {
        sandbox.ok(["dispatch", "shell", command, "--id", id]);
    }
    sandbox.wait(&["bytes", "line"]);
    let log = sandbox.hob(["output", "bytes", "--log"]).output().expect("hob runs").stdout;
    assert!(log == [all.as_slice(), &all].concat(), "{} bytes", log.len());
    assert_eq!(sandbox.ok(["output", "line", "--log"]).len(), longest);
    for id in ["bytes", "line"] {
        for args in [vec!["output", id], vec!["output", id, "--tail", "5"], vec!["show", id]] {
            let ran = sandbox.run(args.clone());
            assert!(ran.code <= 1, "{ran:?}");
            if args != ["output", id, "--tail", "5"] {
                let is_plain = |c: char| "\n\t".contains(c) || !c.is_control();
                assert!(ran.stdout.chars().all(is_plain), "{args:?}: {:?}", ran.stdout);
            }
        }
        for verb in ["show", "output"] {
            let ran = sandbox.run([verb, id, "--json"]);
            serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        }
    }
}

/// Everything runs below a terminal that a task could reach, in the background and in the foreground.
#[test]
fn f39_who_reads_stdin_or_asks_a_person_fails_fast() {
    let asks = [
        ("cat", "cat; echo \"cat $?\""),
        ("tty", "(read x < /dev/tty) 2>&1 || echo \"tty $?\""),
        ("ssh", "ssh-keygen -y -f key 2>&1; echo \"ssh $?\""),
    ];
    for background in [true, false] {
        let sandbox = Sandbox::with_config(&format!("background_execution = {background}\n"));
        let key = ["-q", "-t", "ed25519", "-N", "a secret", "-f"];
        let made = Command::new("ssh-keygen").args(key).arg(sandbox.work().join("key")).status();
        assert!(made.expect("ssh-keygen runs").success());
        let start = Instant::now();
        for (id, ask) in asks {
            let line = format!(
                "{} dispatch shell '{}' --id {id} --timeout 10s --wait",
                env!("CARGO_BIN_EXE_hob"),
                ask.replace('\'', "'\\''")
            );
            // Its terminal says nothing and stays open.
            let ran = sandbox.command("script").args(["-qec", &line, "/dev/null"]).output().expect("script runs");
            assert!(ran.status.success(), "{ran:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(sandbox.ok(["output", "cat", "--log"]), "cat 0\n");
        let tty = sandbox.ok(["output", "tty", "--log"]);
        assert!(tty.contains("/dev/tty") && tty.ends_with("tty 2\n"), "{tty}");
        let ssh = sandbox.ok(["output", "ssh", "--log"]);
        assert!(!ssh.contains("ssh 0") && !ssh.contains("ssh-ed25519"), "{ssh}");
    }
}

#[test]
fn f41_the_process_that_a_record_names_is_left_alone_unless_it_is_the_one() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    // Another process has the daemon's number, and a dead worker's records name it too.
    let mut other = Command::new("sleep").arg("600").spawn().expect("sleep runs");
    let pid = other.id().cast_signed();
    let info = json!({ "pid": pid, "version": env!("CARGO_PKG_VERSION"), "started": 1 });
    fs::write(sandbox.state().join("daemon.alive"), info.to_string()).expect("written");
    let worker = format!("daemon-{pid}-1");
    for folder in ["workers", "guards"] {
        fs::create_dir_all(sandbox.state().join(folder)).expect("made");
        fs::write(sandbox.state().join(folder).join(format!("{worker}.lock")), pid.to_string()).expect("written");
    }
    let database = rusqlite::Connection::open(sandbox.state().join("hob.db")).expect("opens");
    database
        .execute("INSERT INTO workers (worker, kind, registered) VALUES (?1, 'daemon', 1)", [&worker])
        .expect("written");
    drop(database);
    assert_eq!(sandbox.json(["daemon", "status", "--json"])["state"], "stopped");
    sandbox.ok(["daemon", "stop"]);
    sandbox.run(["doctor", "--fix"]);
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    sandbox.ok(["daemon", "stop"]);
    assert!(is_alive(pid), "it was only named");
    other.kill().expect("killed");
    other.wait().expect("buried");
}

#[test]
fn f42_what_cannot_start_fails_by_kind_and_names_the_path() {
    let sandbox = Sandbox::new();
    let plain = sandbox.file("plain", "#!/bin/sh\n");
    let noise = sandbox.file("noise", "\u{1}\u{2}");
    let orphan = sandbox.file("orphan", "#!/no/such/interpreter\n");
    for path in [&noise, &orphan] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).expect("set");
    }
    let text = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    let cases = [
        ("none", vec!["/no/such/program".to_owned()], "/no/such/program", "was not found"),
        ("name", vec!["no-such-name".to_owned()], "no-such-name", "was not found in PATH"),
        ("below", vec![text(&plain.join("below"))], "plain/below", "was not found"),
        ("folder", vec![text(&sandbox.work())], "work", "is not executable"),
        ("plain", vec![text(&plain)], "plain", "is not executable"),
        ("noise", vec![text(&noise)], "noise", "is not executable"),
        ("orphan", vec![text(&orphan)], "orphan", "the interpreter named in its first line was not found"),
        // One word is longer than the system takes.
        ("long", vec!["/bin/true".to_owned(), "x".repeat(300_000)], "/bin/true", "too long"),
        // All words together are.
        (
            "many",
            std::iter::once("/bin/true".to_owned()).chain((0..30).map(|_| "x".repeat(100_000))).collect(),
            "/bin/true",
            "too long",
        ),
    ];
    for (id, argv, path, kind) in &cases {
        let params = sandbox.file("params.json", json!({ "argv": argv }).to_string());
        let params = format!("@{}", params.display());
        let ran = sandbox.run(["dispatch", "shell", "--params", &params, "--id", id, "--wait"]);
        assert_eq!(ran.code, 1, "{id}: {ran:?}");
        let shown = sandbox.show(id);
        let message = shown["failure"]["message"].as_str().expect("a message");
        assert_eq!(shown["state"], "failed", "{id}");
        assert!(message.contains(path) && message.contains(kind), "{id}: {message}");
        assert!(message.len() < 2_000, "{id}: {} bytes", message.len());
    }
    // Its folder is there when it is handed in, and not when it runs.
    fs::create_dir(sandbox.work().join("gone")).expect("made");
    sandbox.pipe("gate");
    sandbox.configure("max_background_tasks = 1\n");
    sandbox.ok(["dispatch", "shell", "echo x > trees.started; read x < gate", "--id", "first"]);
    eventually("it runs", || !sandbox.read("trees.started").is_empty());
    let gone = text(&sandbox.work().join("gone"));
    sandbox.ok(["dispatch", "shell", "true", "--id", "cwd", "--cwd", &gone]);
    fs::remove_dir(&gone).expect("removed");
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["cwd"]), 1);
    let message = sandbox.show("cwd")["failure"]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains(&gone), "{message}");
    sandbox.run(["dispatch", "shell", "true", "--cwd", &gone]).refused(2, &[&gone]);
    assert_eq!(trees(&sandbox), Vec::<i32>::new());
}
