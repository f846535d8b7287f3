//! Executors and tasks whose workers die.

use crate::house::{House, completed, executor, task, worker};
use hob_core::{NewTask, State, StateName, Timestamp};
use hob_store::{Finished, Store, WorkerKind};

/// A store with a clock that counts the changes.
struct Deaths {
    store: Store,
    at: i64,
    made: u32,
}

impl Deaths {
    fn now(&mut self) -> Timestamp {
        self.at += 1;
        Timestamp(self.at)
    }

    /// A worker takes a task of each of these, and then it dies.
    fn die(&mut self, executors: &[&str], repeatable: bool) {
        for name in executors {
            self.submit(name);
        }
        self.die_again(executors.len(), repeatable);
    }

    fn submit(&mut self, name: &str) {
        self.made += 1;
        let new = NewTask { executor: executor(name), ..task(&format!("{name}-{}", self.made)) };
        let now = self.now();
        self.store.submit(&[new], now).expect("accepted");
    }

    fn die_again(&mut self, tasks: usize, repeatable: bool) {
        let (worker, now) = (worker("w"), self.now());
        self.store.register_worker(&worker, WorkerKind::Lazy, now).expect("signs on");
        let now = self.now();
        assert_eq!(self.store.claim(&worker, 9, 9, now).expect("claims").len(), tasks);
        let now = self.now();
        self.store.lose(&worker, |_| repeatable, now).expect("rescues");
    }

    fn complete(&mut self, name: &str) {
        self.submit(name);
        let (worker, now) = (worker("w"), self.now());
        self.store.register_worker(&worker, WorkerKind::Lazy, now).expect("signs on");
        let claim = self.store.claim(&worker, 9, 9, now).expect("claims").remove(0);
        let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: completed() };
        self.store.finish(end, now).expect("ends");
        self.store.remove_worker(&worker).expect("signs off");
    }

    fn aside(&self) -> Vec<String> {
        let queues = self.store.queues().expect("queues");
        queues.into_iter().filter(|queue| queue.is_aside).map(|queue| queue.executor.to_string()).collect()
    }
}

fn deaths(house: &House) -> Deaths {
    Deaths { store: house.open(), at: 0, made: 0 }
}

#[test]
fn f24_what_loses_its_worker_three_times_in_a_row_is_set_aside_until_it_is_let_go() {
    let house = House::new();
    let mut deaths = deaths(&house);
    deaths.die(&["shell"], false);
    deaths.die(&["shell"], false);
    deaths.complete("shell");
    deaths.die(&["shell"], false);
    deaths.die(&["shell"], false);
    assert_eq!(deaths.aside(), Vec::<String>::new(), "one ended by itself in between");
    deaths.die(&["shell"], false);
    assert_eq!(deaths.aside(), ["shell"]);
    let queue = deaths.store.queues().expect("queues").remove(0);
    let reason = queue.blocked.expect("a reason");
    assert!(reason.contains("3 times in a row") && reason.contains("hob executors shell --let-go"), "{reason}");

    deaths.submit("shell");
    deaths.store.unblock(&[executor("shell")]).expect("nothing to do");
    let now = deaths.now();
    deaths.store.block_executor(&executor("shell"), "another reason", now).expect("nothing to do");
    assert_eq!(deaths.store.queues().expect("queues")[0].blocked.as_ref(), Some(&reason), "only a person lets it go");
    assert_eq!(deaths.store.let_go(&executor("shell")), Ok(true));
    assert_eq!(deaths.store.let_go(&executor("shell")), Ok(false));
    assert_eq!(deaths.aside(), Vec::<String>::new());
    deaths.die_again(1, false);
    assert_eq!(deaths.aside(), Vec::<String>::new(), "it begins anew");
}

#[test]
fn f24_those_that_ran_beside_it_are_not_set_aside() {
    let house = House::new();
    let mut deaths = deaths(&house);
    deaths.die(&["killer"], false);
    for _ in 0..2 {
        deaths.die(&["killer", "explore", "shell"], false);
        deaths.complete("shell");
    }
    assert_eq!(deaths.aside(), ["killer"], "explore was there twice, shell ended by itself");
}

#[test]
fn f24_where_it_is_not_clear_which_one_it_is_it_takes_six() {
    let house = House::new();
    let mut deaths = deaths(&house);
    for _ in 0..5 {
        deaths.die(&["explore", "killer"], false);
        assert_eq!(deaths.aside(), Vec::<String>::new());
    }
    deaths.die(&["explore", "killer"], false);
    assert_eq!(deaths.aside(), ["explore", "killer"]);
}

#[test]
fn f24_workers_that_die_at_once_are_one_loss() {
    let house = House::new();
    let mut deaths = deaths(&house);
    let workers = ["w1", "w2", "w3", "w4"].map(worker);
    for worker in &workers {
        deaths.submit("shell");
        let now = deaths.now();
        deaths.store.register_worker(worker, WorkerKind::Lazy, now).expect("signs on");
        assert_eq!(deaths.store.claim(worker, 9, 1, now).expect("claims").len(), 1);
    }
    for worker in &workers {
        let now = deaths.now();
        deaths.store.lose(worker, |_| false, now).expect("rescues");
    }
    assert_eq!(deaths.aside(), Vec::<String>::new());
}

#[test]
fn f24_a_repeatable_task_that_kills_its_worker_does_not_do_so_for_ever() {
    let house = House::new();
    let mut deaths = deaths(&house);
    deaths.submit("shell");
    for times in 1..=8 {
        deaths.die_again(1, true);
        assert_eq!(deaths.store.counts().expect("counts").pending, u64::from(times < 8));
        deaths.store.let_go(&executor("shell")).expect("asked");
    }
    let task = deaths.store.get(&"shell-1".parse().expect("an id")).expect("asked").expect("there");
    assert_eq!(task.state.name(), StateName::Failed);
    assert!(matches!(task.state, State::Failed { attempt, .. } if attempt.0 == 8));
}

#[test]
fn f27_who_was_asked_to_stop_and_lost_its_worker_is_cancelled() {
    for repeatable in [false, true] {
        let house = House::new();
        let mut deaths = deaths(&house);
        deaths.submit("shell");
        let (worker, at) = (worker("w"), deaths.now());
        deaths.store.register_worker(&worker, WorkerKind::Lazy, at).expect("signs on");
        let claim = deaths.store.claim(&worker, 9, 9, at).expect("claims").remove(0);
        deaths.store.cancel(std::slice::from_ref(&claim.task.id), at).expect("asks it to stop");
        deaths.store.lose(&worker, |_| repeatable, at).expect("rescues");
        let task = deaths.store.get(&claim.task.id).expect("looks").expect("is there");
        assert_eq!(task.state.name(), StateName::Cancelled, "repeatable: {repeatable}");
    }
}
