//! The writer that shares commits.

use crate::house::{House, NOW, completed, id, sign_on, task};
use hob_core::NewTask;
use hob_store::{Error, Finished, Store, Writer};
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

fn start(house: &House) -> Writer {
    Writer::start(Store::open_for_worker(&house.state()).expect("opens")).expect("starts")
}

#[test]
fn what_waits_meanwhile_shares_one_commit() {
    let house = House::new();
    let writer = start(&house);
    // The first change holds the writer until the others are queued.
    let (go, wait) = mpsc::channel::<()>();
    let first = writer.change(move |_| {
        wait.recv().expect("is told");
        Ok(())
    });
    let submit = |n: usize| writer.submit(vec![task(&format!("t{n}"))], NOW);
    let replies: Vec<_> = (0..50).map(submit).collect();
    let outside = house.open();
    let mut waiter = hob_store::Waiter::new(&house.state()).expect("listens");
    assert_eq!(outside.counts().expect("counts").pending, 0);
    go.send(()).expect("waits");
    first.wait().expect("made");
    let deadline = Instant::now() + Duration::from_secs(10);
    // Nobody ever sees a part of them.
    while outside.counts().expect("counts").pending == 0 {
        assert!(waiter.wait(deadline));
    }
    assert_eq!(outside.counts().expect("counts").pending, 50);
    for reply in replies {
        assert_eq!(reply.wait().expect("accepted").len(), 1);
    }
}

#[test]
fn a_refused_change_undoes_only_itself() {
    let house = House::new();
    let writer = start(&house);
    let (go, wait) = mpsc::channel::<()>();
    let first = writer.change(move |_| {
        wait.recv().expect("is told");
        Ok(())
    });
    let good = writer.submit(vec![task("a")], NOW);
    let other = NewTask { params: "{}".into(), ..task("a") };
    let bad = writer.submit(vec![task("b"), other], NOW);
    let late = writer.submit(vec![task("c")], NOW);
    go.send(()).expect("waits");
    first.wait().expect("made");
    good.wait().expect("accepted");
    assert_eq!(bad.wait(), Err(Error::IdTaken { id: id("a") }));
    late.wait().expect("accepted");
    let states = house.open().states(&["a", "b", "c"].map(id)).expect("reads");
    assert_eq!(states.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_reply_is_a_future_too_and_nobody_has_to_wait() {
    let house = House::new();
    let writer = start(&house);
    drop(writer.submit(vec![task("a")], NOW));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let accepted = runtime.block_on(writer.submit(vec![task("b")], NOW)).expect("accepted");
    assert_eq!(accepted[0].sequence, 2);
}

#[test]
fn the_last_clone_carries_out_what_is_queued() {
    let house = House::new();
    let writer = start(&house);
    for n in 0..20 {
        drop(writer.clone().submit(vec![task(&format!("t{n}"))], NOW));
    }
    drop(writer);
    assert_eq!(house.open().counts().expect("counts").pending, 20);
}

#[test]
fn a_change_that_panics_closes_the_writer() {
    let house = House::new();
    let writer = start(&house);
    let broken = writer.change(|changes| {
        changes.submit(&[task("a")], NOW)?;
        assert_eq!(changes.counts()?.pending, 0, "a fault");
        Ok(())
    });
    assert_eq!(broken.wait(), Err(Error::Closed));
    assert_eq!(writer.submit(vec![task("b")], NOW).wait(), Err(Error::Closed));
    assert_eq!(house.open().counts().expect("counts").pending, 0);
}

#[test]
fn it_tidies_the_log_when_it_rests() {
    let house = House::new();
    let mut store = house.open();
    let worker = sign_on(&mut store, "w1");
    let writer = start(&house);
    writer.submit(vec![task("a")], NOW).wait().expect("accepted");
    let claim = writer.claim(&worker, 5, 1, NOW).wait().expect("claims").remove(0);
    let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: completed() };
    writer.finish(end, NOW).wait().expect("finishes");
    let log = house.file("hob.db-wal");
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::fs::metadata(&log).expect("is there").len() > 0 {
        assert!(Instant::now() < deadline, "the log is still there");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn f12_a_locked_database_is_an_answer_and_then_it_goes_on() {
    let house = House::new();
    let writer = start(&house);
    let other = rusqlite::Connection::open(house.file("hob.db")).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let begin = Instant::now();
    assert_eq!(writer.submit(vec![task("a")], NOW).wait(), Err(Error::Busy));
    let waited = begin.elapsed();
    assert!((Duration::from_millis(4_900)..Duration::from_secs(7)).contains(&waited), "{waited:?}");
    // Reading goes on all the time.
    assert_eq!(house.open().counts().expect("counts").pending, 0);
    other.execute_batch("ROLLBACK").expect("unlocks");
    writer.submit(vec![task("a")], NOW).wait().expect("accepted");
}
