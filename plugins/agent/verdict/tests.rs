use super::*;
use serde_json::json;

fn profile() -> Profile {
    serde_json::from_value(json!({ "program": "it", "login": "type `it login`" })).expect("a profile")
}

fn judge(status: ExitStatus, stderr: &str, answer: &Answer) -> Result<Success<Data>, TaskError> {
    let now = "2026-11-21T14:00:00Z".parse().expect("a moment");
    let clock = Clock::at(now, 3600);
    let (profile, asked_model) = (profile(), Some("m-1".to_owned()));
    let verdict =
        Verdict { id: "t-1", name: "agent-x", profile: &profile, status, stderr, milliseconds: 7, asked_model, clock };
    verdict.judge(answer)
}

#[track_caller]
fn fails(status: ExitStatus, stderr: &str, answer: &Answer) -> Failure {
    match judge(status, stderr, answer) {
        Err(TaskError::Failed(failure)) => failure,
        other => panic!("{other:?} is no failure"),
    }
}

fn troubled(message: &str) -> Answer {
    Answer { trouble: Some(Trouble { message: message.to_owned(), ..Trouble::default() }), ..Answer::default() }
}

fn said(text: &str) -> Answer {
    Answer { text: text.to_owned(), ..Answer::default() }
}

#[test]
fn an_answer_is_summed_up() {
    let answer = Answer {
        text: format!("# Title\n\nFirst.\n\n{}\nmore", "x".repeat(400)),
        session: Some("s-1".to_owned()),
        tokens: Some(Tokens { input: 3, cached: None, output: 2, reasoning: Some(1) }),
        refused_tools: vec!["Bash".to_owned()],
        ..Answer::default()
    };
    let success = judge(ExitStatus::Code(0), "noise", &answer).expect("an answer");
    assert!(success.summary.starts_with("Title\nFirst.\nxxx"), "{}", success.summary);
    assert!(success.summary.contains("…\n(agent-x)\nIt was not allowed to use Bash"), "{}", success.summary);
    let data = serde_json::to_value(success.data).expect("JSON");
    let expect = json!({
        "agent": "agent-x", "program": "it", "model": "m-1", "session": "s-1", "duration_ms": 7, "exit_code": 0,
        "tokens": { "input": 3, "output": 2, "reasoning": 1 }, "refused_tools": ["Bash"],
    });
    assert_eq!(data, expect);
}

#[test]
fn nothing_is_no_answer() {
    let failure = fails(ExitStatus::Code(0), "", &said(" \n"));
    assert_eq!(failure.message, "agent-x answered nothing; `hob retry t-1` asks again");
    assert!(failure.retryable && failure.data.is_some_and(|data| data.contains("\"exit_code\":0")));
}

#[test]
fn failures_in_words() {
    let check = |status, stderr: &str, answer, message: &str, retryable| {
        let failure = fails(status, stderr, &answer);
        assert_eq!((failure.message.as_str(), failure.retryable), (message, retryable));
        assert_eq!(failure.retry_after, None);
    };
    let stack = "Warning: x\nIt broke\n    at there (file.js:1)\n    at here\n";
    check(
        ExitStatus::Code(3),
        stack,
        Answer::default(),
        "agent-x failed with exit code 3: Warning: x\nIt broke",
        false,
    );
    check(
        ExitStatus::Code(1),
        "noise",
        troubled("its own words"),
        "agent-x failed with exit code 1: its own words",
        false,
    );
    check(ExitStatus::Code(2), "", said("half of it"), "agent-x failed with exit code 2: half of it", false);
    check(
        ExitStatus::Code(0),
        "",
        troubled("500 Internal server error"),
        "agent-x failed: 500 Internal server error",
        true,
    );
    check(ExitStatus::Signal(9), "", Answer::default(), "agent-x was ended by signal 9", false);
    let login = "agent-x is not logged in: Not logged in · Please run /login\nTo log in: type `it login`";
    check(ExitStatus::Code(1), "", troubled("Not logged in · Please run /login"), login, false);
    let refusal = Trouble { message: "no".to_owned(), is_refusal: true, ..Trouble::default() };
    let refusal = Answer { trouble: Some(refusal), ..Answer::default() };
    check(ExitStatus::Code(1), "", refusal, "agent-x refused the task: no", false);
    assert!(matches!(judge(ExitStatus::Killed, "", &said("x")), Err(TaskError::Cancelled)));
}

#[test]
fn limits_say_when_to_try_again() {
    let failure = fails(ExitStatus::Code(1), "", &troubled("rate limit; try again in 90s"));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(90)));
    assert!(failure.retryable);
    let expect = "agent-x has reached a limit, which is over at 15:01:30: rate limit; try again in 90s";
    assert_eq!(failure.message, expect, "by the clocks on the walls");
    let failure = fails(ExitStatus::Code(1), "", &troubled("last status: 429 Too Many Requests"));
    assert!(failure.retryable && failure.retry_after.is_none());
    assert!(failure.message.contains("does not say for how long"), "{}", failure.message);
    // The time may stand on stderr only; that a limit was met on the way does not make a failure one.
    let failure = fails(ExitStatus::Code(1), "cause: retry in 2h", &troubled("You have exhausted your daily quota"));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(7_200)));
    let failure = fails(ExitStatus::Code(1), "attempt 1 failed with 429", &troubled("the disk is full"));
    assert!(!failure.message.contains("limit"), "{}", failure.message);
}
