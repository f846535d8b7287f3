use crate::{
    conformance::subject::Subject,
    house::{NOW, completed, executor, failed, id, task, worker},
};
use hob_core::{
    AttemptNumber, Environment, Failure, FailureKind, IllegalTransition, NewTask, Outcome, Priority, Progress, State,
    StateName, TaskResult, Timestamp, WorkerId,
};
use hob_store::{Cancelled, Claim, Error, Finished, WorkerKind};
use serde_json::json;
use std::time::Duration;

pub fn sign_on(store: &mut impl Subject, name: &str) -> WorkerId {
    let worker = worker(name);
    store.register_worker(&worker, WorkerKind::Daemon, NOW).expect("signs on");
    worker
}

pub fn submit(store: &mut impl Subject, names: &[&str]) {
    let tasks: Vec<NewTask> = names.iter().map(|name| task(name)).collect();
    store.submit(&tasks, NOW).expect("accepted");
}

/// Claims one task that has to be there.
pub fn claim(store: &mut impl Subject, worker: &WorkerId) -> Claim {
    store.claim(worker, 100, 1, NOW).expect("claims").pop().expect("there is one")
}

pub fn end(claim: &Claim, outcome: Outcome) -> Finished {
    Finished { id: claim.task.id.clone(), attempt: claim.attempt, outcome }
}

fn state(store: &impl Subject, name: &str) -> State {
    store.get(&id(name)).expect("reads").expect("is there").state
}

pub fn a_task_comes_back_as_it_was_handed_in(store: &mut impl Subject) {
    let new = NewTask {
        priority: Priority::High,
        params: "{\"pattern\": [\"ä\\u0000\", \"$(x)\"]}".into(),
        cwd: "/a folder/ü".into(),
        timeout: Some(Duration::from_millis(1_500)),
        session: Some("claude/1".parse().expect("a session")),
        retry_of: Some(id("earlier")),
        ..task("it")
    };
    let accepted = store.submit(std::slice::from_ref(&new), Timestamp(7)).expect("accepted").remove(0);
    assert_eq!((accepted.id.as_str(), accepted.already, accepted.state), ("it", false, StateName::Pending));
    let task = store.get(&id("it")).expect("reads").expect("is there");
    assert_eq!(task.sequence, accepted.sequence);
    assert_eq!(
        (task.id, task.executor, task.params, task.priority, task.cwd, task.timeout, task.session, task.retry_of),
        (id("it"), new.executor, new.params, new.priority, new.cwd, new.timeout, new.session, new.retry_of)
    );
    assert_eq!((task.created, task.state), (Timestamp(7), State::accepted()));
    assert_eq!(store.get(&id("other")), Ok(None));
}

pub fn a_result_is_read_twice(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["it"]);
    let claim = claim(store, &worker);
    assert_eq!(claim.task.state, state(store, "it"));
    let result = TaskResult { summary: "3 hits".into(), data: Some(json!({"hits": [1, 2, 3], "z": null, "a": 0.5})) };
    store.finish(end(&claim, Outcome::Completed(result.clone())), Timestamp(9)).expect("finishes");
    let expect = State::Completed { attempt: AttemptNumber(1), started: NOW, finished: Timestamp(9), result };
    assert_eq!(state(store, "it"), expect);
    assert_eq!(state(store, "it"), expect);
}

pub fn a_failure_keeps_every_field(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    for (index, kind) in FailureKind::ALL.iter().enumerate() {
        let name = format!("t{index}");
        submit(store, &[&name]);
        let failure = Failure {
            kind: *kind,
            message: "`cargo test` exited with code 101".into(),
            retryable: true,
            retry_after_ms: Some(u32::MAX),
            data: Some(json!({"exit_code": 101})),
            trace: Some("at x".into()),
        };
        let claim = claim(store, &worker);
        store.finish(end(&claim, Outcome::Failed(failure.clone())), NOW).expect("finishes");
        let expect = State::Failed { attempt: AttemptNumber(1), started: NOW, finished: NOW, failure };
        assert_eq!(state(store, &name), expect);
    }
}

pub fn progress_is_seen_and_then_gone(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["it"]);
    let claim = claim(store, &worker);
    let progress = Progress { fraction: Some(0.25), message: "a quarter".into() };
    store.report(&id("it"), claim.attempt, progress.clone()).expect("reports");
    assert!(matches!(state(store, "it"), State::Running { progress: Some(seen), .. } if seen == progress));
    store.release(&id("it"), claim.attempt, None, NOW).expect("releases");
    assert_eq!(state(store, "it"), State::Pending { last_attempt: AttemptNumber(1), blocked: None });
}

pub fn the_environment_goes_to_the_claim_and_ends_with_the_task(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let environment = Environment(vec![(b"A".to_vec(), b"\xff\0=".to_vec()), (b"".to_vec(), b"".to_vec())]);
    let with = |name: &str| NewTask { environment: environment.clone(), ..task(name) };
    store.submit(&[with("one"), task("none"), with("two")], NOW).expect("accepted");
    let one = claim(store, &worker);
    assert_eq!(one.environment, environment);
    store.finish(end(&one, completed()), NOW).expect("finishes");
    assert_eq!(claim(store, &worker).environment, Environment::default());
    // The other task that shares it still has it, also after it was given back.
    let two = claim(store, &worker);
    assert_eq!(two.environment, environment);
    store.release(&two.task.id, two.attempt, None, NOW).expect("releases");
    assert_eq!(claim(store, &worker).environment, environment);
}

pub fn an_end_counts_once(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["it"]);
    let claim = claim(store, &worker);
    store.finish(end(&claim, completed()), NOW).expect("finishes");
    let again = store.finish(end(&claim, failed()), NOW);
    assert!(matches!(again, Err(Error::Illegal { illegal: IllegalTransition::State { .. }, .. })), "{again:?}");
    assert_eq!(state(store, "it").name(), StateName::Completed);
    let unknown = Finished { id: id("nobody"), ..end(&claim, completed()) };
    assert!(matches!(store.finish(unknown, NOW), Err(Error::NotFound { .. })));
}

pub fn a_late_write_of_a_lost_worker_changes_nothing(store: &mut impl Subject) {
    let (stopped, rescuer) = (sign_on(store, "w1"), sign_on(store, "w2"));
    submit(store, &["it"]);
    let old = claim(store, &stopped);
    store.lose(&stopped, |_| true, NOW).expect("rescues");
    let new = claim(store, &rescuer);
    assert_eq!((old.attempt, new.attempt), (AttemptNumber(1), AttemptNumber(2)));
    let before = state(store, "it");
    let stale = |outcome: hob_store::Result<()>| {
        assert!(matches!(outcome, Err(Error::Illegal { illegal: IllegalTransition::Attempt { .. }, .. })));
    };
    stale(store.finish(end(&old, completed()), NOW));
    stale(store.report(&id("it"), old.attempt, Progress { fraction: None, message: "late".into() }));
    stale(store.release(&id("it"), old.attempt, None, NOW));
    assert_eq!(state(store, "it"), before);
    // It learns so even where there is nothing to take.
    assert!(matches!(store.claim(&stopped, 9, 1, NOW), Err(Error::UnknownWorker { .. })));
}

pub fn a_lost_worker_s_tasks_fail_return_or_are_cancelled(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let explore = NewTask { executor: executor("explore"), ..task("again") };
    store.submit(&[task("once"), explore, task("stopping"), task("waiting")], NOW).expect("accepted");
    assert_eq!(store.claim(&worker, 3, 9, NOW).expect("claims").len(), 3);
    store.cancel(&[id("stopping")], NOW).expect("asks");
    let lost = store.lose(&worker, |name| name.as_str() == "explore", Timestamp(5)).expect("rescues");
    let became: Vec<_> = lost.iter().map(|lost| (lost.id.as_str(), lost.became)).collect();
    assert_eq!(
        became,
        [("once", StateName::Failed), ("again", StateName::Pending), ("stopping", StateName::Cancelled)]
    );
    let State::Failed { failure, .. } = state(store, "once") else { panic!("it failed") };
    assert_eq!(failure.kind, FailureKind::WorkerLost);
    assert!(failure.message.contains("w1"), "{}", failure.message);
    assert_eq!(state(store, "waiting"), State::accepted());
    assert_eq!(store.workers(), Ok(Vec::new()));
    assert_eq!(store.lose(&worker, |_| true, NOW), Ok(Vec::new()));
}

pub fn a_worker_that_is_not_signed_on_claims_nothing(store: &mut impl Subject) {
    submit(store, &["it"]);
    let refused = store.claim(&worker("nobody"), 5, 1, NOW);
    assert_eq!(refused, Err(Error::UnknownWorker { worker: worker("nobody") }));
    assert_eq!(state(store, "it"), State::accepted());
}

pub fn a_worker_that_holds_tasks_cannot_sign_off(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["it"]);
    let claim = claim(store, &worker);
    assert_eq!(store.workers().expect("reads")[0].running, 1);
    assert_eq!(store.remove_worker(&worker), Err(Error::WorkerHoldsTasks { worker: worker.clone(), running: 1 }));
    store.finish(end(&claim, completed()), NOW).expect("finishes");
    store.remove_worker(&worker).expect("signs off");
    assert_eq!(store.workers(), Ok(Vec::new()));
}

pub fn cancel_answers_for_each_task(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["done", "running", "pending"]);
    let done = claim(store, &worker);
    store.finish(end(&done, completed()), NOW).expect("finishes");
    let running = claim(store, &worker);
    let ask = ["done", "running", "running", "pending", "pending", "nobody"].map(id);
    let replies = store.cancel(&ask, Timestamp(5)).expect("answers");
    let became: Vec<_> = replies.iter().map(|reply| reply.became).collect();
    assert_eq!(
        became,
        [
            Cancelled::Already(StateName::Completed),
            Cancelled::Stopping,
            Cancelled::Stopping,
            Cancelled::AtOnce,
            Cancelled::Already(StateName::Cancelled),
            Cancelled::Unknown,
        ]
    );
    assert_eq!(state(store, "pending"), State::Cancelled { stopped: None, finished: Timestamp(5), reason: None });
    assert_eq!(store.claim(&worker, 9, 9, NOW), Ok(Vec::new()));
    store.finish(end(&running, Outcome::Cancelled), Timestamp(6)).expect("stops");
    let expect = State::Cancelled { stopped: Some((AttemptNumber(1), NOW)), finished: Timestamp(6), reason: None };
    assert_eq!(state(store, "running"), expect);
}

pub fn cancel_all_leaves_nothing_open(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let many: Vec<NewTask> = (0..1_200).map(|n| task(&format!("t{n}"))).collect();
    store.submit(&many, NOW).expect("accepted");
    let running = claim(store, &worker);
    let replies = store.cancel_all(NOW).expect("cancels");
    assert_eq!(replies.len(), 1_200);
    assert_eq!(replies.iter().filter(|reply| reply.became == Cancelled::Stopping).count(), 1);
    let counts = store.counts().expect("counts");
    assert_eq!((counts.pending, counts.running, counts.cancelled), (0, 1, 1_199));
    assert_eq!(store.cancel_all(NOW), Ok(Vec::new()));
    store.finish(end(&running, Outcome::Cancelled), NOW).expect("stops");
}

pub fn a_request_to_stop_reaches_its_worker(store: &mut impl Subject) {
    let (one, two) = (sign_on(store, "w1"), sign_on(store, "w2"));
    submit(store, &["a", "b"]);
    claim(store, &one);
    let claimed = claim(store, &two);
    store.cancel(&[id("b")], Timestamp(5)).expect("asks");
    store.cancel(&[id("b")], Timestamp(6)).expect("asks again");
    let held = store.held_by(&two).expect("reads");
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].id.as_str(), held[0].cancel_requested), ("b", Some(Timestamp(5))));
    assert_eq!(held[0].attempt, claimed.attempt);
    assert_eq!(store.held_by(&one).expect("reads")[0].cancel_requested, None);
}
