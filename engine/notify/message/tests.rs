use super::*;
use hob_core::{AttemptNumber, Failure, FailureKind, Priority, State, Tally, Task, TaskId, TaskResult, Timestamp};

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

fn report(name: &str, failed: bool, said: &str) -> Report {
    Report::of_task(&task(&id(name), failed, said)).expect("it ended")
}

#[track_caller]
fn check(ended: &[(&str, bool)], said: &str, title: &str, body: &str) {
    let reports = ended.iter().map(|(name, failed)| report(name, *failed, said));
    let message = Message::of(reports).expect("something ended");
    assert_eq!((message.title.as_str(), message.body.as_str()), (title, body));
    assert_eq!((message.ended.len(), message.more), (ended.len(), 0));
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
    let group = |name: &str, failed: u32| {
        let tally = Tally { completed: 3, failed, ..Tally::default() };
        Report {
            state: if failed > 0 { StateName::Failed } else { StateName::Completed },
            executor: None,
            preset: Some("research".parse().expect("a name")),
            summary: Some(crate::report::members(&tally)),
            tally: Some(tally),
            ..report(name, false, "")
        }
    };
    let message = Message::of([group("research-x7k2m", 0)]).expect("a message");
    assert_eq!(message.title, "Background group 'research-x7k2m' complete");
    assert_eq!(message.body, "research, 3.2 s\n3 of 3 tasks completed");
    let message = Message::of([group("research-x7k2m", 0), group("fix-2", 1)]).expect("a message");
    let (first, then) = message.body.split_once('\n').expect("two lines");
    assert_eq!(first, "fix-2 failed: research, 3.2 s: 3 of 4 tasks completed, 1 failed");
    assert_eq!(then, "research-x7k2m: research, 3.2 s: 3 of 3 tasks completed");
}

#[test]
fn many_stay_small_and_failures_are_named() {
    let last = 99_999;
    let message = Message::of((0..=last).map(|n| report(&format!("t{n}"), n == last, "x"))).expect("a message");
    assert_eq!(message.title, "99999 background tasks complete, 1 failed");
    assert_eq!(message.body.lines().count(), NAMED + 1);
    assert!(message.body.starts_with("t99999 failed: explore"), "{}", message.body);
    assert!(message.body.ends_with("and 99995 more: hob list"), "{}", message.body);
    assert_eq!((message.ended.len(), message.more), (LISTED, 99_900));
    assert_eq!(message.ended[0].state, StateName::Failed);
}

#[test]
fn f67_what_a_task_said_is_text_and_short() {
    let hostile = format!("\u{1b}]0;owned\u{7}\u{202e}{}", "x".repeat(10_000));
    let message = Message::of([report("a", false, &hostile)]).expect("a message");
    assert!(message.body.starts_with("explore, 3.2 s\nxxx"), "{:?}", message.body);
    assert!(message.body.chars().count() < 2 * LINE + 2);
    assert!(message.ended[0].summary.as_ref().is_some_and(|line| line.chars().count() <= LINE), "{message:?}");
}

#[test]
fn what_is_told_has_ended() {
    assert_eq!(Message::of([]), None);
    let mut cancelled = task(&id("a"), false, "");
    cancelled.state = State::Cancelled { stopped: None, finished: Timestamp(1), reason: None };
    assert_eq!(Report::of_task(&cancelled), None);
    cancelled.state = State::accepted();
    assert_eq!(Report::of_task(&cancelled), None);
}

#[test]
fn a_command_reads_it_as_json() {
    let message = Message::of([report("a", true, "`make` exited with code 2\nand more")]).expect("a message");
    let expect = serde_json::json!({
        "title": "Background task 'a' failed",
        "body": "explore, 3.2 s\n`make` exited with code 2",
        "ended": [{
            "id": "a",
            "state": "failed",
            "executor": "explore",
            "preset": null,
            "tally": null,
            "priority": "medium",
            "cwd": "/",
            "session": null,
            "duration_ms": 3_250,
            "summary": "`make` exited with code 2",
        }],
        "more": 0,
    });
    assert_eq!(serde_json::to_value(&message).expect("JSON"), expect);
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
