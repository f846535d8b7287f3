//! Workers that are stopped, and those who wait for them.

use super::pid;
use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually, is_alive, kill},
};
use hob_fault_case::Case;
use nix::sys::signal::Signal::{SIGCONT, SIGSTOP};
use std::{
    collections::BTreeSet,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

/// A command that leaves its own number, and that of something which fled from it, and stays. Neither ends when it is
/// asked to, so that there is a time in which they are to be waited for.
const TREE: &str = "trap '' TERM; echo x >> ran; setsid sleep 600 & echo $! > far; echo $$ > near; wait";

/// A lazy worker, which waits for the tasks of one that does not answer.
fn work(sandbox: &Sandbox) -> Child {
    sandbox.hob(["work"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a lazy worker")
}

fn is_asked(sandbox: &Sandbox) -> bool {
    let files = std::fs::read_dir(sandbox.state().join("workers")).into_iter().flatten().flatten();
    files.into_iter().any(|file| file.path().extension().is_some_and(|ending| ending == "asked"))
}

#[test]
fn f20_a_worker_that_is_stopped_past_its_lease_is_ended_with_its_trees_before_its_tasks_are_given_away() {
    let case = Case::begin(20);
    let sandbox = Sandbox::with_config(
        "max_background_tasks = 2\n[daemon]\nlease = \"1s\"\n[executors.again]\nextends = \"shell\"\nrepeatable = true\n",
    );
    sandbox.ok(["dispatch", "shell", TREE, "--id", "frozen"]);
    sandbox.ok(["dispatch", "again", "echo $$ >> pids; [ $(wc -l < pids) = 2 ] || exec sleep 600", "--id", "again"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "waits"]);
    let tree = [pid(&sandbox, "near"), pid(&sandbox, "far"), pid(&sandbox, "pids")];
    let frozen = sandbox.daemon_pid();
    kill(frozen, SIGSTOP);
    let since = Instant::now();
    let mut rescuer = work(&sandbox);
    eventually("its tasks are given away", || {
        // In this order: what is alive now was alive while that was so.
        let is_given_away = sandbox.state_of("frozen") != "running";
        let left = tree.iter().filter(|pid| is_alive(**pid)).count();
        assert!(!is_given_away || left == 0, "given away while {left} processes ran");
        is_given_away
    });
    let took = since.elapsed();
    assert!(took >= Duration::from_secs(1), "it has the time of its lease: {took:?}");
    assert_eq!(sandbox.show("frozen")["failure"]["kind"], "worker-lost");
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(frozen), SIGCONT);
    assert_eq!(sandbox.wait(&["again", "waits"]), 0);
    assert!(rescuer.wait().expect("ended").success());
    // Nothing of the frozen one comes late.
    assert_eq!((sandbox.state_of("frozen"), sandbox.read("ran")), ("failed".to_owned(), "x\n".to_owned()));
    assert_eq!(sandbox.show("again")["attempt"], 2);
    assert!(!is_alive(frozen));
    oracle::sound(&sandbox, &["frozen", "again", "waits"].map(str::to_owned).into_iter().collect::<BTreeSet<_>>());
    case.end("frozen workers", 1, 0, 0, &format!("a lease of 1 s: given away after {:.1} s", took.as_secs_f32()));
}

#[test]
fn f20_a_worker_that_answers_keeps_its_tasks_however_long_they_take() {
    let sandbox = Sandbox::with_config("[daemon]\nlease = \"1s\"\n");
    let gate = sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x >> ran; read line < gate", "--id", "long"]);
    eventually("it runs", || !sandbox.read("ran").is_empty());
    let daemon = sandbox.daemon_pid();
    let since = Instant::now();
    for _ in 0..3 {
        assert!(work(&sandbox).wait().expect("ended").success());
    }
    assert!(since.elapsed() < Duration::from_secs(20), "nobody waited for a lease");
    assert!(!is_asked(&sandbox), "it has answered");
    assert_eq!((sandbox.daemon_pid(), sandbox.state_of("long")), (daemon, "running".to_owned()));
    std::fs::write(gate, "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["long"]), 0);
    assert_eq!(sandbox.show("long")["attempt"], 1);
}

#[test]
fn f25_a_suspended_machine_costs_nobody_its_tasks() {
    let sandbox = Sandbox::with_config("[daemon]\nlease = \"1s\"\n");
    let gate = sandbox.pipe("gate");
    sandbox.ok(["dispatch", "shell", "echo x >> ran; read line < gate", "--id", "long"]);
    eventually("it runs", || !sandbox.read("ran").is_empty());
    let daemon = sandbox.daemon_pid();
    kill(daemon, SIGSTOP);
    let mut waiting = work(&sandbox);
    eventually("the daemon is asked", || is_asked(&sandbox));
    // Both sleep, for longer than the lease, and the one who waits wakes first.
    let other = waiting.id().cast_signed();
    kill(other, SIGSTOP);
    std::thread::sleep(Duration::from_millis(2500));
    kill(other, SIGCONT);
    std::thread::sleep(Duration::from_millis(200));
    kill(daemon, SIGCONT);
    assert!(waiting.wait().expect("ended").success());
    assert_eq!((sandbox.daemon_pid(), sandbox.state_of("long")), (daemon, "running".to_owned()), "nobody was ended");
    std::fs::write(gate, "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["long"]), 0);
    assert_eq!((sandbox.show("long")["attempt"].as_i64(), sandbox.read("ran").as_str()), (Some(1), "x\n"));
}

#[test]
fn f21_claims_go_on_while_the_trees_of_a_dead_worker_are_waited_for() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", TREE, "--id", "lost"]);
    let mut first = sandbox.hob(["work", "--once"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("one");
    let near = pid(&sandbox, "near");
    // A guard that is stopped ends nothing; its zygote would wake it, and is stopped, too.
    let guard = parent(near);
    let zygote = parent(guard);
    kill(zygote, SIGSTOP);
    kill(guard, SIGSTOP);
    first.kill().expect("killed");
    first.wait().expect("gone");
    sandbox.ok(["daemon", "start"]);
    let since = Instant::now();
    sandbox.ok(["dispatch", "shell", "true", "--id", "next"]);
    assert_eq!(sandbox.wait(&["next"]), 0);
    assert!(since.elapsed() < Duration::from_secs(8), "the next waited for the dead: {:?}", since.elapsed());
    assert_eq!(sandbox.state_of("lost"), "running", "its tree is there still");
    kill(guard, SIGCONT);
    kill(zygote, SIGCONT);
    assert_eq!(sandbox.wait(&["lost"]), 1);
    assert!(!is_alive(near));
    assert_eq!(sandbox.show("lost")["failure"]["kind"], "worker-lost");
}

fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields = stat.rsplit(')').next().expect("fields");
    fields.split_ascii_whitespace().nth(1).expect("the parent").parse().expect("a pid")
}
