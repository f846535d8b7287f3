//! What deaths leave in the write-ahead log.

use crate::house::{House, NOW, task};
use hob_store::{Filter, Store};
use std::fs;

#[test]
fn f01_commits_that_deaths_left_unannounced_are_no_damage() {
    let house = House::new();
    house.open().submit(&[task("first")], NOW).expect("accepted");
    let log = house.file("hob.db-wal");
    let base = fs::read(&log).expect("a log");
    let put = |content: &[u8]| {
        fs::write(&log, content).expect("written");
        fs::remove_file(house.file("hob.db-shm")).expect("removed");
    };
    // Each written over what the one before has left, whose process died before it could say so.
    let mut left = Vec::new();
    for (name, count) in [("a", 2_000), ("b", 300), ("c", 1)] {
        put(&base);
        let tasks: Vec<_> = (0..count).map(|n| task(&format!("{name}{n}"))).collect();
        house.open().submit(&tasks, NOW).expect("accepted");
        let mut content = fs::read(&log).expect("a log");
        assert!(left.is_empty() || content.len() < left.len(), "something is left of the one before");
        content.extend(left.iter().skip(content.len()));
        left = content;
    }
    put(&left);
    let store = Store::open(&house.state()).expect("is not called damaged");
    let tasks = store.list(&Filter::default()).expect("lists");
    let mut ids: Vec<_> = tasks.iter().map(|task| task.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["c0", "first"]);
}
