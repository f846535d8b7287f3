use crate::{
    conformance::life::{claim, end, sign_on, submit},
    conformance::subject::Subject,
    house::{NOW, completed, executor, id, task},
};
use hob_core::{AttemptNumber, NewTask, Priority, State, StateName, WorkerId};
use hob_store::{Error, Queue};
use std::collections::BTreeSet;

fn names(store: &mut impl Subject, worker: &WorkerId, most: u32) -> Vec<String> {
    let claims = store.claim(worker, 100, most, NOW).expect("claims");
    claims.iter().map(|claim| claim.task.id.to_string()).collect()
}

pub fn a_repeated_submission_is_one_task(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let new = NewTask { params: "{\"a\":1,\"b\":2}".into(), ..task("it") };
    let first = store.submit(std::slice::from_ref(&new), NOW).expect("accepted").remove(0);
    // The same JSON in other words, and twice within a batch.
    let same = NewTask { params: "{ \"b\": 2, \"a\": 1 }".into(), priority: Priority::High, ..new.clone() };
    for reply in store.submit(&[same.clone(), same], NOW).expect("accepted") {
        assert_eq!((reply.already, reply.sequence, reply.state), (true, first.sequence, StateName::Pending));
    }
    let claim = claim(store, &worker);
    store.finish(end(&claim, completed()), NOW).expect("finishes");
    let late = store.submit(&[new], NOW).expect("accepted").remove(0);
    assert_eq!((late.already, late.state), (true, StateName::Completed));
    assert_eq!(store.counts().expect("counts").completed, 1);
    assert_eq!(store.counts().expect("counts").pending, 0);
}

pub fn another_task_of_the_same_id_is_refused_and_nothing_of_its_batch_is_kept(store: &mut impl Subject) {
    submit(store, &["it"]);
    for other in [
        NewTask { executor: executor("explore"), ..task("it") },
        NewTask { params: "{\"command\":\"false\"}".into(), ..task("it") },
    ] {
        let refused = store.submit(&[task("new"), other], NOW);
        assert_eq!(refused, Err(Error::IdTaken { id: id("it") }));
        assert_eq!(store.get(&id("new")), Ok(None));
    }
    assert_eq!(store.counts().expect("counts").pending, 1);
}

pub fn priority_and_then_the_order_of_acceptance(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let with = |name, priority, of| NewTask { priority, executor: executor(of), ..task(name) };
    let tasks = [
        with("l1", Priority::Low, "shell"),
        with("m1", Priority::Medium, "explore"),
        with("h1", Priority::High, "shell"),
        with("m2", Priority::Medium, "shell"),
        with("h2", Priority::High, "explore"),
        with("l2", Priority::Low, "explore"),
        with("m3", Priority::Medium, "explore"),
    ];
    store.submit(&tasks, NOW).expect("accepted");
    assert_eq!(names(store, &worker, 2), ["h1", "h2"]);
    submit(store, &["m4"]);
    assert_eq!(names(store, &worker, 9), ["m1", "m2", "m3", "m4", "l1", "l2"]);
}

pub fn never_more_than_the_limit(store: &mut impl Subject) {
    let (one, two) = (sign_on(store, "w1"), sign_on(store, "w2"));
    submit(store, &["a", "b", "c", "d", "e"]);
    assert_eq!(store.claim(&one, 3, 2, NOW).expect("claims").len(), 2);
    assert_eq!(store.claim(&two, 3, 2, NOW).expect("claims").len(), 1);
    assert_eq!(store.claim(&two, 3, 2, NOW), Ok(Vec::new()));
    assert_eq!(store.claim(&two, 0, 2, NOW), Ok(Vec::new()));
    // A smaller limit than what runs is no error.
    assert_eq!(store.claim(&one, 1, 9, NOW), Ok(Vec::new()));
    assert_eq!(store.running().expect("reads").len(), 3);
    assert_eq!(store.oldest_running().expect("reads").expect("runs").id, id("a"));
}

pub fn the_end_of_one_and_the_claim_of_the_next(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["a", "b", "c"]);
    let first = claim(store, &worker);
    let next = store.finish_and_claim(vec![end(&first, completed())], &worker, 1, 5, NOW).expect("goes on");
    assert_eq!(next.finished, [Ok(())]);
    assert_eq!(next.claims.iter().map(|claim| claim.task.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(
        store.states(&["a", "b", "c", "d"].map(id)),
        Ok(vec![Some(StateName::Completed), Some(StateName::Running), Some(StateName::Pending), None,])
    );
}

pub fn an_end_that_does_not_count_does_not_keep_the_next_from_starting(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["a", "b"]);
    let first = claim(store, &worker);
    store.finish(end(&first, completed()), NOW).expect("finishes");
    let next = store.finish_and_claim(vec![end(&first, completed())], &worker, 5, 5, NOW).expect("goes on");
    assert!(matches!(next.finished[..], [Err(Error::Illegal { .. })]), "{:?}", next.finished);
    assert_eq!(next.claims.len(), 1);
}

pub fn a_blocked_executor_keeps_only_its_own_waiting(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let explore = |name| NewTask { executor: executor("explore"), priority: Priority::High, ..task(name) };
    store.submit(&[explore("e1"), task("s1")], NOW).expect("accepted");
    store.block_executor(&executor("explore"), "no executor `explore`", NOW).expect("blocks");
    store.submit(&[explore("e2"), task("s2")], NOW).expect("accepted");
    let blocked = State::Pending { last_attempt: AttemptNumber(0), blocked: Some("no executor `explore`".into()) };
    for name in ["e1", "e2"] {
        assert_eq!(store.get(&id(name)).expect("reads").expect("is there").state, blocked);
    }
    assert_eq!((store.counts().expect("counts").pending, store.counts().expect("counts").blocked), (4, 2));
    assert_eq!(names(store, &worker, 9), ["s1", "s2"]);
    let waiting = Queue {
        executor: executor("explore"),
        pending: 2,
        blocked: Some("no executor `explore`".into()),
        is_aside: false,
    };
    assert_eq!(store.queues(), Ok(vec![waiting]));
    assert_eq!(store.cancel(&[id("e2")], NOW).expect("cancels")[0].became, hob_store::Cancelled::AtOnce);
    assert_eq!(store.unblock(&[executor("explore"), executor("shell"), executor("nobody")]), Ok(1));
    assert_eq!(names(store, &worker, 9), ["e1"]);
    assert_eq!(store.counts().expect("counts").blocked, 0);
}

pub fn a_release_with_a_reason_blocks_the_executor(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["a", "b"]);
    let claimed = claim(store, &worker);
    store.release(&claimed.task.id, claimed.attempt, Some("does not load".into()), NOW).expect("releases");
    let state = store.get(&id("a")).expect("reads").expect("is there").state;
    assert_eq!(state, State::Pending { last_attempt: AttemptNumber(1), blocked: Some("does not load".into()) });
    assert_eq!(store.claim(&worker, 5, 5, NOW), Ok(Vec::new()));
    store.unblock(&[executor("shell")]).expect("unblocks");
    assert_eq!(claim(store, &worker).attempt, AttemptNumber(2));
}

pub fn a_release_without_one_goes_first_again(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["a", "b"]);
    let claimed = claim(store, &worker);
    store.release(&claimed.task.id, claimed.attempt, None, NOW).expect("releases");
    assert_eq!(names(store, &worker, 9), ["a", "b"]);
}

pub fn generated_ids_are_short_and_differ(store: &mut impl Subject) {
    let tasks: Vec<NewTask> = (0..500).map(|_| NewTask { id: None, ..task("x") }).collect();
    let accepted = store.submit(&tasks, NOW).expect("accepted");
    let ids: BTreeSet<_> = accepted.iter().map(|accepted| accepted.id.clone()).collect();
    assert_eq!(ids.len(), 500);
    assert!(ids.iter().all(|id| id.as_str().len() == 8));
    assert!(accepted.is_sorted_by_key(|accepted| accepted.sequence));
}
