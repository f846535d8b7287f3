use super::{duration, of_state, rfc3339, styled};
use hob_core::{ExitStatus, Failure, State, Task, TaskResult, Timestamp, sanitize_line};
use serde_json::{Map, Value, json};

/// The parameters as JSON; as a text, should the database hold something else.
pub fn params_value(task: &Task) -> Value {
    serde_json::from_str(&task.params).unwrap_or_else(|_| Value::String(task.params.clone()))
}

/// The task object of docs/json.md. Every key is always there; what does not apply is null.
pub fn task_object(task: &Task, now: Timestamp) -> Map<String, Value> {
    let facts = Facts::of(&task.state);
    let time_running = facts.started.map(|from| facts.finished.unwrap_or(now).since(from).as_millis());
    let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| rfc3339(at).into());
    let object = json!({
        "id": task.id,
        "executor": task.executor,
        "state": task.state.name(),
        "priority": task.priority,
        "cwd": task.cwd.to_string_lossy(),
        "created_at": rfc3339(task.created),
        "started_at": moment(facts.started),
        "finished_at": moment(facts.finished),
        "duration_ms": time_running,
        "timeout_ms": task.timeout.map(|time| time.as_millis()),
        "attempt": facts.attempt,
        "worker": facts.worker,
        "session": task.session,
        "retry_of": task.retry_of,
        "blocked": facts.blocked,
        "cancel_requested": facts.is_cancel_requested,
        "cancel_reason": facts.reason,
        "group": task.group.as_ref().map(|seat| &seat.group),
        "member": task.group.as_ref().map(|seat| &seat.name),
        "waits_for": task.group.as_ref().map_or(&[] as &[_], |seat| &seat.waits_for),
        "progress": facts.progress,
        "result": facts.result.map(result_object),
        "failure": facts.failure.map(failure_object),
        "exit_code": exit_status(&task.state).map(ExitStatus::shell_code),
        "params": params_value(task),
    });
    match object {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn result_object(result: &TaskResult) -> Value {
    json!({ "summary": result.summary, "data": result.data })
}

fn failure_object(failure: &Failure) -> Value {
    json!({
        "kind": failure.kind,
        "message": failure.message,
        "retryable": failure.retryable,
        "retry_after_ms": failure.retry_after_ms,
        "data": failure.data,
        "trace": failure.trace,
    })
}

/// What the state says, each fact where there is one.
#[derive(Default)]
struct Facts<'a> {
    attempt: Option<u32>,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    worker: Option<&'a str>,
    blocked: Option<&'a str>,
    is_cancel_requested: bool,
    reason: Option<&'a str>,
    progress: Option<&'a hob_core::Progress>,
    result: Option<&'a TaskResult>,
    failure: Option<&'a Failure>,
}

impl<'a> Facts<'a> {
    fn of(state: &'a State) -> Self {
        let blank = Self::default();
        match state {
            State::Pending { last_attempt, blocked } => {
                Self { attempt: (last_attempt.0 > 0).then_some(last_attempt.0), blocked: blocked.as_deref(), ..blank }
            }
            State::Running { attempt, worker, started, cancel_requested, progress } => Self {
                attempt: Some(attempt.0),
                worker: Some(worker.as_str()),
                started: Some(*started),
                is_cancel_requested: cancel_requested.is_some(),
                progress: progress.as_ref(),
                ..blank
            },
            State::Completed { attempt, started, finished, result } => Self {
                attempt: Some(attempt.0),
                started: Some(*started),
                finished: Some(*finished),
                result: Some(result),
                ..blank
            },
            State::Failed { attempt, started, finished, failure } => Self {
                attempt: Some(attempt.0),
                started: Some(*started),
                finished: Some(*finished),
                failure: Some(failure),
                ..blank
            },
            State::Cancelled { stopped, finished, reason } => Self {
                attempt: stopped.map(|(attempt, _)| attempt.0),
                started: stopped.map(|(_, started)| started),
                finished: Some(*finished),
                reason: reason.as_deref(),
                ..blank
            },
        }
    }
}

/// How the native program of a finished task ended, where it had one.
pub fn exit_status(state: &State) -> Option<ExitStatus> {
    match state {
        State::Completed { result, .. } => ExitStatus::from_data(result.data.as_ref()),
        State::Failed { failure, .. } => ExitStatus::from_data(failure.data.as_ref()),
        State::Pending { .. } | State::Running { .. } | State::Cancelled { .. } => None,
    }
}

/// `completed  search-1  (explore)  1.2s`
pub fn headline(task: &Task, now: Timestamp) -> String {
    let facts = Facts::of(&task.state);
    let name = task.state.name();
    let mut line = format!("{}  {}  ({})", styled(of_state(name), name), styled(super::BOLD, &task.id), task.executor);
    if let Some(started) = facts.started {
        line.push_str("  ");
        line.push_str(&duration(facts.finished.unwrap_or(now).since(started)));
    }
    line
}

/// `waits for docs, code`, where it waits for other members of its group.
pub fn waits_for(task: &Task) -> Option<String> {
    let names = &task.group.as_ref()?.waits_for;
    let names: Vec<&str> = names.iter().map(hob_core::MemberName::as_str).collect();
    (!names.is_empty()).then(|| format!("waits for {}", names.join(", ")))
}

/// How long it has run, and what there is to say of it.
pub fn time_and_note(state: &State, now: Timestamp) -> (String, String) {
    let took = |from: Timestamp, to: Timestamp| duration(to.since(from));
    match state {
        State::Pending { blocked, .. } => (String::new(), blocked.clone().unwrap_or_default()),
        State::Running { started, progress, cancel_requested, .. } => {
            let note = match (cancel_requested, progress) {
                (Some(_), _) => "stopping".to_owned(),
                (None, Some(progress)) => progress.message.clone(),
                (None, None) => String::new(),
            };
            (took(*started, now), note)
        }
        State::Completed { started, finished, .. } => (took(*started, *finished), String::new()),
        State::Failed { started, finished, failure, .. } => {
            (took(*started, *finished), format!("{}: {}", failure.kind, failure.message))
        }
        State::Cancelled { stopped, finished, reason } => {
            let time = stopped.map(|(_, started)| took(started, *finished)).unwrap_or_default();
            (time, reason.clone().unwrap_or_default())
        }
    }
}

/// The parameters in one line for a person: a single text as it is, anything else as `key=value`.
pub fn one_line_of_params(task: &Task) -> String {
    /// Beyond this a list shows the beginning only, whatever the width.
    const LONGEST: usize = 200;
    let Value::Object(params) = params_value(task) else { return sanitize_line(&task.params, LONGEST) };
    let words: Vec<String> = match params.iter().collect::<Vec<_>>().as_slice() {
        [(_, only)] => vec![short(only)],
        several => several.iter().map(|(key, value)| format!("{key}={}", short(value))).collect(),
    };
    sanitize_line(&words.join(" "), LONGEST)
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use hob_core::{AttemptNumber, Environment, FailureKind, NewTask, Priority};

    /// A task that was accepted at 1970-01-01T00:00:01Z.
    pub fn task(params: &str, state: State) -> Task {
        let new = NewTask {
            id: Some("search-1".parse().expect("an id")),
            executor: "explore".parse().expect("a name"),
            params: params.to_owned(),
            priority: Priority::High,
            cwd: "/project".into(),
            environment: Environment::default(),
            timeout: Some(std::time::Duration::from_secs(9)),
            session: None,
            retry_of: None,
        };
        Task {
            id: new.id.expect("given"),
            sequence: 1,
            executor: new.executor,
            params: new.params,
            priority: new.priority,
            cwd: new.cwd,
            timeout: new.timeout,
            session: new.session,
            retry_of: new.retry_of,
            created: Timestamp(1_000),
            group: None,
            state,
        }
    }

    fn failed() -> State {
        let mut failure = Failure::new(FailureKind::Executor, "exited with code 101");
        failure.data = Some(json!({ "exit_code": 101 }));
        State::Failed { attempt: AttemptNumber(1), started: Timestamp(2_000), finished: Timestamp(3_500), failure }
    }

    #[test]
    fn the_object_of_a_failed_task() {
        let object = task_object(&task(r#"{"pattern":["a"]}"#, failed()), Timestamp(9_000));
        insta::assert_snapshot!(serde_json::to_string_pretty(&object).expect("JSON"), @r#"
        {
          "id": "search-1",
          "executor": "explore",
          "state": "failed",
          "priority": "high",
          "cwd": "/project",
          "created_at": "1970-01-01T00:00:01.000Z",
          "started_at": "1970-01-01T00:00:02.000Z",
          "finished_at": "1970-01-01T00:00:03.500Z",
          "duration_ms": 1500,
          "timeout_ms": 9000,
          "attempt": 1,
          "worker": null,
          "session": null,
          "retry_of": null,
          "blocked": null,
          "cancel_requested": false,
          "cancel_reason": null,
          "group": null,
          "member": null,
          "waits_for": [],
          "progress": null,
          "result": null,
          "failure": {
            "kind": "executor",
            "message": "exited with code 101",
            "retryable": false,
            "retry_after_ms": null,
            "data": {
              "exit_code": 101
            },
            "trace": null
          },
          "exit_code": 101,
          "params": {
            "pattern": [
              "a"
            ]
          }
        }
        "#);
    }

    #[test]
    fn every_state_has_the_same_keys() {
        let keys = |state| task_object(&task("{}", state), Timestamp(0)).keys().cloned().collect::<Vec<_>>();
        let expect = keys(failed());
        assert_eq!(keys(State::accepted()), expect);
        assert_eq!(keys(State::Cancelled { stopped: None, finished: Timestamp(1), reason: None }), expect);
    }

    #[test]
    fn parameters_in_one_line() {
        for (params, expect) in [
            (r#"{"command":"cargo\ntest"}"#, "cargo test"),
            (r#"{"argv":["git","log"]}"#, "git log"),
            (r#"{"pattern":["a","b"],"hidden":true}"#, "pattern=a b hidden=true"),
            ("{}", ""),
        ] {
            assert_eq!(one_line_of_params(&task(params, State::accepted())), expect);
        }
    }
}
