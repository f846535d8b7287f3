//! The doorbell.

use crate::house::{House, NOW, sign_on, task};
use hob_core::{NewTask, StateName};
use hob_store::{Store, Waiter};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[test]
fn a_commit_before_the_wait_is_not_missed() {
    let house = House::new();
    let mut store = house.open();
    let mut waiter = Waiter::new(&house.state()).expect("listens");
    store.submit(&[task("it")], NOW).expect("accepted");
    assert!(waiter.wait(soon()));
}

#[test]
fn a_waiter_sees_the_change_that_woke_it() {
    let house = House::new();
    let mut writer = house.open();
    let reader = house.open();
    let mut waiter = Waiter::new(&house.state()).expect("listens");
    let changes = thread::spawn(move || {
        for n in 0..20 {
            writer.submit(&[task(&format!("t{n}"))], NOW).expect("accepted");
        }
    });
    let deadline = soon();
    while reader.counts().expect("counts").pending < 20 {
        assert!(waiter.wait(deadline), "no wake-up was lost");
    }
    changes.join().expect("no panic");
}

#[test]
fn a_wait_in_vain_ends_at_its_deadline() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let mut waiter = Waiter::new(&house.state()).expect("listens");
    // None of these changes anything.
    store.counts().expect("counts");
    assert_eq!(store.claim(&worker, 5, 5, NOW), Ok(Vec::new()));
    let none: [NewTask; 0] = [];
    store.submit(&none, NOW).expect("accepts nothing");
    Store::open(&house.state()).expect("opens");
    let begin = Instant::now();
    assert!(!waiter.wait(begin + Duration::from_millis(200)));
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert!(!waiter.wait(begin));
}

#[test]
fn the_bell_stays_one_byte() {
    let house = House::new();
    let mut store = house.open();
    for n in 0..10 {
        store.submit(&[task(&format!("t{n}"))], NOW).expect("accepted");
    }
    assert_eq!(fs::metadata(house.file("bell")).expect("is there").len(), 1);
}

#[test]
fn the_removal_of_the_folder_wakes() {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("it")], NOW).expect("accepted");
    let mut waiter = Waiter::new(&house.state()).expect("listens");
    fs::remove_dir_all(house.state()).expect("removes");
    assert!(waiter.wait(soon()));
    assert!(!store.is_in_place());
}

#[test]
fn async_code_hears_it_too() {
    let house = House::new();
    let mut store = house.open();
    let waiter = Waiter::new(&house.state()).expect("listens");
    let mut rings = waiter.rings();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    store.submit(&[task("it")], NOW).expect("accepted");
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(10), rings.changed()).await.expect("in time").expect("rings");
    });
    assert_eq!(store.states(&[task("it").id.expect("has one")]), Ok(vec![Some(StateName::Pending)]));
}
