//! Many workers and one queue; one id and many dispatches.

use super::{all, batch, wait};
use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually},
};
use hob_fault_case::Case;
use std::{io::Read as _, process::Stdio};

#[test]
fn f19_a_daemon_and_twenty_lazy_workers_claim_each_task_once_and_run_five_at_most() {
    let case = Case::begin(19);
    let sandbox = Sandbox::new();
    sandbox.file("run/.keep", "");
    let count = case.scale(150, 1000);
    // Each notes itself, and how many of its kind it sees.
    let command = |n: usize| format!("echo {n} >> ran; mkdir run/{n} && ls run | wc -l >> seen; rmdir run/{n}");
    let ids = batch(&sandbox, (0..count).map(|n| (format!("t{n}"), command(n))));
    let lazy: Vec<_> = (0..20)
        .map(|_| sandbox.hob(["work"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a lazy worker"))
        .collect();
    assert_eq!(wait(&sandbox, &ids), 0);
    let mut taken = 0;
    for mut worker in lazy {
        let mut said = String::new();
        worker.stdout.take().expect("a pipe").read_to_string(&mut said).expect("read");
        assert!(worker.wait().expect("ended").success());
        taken += said.split(' ').nth(1).and_then(|ran| ran.parse::<usize>().ok()).expect("ran N tasks");
    }
    assert!(taken > 0 && taken <= count, "the lazy ones took {taken}");
    let mut ran: Vec<usize> = sandbox.read("ran").lines().map(|line| line.parse().expect("a number")).collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..count).collect::<Vec<_>>(), "each ran once");
    let most = sandbox.read("seen").lines().filter_map(|line| line.trim().parse::<u32>().ok()).max();
    assert!(most.is_some_and(|most| most <= 5), "{most:?} at once");
    let twice = all(&sandbox).iter().filter(|task| task["attempt"] != 1).count();
    oracle::sound(&sandbox, &ids.into_iter().collect());
    let note = format!("20 lazy workers took {taken} of {count}; {} at once at most", most.unwrap_or_default());
    case.end("tasks claimed in a race", count as u64, twice as u64, 0, &note);
}

#[test]
fn f26_a_dispatch_that_is_repeated_after_a_lost_reply_is_one_task_and_says_its_state() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    let gate = sandbox.pipe("gate");
    let words = ["dispatch", "shell", "echo x >> ran; read line < gate", "--id", "it"];
    // It dies after it has committed, with its last system call.
    let mut dispatch = sandbox.command("strace");
    dispatch.args(["-qq", "-o", "/dev/null", "-e", "inject=exit_group:signal=SIGKILL"]);
    let ended = dispatch.arg(env!("CARGO_BIN_EXE_hob")).args(words).stdout(Stdio::null()).status().expect("strace");
    assert!(!ended.success(), "it was killed: {ended}");
    again_says(&sandbox, &words, "pending");
    sandbox.ok(["daemon", "start"]);
    eventually("it runs", || sandbox.read("ran") == "x\n");
    again_says(&sandbox, &words, "running");
    std::fs::write(gate, "go\n").expect("opened");
    assert_eq!(sandbox.wait(&["it"]), 0);
    again_says(&sandbox, &words, "completed");
    assert_eq!(all(&sandbox).len(), 1);
    assert_eq!(sandbox.read("ran"), "x\n");
}

#[track_caller]
fn again_says(sandbox: &Sandbox, words: &[&str], state: &str) {
    let said = sandbox.run(words);
    assert_eq!((said.code, said.stdout.as_str()), (0, "it\n"));
    assert!(said.stderr.contains(&format!("it was handed in before and is {state}")), "{said:?}");
    let reply = sandbox.json(words.iter().copied().chain(["--json"]));
    assert_eq!((&reply["already"], &reply["state"]), (&true.into(), &state.into()));
}
