use super::*;
use hob_core::{AttemptNumber, Failure, FailureKind, Priority, TaskResult, Timestamp};

fn id(text: &str) -> TaskId {
    text.parse().expect("an id")
}

fn task(name: &TaskId, failed: bool, said: &str) -> Task {
    let (attempt, started, finished) = (AttemptNumber(1), Timestamp(1_000), Timestamp(4_250));
    let state = if failed {
        State::Failed { attempt, started, finished, failure: Failure::new(FailureKind::Executor, said) }
    } else {
        State::Completed { attempt, started, finished, result: TaskResult { summary: said.to_owned(), data: None } }
    };
    Task {
        id: name.clone(),
        sequence: 1,
        executor: "explore".parse().expect("a name"),
        params: "{}".to_owned(),
        priority: Priority::Medium,
        cwd: "/".into(),
        timeout: None,
        session: None,
        retry_of: None,
        created: Timestamp(0),
        group: None,
        state,
    }
}

#[track_caller]
fn check(ended: &[(&str, bool)], said: &str, title: &str, body: &str) {
    let mut gathered = Gathered::default();
    for (name, failed) in ended {
        gathered.add(Ended { id: id(name), failed: *failed, group: None });
    }
    let failed = |name: &TaskId| ended.iter().any(|(ended, failed)| *ended == name.as_str() && *failed);
    let message = gathered.message(|name| Some(task(name, failed(name), said))).expect("something ended");
    assert_eq!((message.title.as_str(), message.body.as_str()), (title, body));
}

#[test]
fn one() {
    let body = "explore, 3.2 s\n12 hits in 4 files";
    check(&[("search-1", false)], "12 hits in 4 files\nand more text", "Background task 'search-1' complete", body);
    let body = "explore, 3.2 s\n`cargo test` exited with code 101";
    check(&[("t", true)], "`cargo test` exited with code 101", "Background task 't' failed", body);
    check(&[("t", false)], "\n \n", "Background task 't' complete", "explore, 3.2 s");
}

#[test]
fn several() {
    check(
        &[("a", false), ("b", true), ("c", false)],
        "said",
        "2 background tasks complete, 1 failed",
        "b failed: explore, 3.2 s: said\na: explore, 3.2 s: said\nc: explore, 3.2 s: said",
    );
    check(
        &[("a", false), ("b", true)],
        "",
        "1 background task complete, 1 failed",
        "b failed: explore, 3.2 s\na: explore, 3.2 s",
    );
    check(
        &[("a", true), ("b", true)],
        "",
        "2 background tasks failed",
        "a failed: explore, 3.2 s\nb failed: explore, 3.2 s",
    );
}

#[test]
fn a_group_says_how_its_members_ended() {
    let tally = |failed| Some(Tally { completed: 3, failed, ..Tally::default() });
    let mut gathered = Gathered::default();
    gathered.add(Ended { id: id("research-x7k2m"), failed: false, group: tally(0) });
    let message = gathered.message(|_| None).expect("a message");
    assert_eq!(message.title, "Background group 'research-x7k2m' complete");
    assert_eq!(message.body, "3 of 3 tasks completed");
    gathered.add(Ended { id: id("fix-2"), failed: true, group: tally(1) });
    let message = gathered.message(|_| None).expect("a message");
    assert_eq!(message.body, "fix-2 failed: 3 of 4 tasks completed, 1 failed\nresearch-x7k2m: 3 of 3 tasks completed");
}

#[test]
fn many_stay_small_and_failures_are_named() {
    let mut gathered = Gathered::default();
    for n in 0..100_000 {
        gathered.add(Ended { id: id(&format!("t{n}")), failed: n == 99_999, group: None });
    }
    let message = gathered.message(|name| Some(task(name, name.as_str() == "t99999", "x"))).expect("a message");
    assert_eq!(message.title, "99999 background tasks complete, 1 failed");
    assert_eq!(message.body.lines().count(), NAMED + 1);
    assert!(message.body.starts_with("t99999 failed: explore"), "{}", message.body);
    assert!(message.body.ends_with("and 99995 more: hob list"), "{}", message.body);
}

#[test]
fn f67_what_a_task_said_is_text_and_short() {
    let hostile = format!("\u{1b}]0;owned\u{7}\u{202e}{}", "x".repeat(10_000));
    let mut gathered = Gathered::default();
    gathered.add(Ended { id: id("a"), failed: false, group: None });
    let message = gathered.message(|name| Some(task(name, false, &hostile))).expect("a message");
    assert!(message.body.starts_with("explore, 3.2 s\nxxx"), "{:?}", message.body);
    assert!(message.body.chars().count() < 2 * LINE + 2);
}

#[test]
fn a_task_that_was_pruned_is_still_named() {
    let mut gathered = Gathered::default();
    assert_eq!(gathered.message(|_| None), None);
    gathered.add(Ended { id: id("a"), failed: false, group: None });
    let message = gathered.message(|_| None).expect("a message");
    assert_eq!(message, Message { title: "Background task 'a' complete".to_owned(), body: String::new() });
}

#[test]
fn durations() {
    for (ms, expect) in [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (9_999, "9.9 s"),
        (59_999, "59 s"),
        (90_000, "1 min 30 s"),
        (3_661_000, "1 h 1 min"),
        (90_000_000, "1 d 1 h"),
    ] {
        assert_eq!(rounded(Duration::from_millis(ms)), expect);
    }
}
