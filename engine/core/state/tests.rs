use super::*;

const AT: Timestamp = Timestamp(10);

fn worker(name: &str) -> WorkerId {
    name.parse().expect("a worker id")
}

fn running(attempt: u32) -> State {
    State::Running {
        attempt: AttemptNumber(attempt),
        worker: worker("w1"),
        started: Timestamp(5),
        cancel_requested: None,
        progress: None,
    }
}

fn cancelling(attempt: u32) -> State {
    transition(running(attempt), Event::RequestCancel { at: Timestamp(7) }).expect("legal")
}

fn blocked() -> State {
    State::Pending { last_attempt: AttemptNumber(0), blocked: Some("missing".into()) }
}

fn every_state() -> Vec<State> {
    let result = TaskResult { summary: "ok".into(), data: None };
    let failure = Failure::new(FailureKind::Executor, "no");
    let (attempt, started, finished) = (AttemptNumber(1), Timestamp(5), Timestamp(6));
    vec![
        State::accepted(),
        blocked(),
        running(1),
        cancelling(1),
        State::Completed { attempt, started, finished, result },
        State::Failed { attempt, started, finished, failure },
        State::Cancelled { stopped: None, finished, reason: None },
    ]
}

fn every_event(attempt: u32) -> Vec<Event> {
    let attempt = AttemptNumber(attempt);
    let finish = |outcome| Event::Finish { attempt, outcome, at: AT };
    vec![
        Event::Block { reason: "gone".into() },
        Event::Unblock,
        Event::Claim { worker: worker("w2"), at: AT },
        Event::Report { attempt, progress: Progress { fraction: Some(0.5), message: "half".into() } },
        Event::RequestCancel { at: AT },
        Event::Forgo { reason: "needs `docs`".into(), at: AT },
        finish(Outcome::Completed(TaskResult { summary: "ok".into(), data: None })),
        finish(Outcome::Failed(Failure::new(FailureKind::Trap, "boom"))),
        finish(Outcome::Cancelled),
        Event::Release { attempt, blocked: None },
        Event::Lose { attempt, repeatable: false, at: AT },
        Event::Lose { attempt, repeatable: true, at: AT },
    ]
}

#[track_caller]
fn check(state: State, event: Event, expect: Option<StateName>) {
    let shown = format!("{state:?} + {event:?}");
    assert_eq!(transition(state, event).ok().map(|state| state.name()), expect, "{shown}");
}

#[test]
fn the_whole_table() {
    use StateName::{Cancelled, Completed, Failed, Pending, Running};
    let c = Some;
    let table: [(&str, [Option<StateName>; 7]); 12] = [
        // accepted, blocked, running, cancelling, completed, failed, cancelled
        ("block", [c(Pending), c(Pending), None, None, None, None, None]),
        ("unblock", [c(Pending), c(Pending), None, None, None, None, None]),
        ("claim", [c(Running), None, None, None, None, None, None]),
        ("report", [None, None, c(Running), c(Running), None, None, None]),
        ("cancel", [c(Cancelled), c(Cancelled), c(Running), c(Running), None, None, None]),
        ("forgo", [c(Cancelled), c(Cancelled), None, None, None, None, None]),
        ("complete", [None, None, c(Completed), c(Completed), None, None, None]),
        ("fail", [None, None, c(Failed), c(Failed), None, None, None]),
        ("stop", [None, None, c(Cancelled), c(Cancelled), None, None, None]),
        ("release", [None, None, c(Pending), c(Pending), None, None, None]),
        ("lose", [None, None, c(Failed), c(Cancelled), None, None, None]),
        ("lose, repeatable", [None, None, c(Pending), c(Cancelled), None, None, None]),
    ];
    for ((_, expects), event) in table.into_iter().zip(every_event(1)) {
        for (state, expect) in every_state().into_iter().zip(expects) {
            check(state, event.clone(), expect);
        }
    }
}

#[test]
fn an_attempt_that_is_over_changes_nothing() {
    for event in every_event(1) {
        let named =
            matches!(event, Event::Report { .. } | Event::Finish { .. } | Event::Release { .. } | Event::Lose { .. });
        if named {
            let error = transition(running(2), event).expect_err("stale");
            assert!(matches!(error, IllegalTransition::Attempt { .. }), "{error}");
        }
    }
}

#[test]
fn only_what_forgoes_says_why() {
    let forgone = transition(State::accepted(), Event::Forgo { reason: "needs `docs`".into(), at: AT });
    assert!(
        matches!(forgone, Ok(State::Cancelled { stopped: None, reason: Some(reason), .. }) if reason.contains("docs"))
    );
    let cancelled = transition(State::accepted(), Event::RequestCancel { at: AT });
    assert!(matches!(cancelled, Ok(State::Cancelled { reason: None, .. })));
}

#[test]
fn the_first_request_to_cancel_counts() {
    let state = transition(cancelling(1), Event::RequestCancel { at: Timestamp(99) }).expect("legal");
    assert!(matches!(state, State::Running { cancel_requested: Some(Timestamp(7)), .. }));
}

#[test]
fn a_claim_after_a_release_has_the_next_number() {
    let released = transition(running(3), Event::Release { attempt: AttemptNumber(3), blocked: None });
    let claimed = transition(released.expect("legal"), Event::Claim { worker: worker("w2"), at: AT });
    assert!(matches!(claimed, Ok(State::Running { attempt: AttemptNumber(4), .. })));
}
