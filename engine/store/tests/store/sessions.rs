//! What a session is told of, and for how long that is kept for it.

use crate::{
    groups::{group, member},
    house::{House, NOW, completed, id, sign_on, task},
};
use hob_core::{AttemptNumber, NewGroup, NewTask, SessionId, Timestamp};
use hob_store::{Finished, Happened, OutboxEvent, Retention, Store};
use std::time::Duration;

fn session(name: &str) -> SessionId {
    name.parse().expect("a session")
}

fn of(name: &str, task: NewTask) -> NewTask {
    NewTask { session: Some(session(name)), ..task }
}

fn untold(store: &Store, name: &str) -> Vec<OutboxEvent> {
    store.view(|view| view.untold(&session(name), 99)).expect("reads")
}

fn ids(events: &[OutboxEvent]) -> Vec<String> {
    let id = |event: &OutboxEvent| match &event.what {
        Happened::Ended { id, .. } | Happened::GroupEnded { id, .. } => id.to_string(),
        Happened::Blocked { executor, .. } => executor.to_string(),
    };
    events.iter().map(id).collect()
}

/// Runs all that waits.
fn run_all(store: &mut Store) {
    let worker = sign_on(store, "w1");
    loop {
        let claims = store.claim(&worker, 9, 9, NOW).expect("claims");
        if claims.is_empty() {
            return;
        }
        for claim in claims {
            let end = Finished { id: claim.task.id, attempt: AttemptNumber(1), outcome: completed() };
            store.finish(end, NOW).expect("ends");
        }
    }
}

#[test]
fn each_session_is_told_of_its_own_and_once() {
    let house = House::new();
    let mut store = house.open();
    assert_eq!(untold(&store, "a"), Vec::new(), "nobody knows it");
    store.submit(&[of("a", task("a-1")), of("b", task("b-1")), task("alone"), of("a", task("a-2"))], NOW).expect("in");
    assert_eq!(untold(&store, "a"), Vec::new(), "nothing has ended");
    run_all(&mut store);
    let events = untold(&store, "a");
    assert_eq!(ids(&events), ["a-1", "a-2"]);
    assert_eq!(ids(&untold(&store, "b")), ["b-1"]);
    assert_eq!(untold(&store, "a"), events, "asking tells nothing");
    store.change(|changes| changes.told(&session("a"), events[0].number)).expect("noted");
    assert_eq!(ids(&untold(&store, "a")), ["a-2"]);
    store.change(|changes| changes.told(&session("a"), events[1].number)).expect("noted");
    // Somebody who was slower.
    store.change(|changes| changes.told(&session("a"), events[0].number)).expect("noted");
    assert_eq!(untold(&store, "a"), Vec::new());
    assert_eq!(ids(&untold(&store, "b")), ["b-1"]);
}

#[test]
fn a_group_is_told_at_its_end() {
    let house = House::new();
    let mut store = house.open();
    let mut members = vec![member("g", "one", &[], "{}"), member("g", "two", &["one"], "{}")];
    for member in &mut members {
        if let hob_core::MemberTask::New(task) = &mut member.task {
            task.session = Some(session("a"));
        }
    }
    store.submit_group(&NewGroup { session: Some(session("a")), ..group("g", members) }, NOW).expect("in");
    run_all(&mut store);
    assert_eq!(ids(&untold(&store, "a")), ["g"]);
}

#[test]
fn what_a_session_was_not_told_is_kept_for_as_long_as_the_task() {
    let house = House::new();
    let mut store = house.open();
    let at = |store: &mut Store, hours: i64| {
        let retention = Retention { age: Some(Duration::from_hours(24)), ..Retention::default() };
        store.prune(&retention, Timestamp(NOW.0 + hours * 3_600_000)).expect("prunes");
    };
    store.submit(&[of("a", task("kept")), task("alone")], NOW).expect("in");
    run_all(&mut store);
    at(&mut store, 1);
    assert_eq!(ids(&untold(&store, "a")), ["kept"]);
    // Nothing else is kept for it: somebody who comes later finds no older event.
    store.subscribe("desktop").expect("subscribes");
    at(&mut store, 25);
    assert_eq!(store.get(&id("kept")), Ok(None));
    assert_eq!(untold(&store, "a"), Vec::new());
    // Its next task is heard of as the first was.
    store.submit(&[of("a", task("next"))], NOW).expect("in");
    run_all(&mut store);
    assert_eq!(ids(&untold(&store, "a")), ["next"]);
}
