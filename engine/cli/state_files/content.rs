//! What stands in the files.

use crate::render::rfc3339;
use hob_core::{StateName, Timestamp};
use hob_store::Glance;
use serde_json::{Value, json};

/// Tasks in a file: the last 500. The database has all of them.
pub const MOST: u32 = 500;
/// Characters of a result or an error. `hob output ID` has the rest.
pub const LONGEST: u32 = 2_000;

/// The array of a file, a task a line.
pub fn text(tasks: &[Glance]) -> String {
    if tasks.is_empty() {
        return "[]\n".to_owned();
    }
    let lines: Vec<String> = tasks.iter().map(|task| object(task).to_string()).collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

fn object(task: &Glance) -> Value {
    let moment = |at: Option<Timestamp>| at.map(rfc3339);
    let took = task.started.zip(task.finished).map(|(from, to)| to.since(from).as_millis());
    let said = task.said.as_deref().map(|said| cut(&hob_core::sanitize(said)));
    let error = match (task.state, task.kind, &said) {
        (StateName::Failed, Some(kind), said) => Some(format!("{kind}: {}", said.as_deref().unwrap_or_default())),
        (StateName::Cancelled, _, Some(reason)) => Some(format!("cancelled: {reason}")),
        (StateName::Cancelled, _, None) => Some("cancelled".to_owned()),
        _ => None,
    };
    json!({
        "id": task.id,
        "executor": task.executor,
        "state": task.state,
        "session": task.session,
        "group": task.group,
        "created_at": rfc3339(task.created),
        "started_at": moment(task.started),
        "finished_at": moment(task.finished),
        "duration_ms": took.and_then(|took| u64::try_from(took).ok()),
        "result": said.filter(|_| task.state == StateName::Completed),
        "error": error,
    })
}

/// With a sign that there is more.
fn cut(text: &str) -> String {
    let text = text.trim_end();
    let longest = usize::try_from(LONGEST).unwrap_or(usize::MAX) - 1;
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_core::FailureKind;

    fn glance(state: StateName, kind: Option<FailureKind>, said: Option<&str>) -> Glance {
        Glance {
            id: "search-1".parse().expect("an id"),
            executor: "explore".parse().expect("a name"),
            state,
            session: None,
            group: None,
            created: Timestamp(1_000),
            started: (state != StateName::Cancelled).then_some(Timestamp(2_000)),
            finished: (state != StateName::Running).then_some(Timestamp(3_500)),
            kind,
            said: said.map(str::to_owned),
        }
    }

    #[test]
    fn results_and_errors() {
        use StateName::{Cancelled, Completed, Failed, Running};
        let of = |task: &Glance| {
            let object = object(task);
            (object["result"].clone(), object["error"].clone(), object["duration_ms"].clone())
        };
        let null = Value::Null;
        for (task, expect) in [
            (glance(Running, None, None), (null.clone(), null.clone(), null.clone())),
            (glance(Completed, None, Some("3 hits\u{1b}[31m\n")), ("3 hits".into(), null.clone(), 1_500.into())),
            (
                glance(Failed, Some(FailureKind::TimedOut), Some("too long")),
                (null.clone(), "timed-out: too long".into(), 1_500.into()),
            ),
            (glance(Cancelled, None, None), (null.clone(), "cancelled".into(), null.clone())),
            (glance(Cancelled, None, Some("why")), (null.clone(), "cancelled: why".into(), null)),
        ] {
            assert_eq!(of(&task), expect, "{task:?}");
        }
    }

    #[test]
    fn a_file_is_an_array_with_a_task_a_line() {
        assert_eq!(text(&[]), "[]\n");
        let task = glance(StateName::Completed, None, Some("fine"));
        let text = text(&[task.clone(), task]);
        assert_eq!(text.lines().count(), 4);
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value[1]["started_at"], "1970-01-01T00:00:02.000Z");
        let long = glance(StateName::Completed, None, Some(&"é".repeat(2_000)));
        let shown = object(&long)["result"].as_str().expect("text").to_owned();
        assert_eq!((shown.chars().count(), shown.ends_with('…')), (2_000, true));
    }
}
