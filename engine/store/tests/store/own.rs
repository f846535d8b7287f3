//! Claims of a worker that is there for certain tasks only.

use crate::house::{House, NOW, executor, id, task, worker};
use hob_core::{NewTask, Priority, TaskId};
use hob_store::WorkerKind;

#[test]
fn it_takes_its_own_tasks_in_their_order_within_the_slots_and_no_others() {
    let house = House::new();
    let mut store = house.open();
    let one = worker("w1");
    store.register_worker(&one, WorkerKind::Lazy, NOW).expect("signs on");
    let high = NewTask { priority: Priority::High, ..task("high") };
    let gone = NewTask { executor: executor("gone"), ..task("gone") };
    store.submit(&[high, task("a"), gone, task("b"), task("c")], NOW).expect("accepted");
    store.block_executor(&executor("gone"), "it is not there", NOW).expect("blocked");
    let own = ["gone", "b", "a", "unknown"].map(id);
    let mut names = |max_running, most| -> Vec<TaskId> {
        let claims = store.change(|changes| changes.claim_of(&own, &one, max_running, most, NOW)).expect("claims");
        claims.into_iter().map(|claim| claim.task.id).collect()
    };
    assert_eq!(names(1, 5), [id("b")]);
    assert_eq!(names(1, 5), [], "no slot is free");
    assert_eq!(names(9, 0), []);
    assert_eq!(names(9, 5), [id("a")]);
    assert_eq!(names(9, 5), [], "what is taken is not taken again");
    let stranger = worker("w2");
    assert!(store.change(|changes| changes.claim_of(&own, &stranger, 9, 9, NOW)).is_err(), "nobody knows it");
}
