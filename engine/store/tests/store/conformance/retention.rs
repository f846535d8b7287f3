use crate::{
    conformance::life::{claim, end, sign_on, submit},
    conformance::subject::Subject,
    house::{NOW, completed, id, task},
};
use hob_core::{NewTask, Timestamp};
use hob_store::{Error, Retention};
use std::time::Duration;

/// Three tasks that ended at 1, 2 and 3 seconds, one that runs and one that waits.
fn three_ended(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    submit(store, &["a", "b", "c", "runs", "waits"]);
    for second in 1..=3 {
        let claim = claim(store, &worker);
        store.finish(end(&claim, completed()), Timestamp(second * 1_000)).expect("finishes");
    }
    claim(store, &worker);
}

fn pruned(store: &mut impl Subject, retention: Retention) -> Vec<String> {
    let pruned = store.prune(&retention, Timestamp(10_000)).expect("prunes");
    assert!(!pruned.more);
    pruned.tasks.iter().map(|task| task.id.to_string()).collect()
}

pub fn by_age(store: &mut impl Subject) {
    three_ended(store);
    assert_eq!(pruned(store, Retention::default()), Vec::<String>::new());
    let age = |seconds| Retention { age: Some(Duration::from_secs(seconds)), ..Retention::default() };
    assert_eq!(pruned(store, age(9)), Vec::<String>::new());
    assert_eq!(pruned(store, age(7)), ["a", "b"]);
    assert_eq!(pruned(store, age(0)), ["c"]);
    let counts = store.counts().expect("counts");
    assert_eq!((counts.completed, counts.running, counts.pending), (0, 1, 1));
}

pub fn by_count(store: &mut impl Subject) {
    three_ended(store);
    let count = |count| Retention { count: Some(count), ..Retention::default() };
    assert_eq!(pruned(store, count(3)), Vec::<String>::new());
    assert_eq!(pruned(store, count(2)), ["a"]);
    assert_eq!(pruned(store, count(0)), ["b", "c"]);
    assert!(store.get(&id("runs")).expect("reads").is_some());
    assert!(store.get(&id("waits")).expect("reads").is_some());
}

pub fn pruned_ids_are_never_used_again(store: &mut impl Subject) {
    three_ended(store);
    pruned(store, Retention { count: Some(0), ..Retention::default() });
    assert_eq!(store.submit(&[task("a")], NOW), Err(Error::IdRetired { id: id("a") }));
    assert_eq!(store.get(&id("a")), Ok(None));
    assert!(matches!(store.resolve("a"), Err(Error::NotFound { retired: true, .. })));
    let newest = store.submit(&[task("new")], NOW).expect("accepted").remove(0);
    assert_eq!(newest.sequence, 6);
}

pub fn slices(store: &mut impl Subject) {
    let worker = sign_on(store, "w1");
    let tasks: Vec<NewTask> = (0..1_100).map(|n| task(&format!("t{n}"))).collect();
    store.submit(&tasks, NOW).expect("accepted");
    store.cancel_all(NOW).expect("cancels");
    assert_eq!(store.claim(&worker, 5, 5, NOW), Ok(Vec::new()));
    let retention = Retention { age: Some(Duration::ZERO), count: Some(10), ..Retention::default() };
    let mut left = 1_100;
    loop {
        let pruned = store.prune(&retention, Timestamp(NOW.0 + 1)).expect("prunes");
        assert!(pruned.tasks.len() <= 500);
        left -= pruned.tasks.len();
        assert_eq!(store.counts().expect("counts").cancelled, left as u64);
        if !pruned.more {
            break;
        }
    }
    assert_eq!(left, 0);
}
