//! Several processes at once.

use crate::house::{House, NOW, task};
use hob_core::{NewTask, StateName};
use hob_store::{Filter, Store};
use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Barrier},
    thread,
};

/// The program that works as a process of its own, built with the tests: `examples/drain.rs`.
fn drain(house: &House, worker: &str) -> Child {
    let mut program: PathBuf = std::env::current_exe().expect("a path");
    program.pop();
    program.pop();
    program.push(format!("examples/drain{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    command.arg(house.state()).arg(worker).arg("5");
    command.stdout(Stdio::piped()).spawn().expect("starts")
}

#[test]
fn f19_eight_processes_take_each_task_once_and_never_six_at_a_time() {
    let house = House::new();
    let mut store = house.open();
    let tasks: Vec<NewTask> = (0..400).map(|n| task(&format!("t{n}"))).collect();
    store.submit(&tasks, NOW).expect("accepted");
    let workers: Vec<Child> = (0..8).map(|n| drain(&house, &format!("w{n}"))).collect();
    let mut taken = Vec::new();
    for worker in workers {
        let output = worker.wait_with_output().expect("ends");
        assert!(output.status.success(), "more than five ran at once, or it failed: {}", output.status);
        taken.extend(String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned));
    }
    assert_eq!(taken.len(), 400);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 400);
    assert_eq!(store.counts().expect("counts").completed, 400);
    assert_eq!(store.check(), Ok(Vec::new()));
}

#[test]
fn one_id_from_many_at_once_is_one_task() {
    let house = House::new();
    house.open();
    let ready = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let (state, ready) = (house.state(), Arc::clone(&ready));
            thread::spawn(move || {
                let mut store = Store::open(&state).expect("opens");
                ready.wait();
                store.submit(&[task("same")], NOW).expect("accepted").remove(0)
            })
        })
        .collect();
    let replies: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    assert_eq!(replies.iter().filter(|reply| !reply.already).count(), 1);
    assert!(replies.iter().all(|reply| reply.sequence == replies[0].sequence));
    let open = Filter { states: vec![StateName::Pending], ..Filter::default() };
    assert_eq!(house.open().list(&open).expect("lists").len(), 1);
}

#[test]
fn f01_a_worker_killed_at_any_moment_loses_nothing() {
    let house = House::new();
    let mut store = house.open();
    let tasks: Vec<NewTask> = (0..300).map(|n| task(&format!("t{n}"))).collect();
    store.submit(&tasks, NOW).expect("accepted");
    for round in 0..20_u32 {
        let name = format!("w{round}");
        let mut worker = drain(&house, &name);
        // Until it has done some of them, a different number each time.
        let goal = store.counts().expect("counts").completed + u64::from(round % 7 + 1);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut waiter = hob_store::Waiter::new(&house.state()).expect("listens");
        while store.counts().expect("counts").completed < goal.min(300) {
            assert!(waiter.wait(deadline), "the worker does nothing");
        }
        worker.kill().expect("kills");
        worker.wait().expect("is gone");
        store.lose(&name.parse().expect("an id"), |_| true, NOW).expect("rescues");
        assert_eq!(store.counts().expect("counts").running, 0);
        assert_eq!(store.check(), Ok(Vec::new()));
    }
    assert!(drain(&house, "last").wait_with_output().expect("ends").status.success());
    assert_eq!(store.counts().expect("counts").completed, 300);
}
