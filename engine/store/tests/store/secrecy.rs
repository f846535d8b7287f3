//! A captured environment is in no file any more when the task that needed it has ended.

use crate::house::{House, NOW, completed, sign_on, task};
use hob_core::{Environment, NewTask};
use hob_store::{Finished, Store};
use std::fs;

/// Whether any file of the state folder has these bytes.
fn is_anywhere(house: &House, needle: &[u8]) -> bool {
    fs::read_dir(house.state()).expect("reads").any(|entry| {
        let path = entry.expect("reads").path();
        path.is_file() && fs::read(&path).expect("reads").windows(needle.len()).any(|window| window == needle)
    })
}

fn with(name: &str, secret: &str) -> NewTask {
    // Some short, some longer than a page of the database.
    let padding = "x".repeat(if name.len().is_multiple_of(2) { 10 } else { 20_000 });
    let variable = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    let environment = Environment(vec![variable("PADDING", &padding), variable("TOKEN", secret)]);
    NewTask { environment, ..task(name) }
}

fn run_all(store: &mut Store, house: &House) {
    let worker = sign_on(store, "w1");
    let tasks =
        [with("a", "hunter2-one"), with("bb", "hunter2-two"), with("c", "hunter2-three"), with("dd", "hunter2-one")];
    store.submit(&tasks, NOW).expect("accepted");
    assert!(is_anywhere(house, b"hunter2-"), "the test finds what is there");
    for claim in store.claim(&worker, 3, 3, NOW).expect("claims") {
        let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: completed() };
        store.finish(end, NOW).expect("finishes");
    }
    store.cancel_all(NOW).expect("cancels");
}

#[test]
fn an_environment_leaves_no_trace() {
    let house = House::new();
    let mut store = Store::open_for_worker(&house.state()).expect("opens");
    run_all(&mut store, &house);
    assert_eq!(store.tidy(), Ok(true));
    assert!(!is_anywhere(&house, b"hunter2-"));
}

#[test]
fn nor_after_a_checkpoint_in_between() {
    let house = House::new();
    let mut store = Store::open_for_worker(&house.state()).expect("opens");
    store.submit(&[with("early", "hunter2-early")], NOW).expect("accepted");
    assert_eq!(store.tidy(), Ok(true));
    assert!(is_anywhere(&house, b"hunter2-early"));
    run_all(&mut store, &house);
    assert_eq!(store.tidy(), Ok(true));
    assert!(!is_anywhere(&house, b"hunter2-"));
}
