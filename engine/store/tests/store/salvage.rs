//! What a salvage brings back, of tasks and groups in every state.

use crate::{
    groups::{group, member},
    house::{House, NOW, completed, failed, id, sign_on, task},
};
use hob_core::{AttemptNumber, Environment, ExecutorName, NewTask, Task, TaskId, WorkerId};
use hob_store::{Filter, Finished, Retention, Store, WorkerKind, restore, salvage};

fn end(store: &mut Store, task: &str, outcome: hob_core::Outcome) {
    store.finish(Finished { id: id(task), attempt: AttemptNumber(1), outcome }, NOW).expect("ends");
}

fn claim(store: &mut Store, task: &str, worker: &WorkerId) {
    let tasks = [id(task)];
    let claims = store.change(|changes| changes.claim_of(&tasks, worker, 99, 1, NOW)).expect("claims");
    assert_eq!(claims.len(), 1, "{task}");
}

/// Tasks in every state that there is, alone and in groups that run, wait and are over.
fn everything(house: &House) -> Store {
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let environment = Environment(vec![(b"SECRET".to_vec(), vec![b'x'; 9_000])]);
    let long = format!("{{\"command\":\"{}\"}}", "y".repeat(20_000));
    let with_environment = NewTask { environment, params: long, ..task("has-an-environment") };
    store.submit(&[with_environment], NOW).expect("accepted");
    for name in ["waits", "runs", "done", "failed", "cancelled", "stopped", "returned", "pruned", "blocked"] {
        store.submit(&[task(name)], NOW).expect("accepted");
    }
    for name in ["runs", "done", "failed", "stopped", "returned", "pruned"] {
        claim(&mut store, name, &worker);
    }
    end(&mut store, "pruned", completed());
    let all = Retention { count: Some(0), ..Retention::default() };
    assert_eq!(store.prune(&all, NOW).expect("prunes").tasks.len(), 1);
    end(&mut store, "done", completed());
    end(&mut store, "failed", failed());
    store.cancel(&[id("cancelled"), id("stopped")], NOW).expect("cancels");
    end(&mut store, "stopped", completed());
    store.release(&id("returned"), AttemptNumber(1), None, NOW).expect("gives back");
    let shell: ExecutorName = "shell".parse().expect("a name");
    store.set_value(&shell, "key", b"value", 100).expect("stored");
    let members = |name: &str| {
        vec![
            member(name, "a", &[], "{}"),
            member(name, "b", &["a"], "{\"q\":\"{a}\"}"),
            member(name, "c", &["a", "b"], "{}"),
        ]
    };
    for name in ["fresh", "half", "over"] {
        store.submit_group(&group(name, members(name)), NOW).expect("accepted");
    }
    for name in ["half-a", "over-a", "over-b", "over-c"] {
        claim(&mut store, name, &worker);
        end(&mut store, name, if name == "over-b" { failed() } else { completed() });
        if name == "over-b" {
            break;
        }
    }
    store
}

fn tasks(store: &Store) -> Vec<Task> {
    store.list(&Filter { with_data: true, ..Filter::default() }).expect("lists")
}

#[test]
fn f08_a_salvage_of_what_is_whole_has_all_of_it() {
    let house = House::new();
    let mut store = everything(&house);
    let target = house.file("salvaged");
    // With its log beside it, as a death leaves it.
    let salvaged = salvage(&house.state(), &target).expect("salvages");
    let counts = store.counts().expect("counts");
    assert_eq!((salvaged.counts.pending, salvaged.counts.running), (counts.pending, counts.running));
    assert_eq!((salvaged.without_result, salvaged.cancelled, salvaged.groups_lost), (0, 0, 0));
    assert_eq!(salvaged.were, Some(tasks(&store).len() as u64));
    let other = House::new();
    restore(&other.state(), &target, "replaced", || Ok(())).expect("restores");
    let mut found = other.open();
    assert_eq!(tasks(&found), tasks(&store));
    assert_eq!(found.groups(None, None), store.groups(None, None));
    for name in ["fresh", "half", "over"] {
        assert_eq!(found.members(&id(name)), store.members(&id(name)), "{name}");
    }
    assert_eq!(found.check(), Ok(Vec::new()));
    let shell: ExecutorName = "shell".parse().expect("a name");
    assert_eq!(found.value(&shell, "key"), Ok(Some(b"value".to_vec())));
    // What was pruned stays gone, and its number is not given again.
    assert!(found.submit(&[task("pruned")], NOW).is_err());
    let next = |store: &mut Store| store.submit(&[task("next")], NOW).expect("accepted")[0].sequence;
    assert_eq!(next(&mut found), next(&mut store));
    // Whoever held what ran is dead here, and what waited goes on, with its environment.
    let lost = found.lose(&"w1".parse().expect("a worker"), |_| false, NOW).expect("rescues");
    assert_eq!(lost.iter().map(|lost| lost.id.as_str()).collect::<Vec<_>>(), ["runs"]);
    let worker: WorkerId = "w2".parse().expect("a worker");
    found.register_worker(&worker, WorkerKind::Lazy, NOW).expect("signs on");
    let claims = found.claim(&worker, 99, 99, NOW).expect("claims");
    let find = |name: &str| claims.iter().find(|claim| claim.task.id == id(name)).expect("is claimed");
    assert_eq!(find("has-an-environment").environment.0.len(), 1);
    assert_eq!(find("returned").attempt, AttemptNumber(2));
    assert!(find("half-b").task.params.contains("done"), "{}", find("half-b").task.params);
}

#[test]
fn what_a_restore_leaves_undone_is_done_by_whoever_opens_next() {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("old")], NOW).expect("accepted");
    let backup = house.state().with_extension("backup");
    store.back_up(&backup, false, |_| {}).expect("backed up");
    store.submit(&[task("new")], NOW).expect("accepted");
    restore(&house.state(), &backup, "replaced", || Ok(())).expect("restores");
    // Whoever had it open finds out before anything is lost with it.
    assert!(matches!(store.submit(&[task("late")], NOW), Err(hob_store::Error::Vanished { .. })));
    let ids = |store: &Store| tasks(store).into_iter().map(|task| task.id).collect::<Vec<TaskId>>();
    assert_eq!(ids(&house.open()), [id("old")]);
    // What says so and is none of hob's is not obeyed.
    for text in ["", "out", "in ../elsewhere", "sideways replaced"] {
        std::fs::write(house.file("hob.db.exchange"), text).expect("written");
        let refused = Store::open(&house.state()).err().expect("is refused");
        assert!(refused.to_string().contains("hob.db.exchange"), "{text}: {refused}");
    }
}
