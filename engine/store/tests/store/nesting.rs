//! Tasks that are handed in from within tasks.

use crate::house::{House, NOW, id, task};
use hob_core::Timestamp;
use hob_store::{Error, Nesting, Store};

const BOUNDS: Nesting = Nesting { depth: 2, per_minute: 3 };

fn hand_in(store: &mut Store, parent: &str, name: &str, bounds: Nesting, at: Timestamp) -> hob_store::Result<()> {
    store.change(|changes| {
        let accepted = changes.submit(&[task(name)], at)?;
        changes.descend(&id(parent), &accepted, bounds, at)
    })
}

#[test]
fn f31_depth_is_limited_and_the_chain_is_named() {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("a")], NOW).expect("accepted");
    hand_in(&mut store, "a", "b", BOUNDS, NOW).expect("at 1");
    hand_in(&mut store, "b", "c", BOUNDS, NOW).expect("at 2");
    hand_in(&mut store, "b", "c", BOUNDS, NOW).expect("it is there already");
    let refused = hand_in(&mut store, "c", "d", BOUNDS, NOW).expect_err("too deep");
    assert_eq!(refused, Error::TooDeep { chain: "a > b > c".into(), most: 2 });
    assert_eq!(store.get(&id("d")), Ok(None), "nothing of it is there");
    hand_in(&mut store, "no-such-task", "e", BOUNDS, NOW).expect("of nobody that is known");
    let none = Nesting { depth: 0, ..BOUNDS };
    assert!(matches!(hand_in(&mut store, "a", "f", none, NOW), Err(Error::TooDeep { most: 0, .. })));
}

#[test]
fn f31_what_comes_of_one_task_in_a_minute_is_limited() {
    let house = House::new();
    let mut store = house.open();
    store.submit(&[task("a"), task("z")], NOW).expect("accepted");
    let at = |seconds: i64| Timestamp(NOW.0 + seconds * 1000);
    hand_in(&mut store, "a", "b", BOUNDS, at(0)).expect("the first");
    hand_in(&mut store, "b", "c", BOUNDS, at(10)).expect("the second");
    hand_in(&mut store, "b", "d", BOUNDS, at(20)).expect("the third");
    let refused = hand_in(&mut store, "b", "e", BOUNDS, at(30)).expect_err("too many");
    assert_eq!(refused, Error::TooMany { chain: "a > b".into(), most: 3 });
    hand_in(&mut store, "z", "y", BOUNDS, at(30)).expect("of another");
    hand_in(&mut store, "a", "e", BOUNDS, at(61)).expect("the first is a minute ago");
    let several = store.change(|changes| {
        let accepted = changes.submit(&[task("f"), task("g"), task("h"), task("i")], at(200))?;
        changes.descend(&id("a"), &accepted, BOUNDS, at(200))
    });
    assert!(matches!(several, Err(Error::TooMany { .. })), "all of a batch or nothing: {several:?}");
    assert_eq!(store.get(&id("f")), Ok(None));
    assert_eq!(store.check(), Ok(Vec::new()));
}
