//! What a task came to, as `output` and `--wait` say it.

use crate::{
    captured,
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    prepare::Executors,
    render::{self, DIM, styled},
};
use hob_core::{Answer, FailureKind, State, Task, sanitize};
use hob_store::output::OutputReader;
use serde_json::json;
use std::io::Write;

/// Lines of captured output that are shown with the result.
const LINES: usize = 10;

/// Prints the state, and the result or the error.
pub fn print(context: &Context, task: &Task, as_json: bool) -> CommandResult<()> {
    let mut out = anstream::stdout().lock();
    let reader = captured::open(context, task)?;
    if as_json {
        let bytes = reader.as_ref().map_or(Ok(0), OutputReader::size)?;
        let mut object = render::task_object(task, now());
        object.insert("output".to_owned(), json!({ "bytes": bytes }));
        render::write_json(&mut out, &object)?;
        return Ok(());
    }
    let Some(mut reader) = reader else { return write_words(&mut out, task) };
    if is_the_output(&Executors::new(context)?, task) {
        return write_whole(&mut out, task, &mut reader);
    }
    write_words(&mut out, task)?;
    let (lines, has_more) = captured::last_lines(&mut reader, LINES)?;
    if !lines.is_empty() {
        let more = if has_more { format!("; hob output {} --log shows all", task.id) } else { String::new() };
        writeln!(out, "{}", styled(DIM, format!("output ({}{more}):", render::size(reader.size()?))))?;
    }
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Whether what a task has printed is its answer. That of an executor which is gone is not known to be.
pub fn is_the_output(executors: &Executors<'_>, task: &Task) -> bool {
    matches!(task.state, State::Completed { .. })
        && executors.find(task.executor.as_str()).is_ok_and(|known| known.description.answer == Answer::Output)
}

/// The state in one line, the whole answer, and what it took.
fn write_whole(out: &mut dyn Write, task: &Task, reader: &mut OutputReader) -> CommandResult<()> {
    writeln!(out, "{}", render::headline(task, now()))?;
    captured::copy_clean(reader, out)?;
    write_usage(out, task)
}

/// What an agent took for it, if one did it.
pub fn write_usage(out: &mut dyn Write, task: &Task) -> CommandResult<()> {
    let data = match &task.state {
        State::Completed { result, .. } => result.data.as_ref(),
        _ => None,
    };
    if let Some(usage) = render::usage(data) {
        writeln!(out, "{}", styled(DIM, sanitize(&format!("({usage})"))))?;
    }
    Ok(())
}

/// The state in one line, and below it what there is to say.
pub fn write_words(out: &mut dyn Write, task: &Task) -> CommandResult<()> {
    writeln!(out, "{}", render::headline(task, now()))?;
    if let Some(waits) = render::waits_for(task) {
        writeln!(out, "{waits}")?;
    }
    match &task.state {
        State::Pending { blocked: None, .. } | State::Cancelled { reason: None, .. } => {}
        State::Cancelled { reason: Some(reason), .. } => write_text(out, reason)?,
        State::Pending { blocked: Some(reason), .. } => writeln!(out, "waits: {}", sanitize(reason))?,
        State::Running { cancel_requested: Some(_), .. } => writeln!(out, "is being stopped")?,
        State::Running { progress, .. } => {
            if let Some(progress) = progress {
                writeln!(out, "{}", sanitize(&progress.message))?;
            }
        }
        State::Completed { result, .. } => write_text(out, &result.summary)?,
        State::Failed { failure, finished, .. } => {
            write!(out, "{}: ", failure.kind)?;
            write_text(out, &failure.message)?;
            if let Some(wait) = failure.retry_after_ms {
                writeln!(out, "try again at {}: hob retry {}", render::again(*finished, wait, now()), task.id)?;
            }
        }
    }
    Ok(())
}

fn write_text(out: &mut dyn Write, text: &str) -> CommandResult<()> {
    let text = sanitize(text);
    let text = text.trim_end();
    if !text.is_empty() {
        writeln!(out, "{text}")?;
    }
    Ok(())
}

/// How a command ends that is about this task: 1 if it failed or was cancelled, 5 if a grant was
/// what it failed of.
pub fn exit(task: &Task) -> Exit {
    match &task.state {
        State::Failed { failure, .. } if failure.kind == FailureKind::Denied => Exit::Denied,
        State::Pending { .. } | State::Running { .. } | State::Completed { .. } => Exit::Ok,
        State::Failed { .. } | State::Cancelled { .. } => Exit::TaskFailed,
    }
}

/// How a command ends that is about several: 1 if one failed or was cancelled.
pub fn exit_of_all(tasks: &[Task]) -> Exit {
    if tasks.iter().all(|task| exit(task) == Exit::Ok) { Exit::Ok } else { Exit::TaskFailed }
}

/// The task's own exit code, where it has one.
pub fn own_exit(task: &Task) -> Exit {
    match render::exit_status(&task.state).and_then(|status| u8::try_from(status.shell_code()).ok()) {
        Some(code) => Exit::Task(code),
        None => exit(task),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::test_task as task;
    use hob_core::{AttemptNumber, Failure, TaskResult, Timestamp};

    fn failed(kind: FailureKind, data: serde_json::Value) -> Task {
        let mut failure = Failure::new(kind, "it failed");
        failure.data = Some(data);
        let at = Timestamp(1);
        task("{}", State::Failed { attempt: AttemptNumber(1), started: at, finished: at, failure })
    }

    fn completed() -> Task {
        let (result, at) = (TaskResult { summary: String::new(), data: None }, Timestamp(1));
        task("{}", State::Completed { attempt: AttemptNumber(1), started: at, finished: at, result })
    }

    #[test]
    fn exit_codes_of_tasks() {
        let (code, signal) = (json!({ "exit_code": 101 }), json!({ "signal": 9 }));
        let cancelled = task("{}", State::Cancelled { stopped: None, finished: Timestamp(1), reason: None });
        for (task, plain, own) in [
            (completed(), 0, 0),
            (failed(FailureKind::Executor, code), 1, 101),
            (failed(FailureKind::Executor, signal), 1, 137),
            (failed(FailureKind::Denied, json!({})), 5, 5),
            (failed(FailureKind::Executor, json!({ "exit_code": -1 })), 1, 1),
            (cancelled, 1, 1),
            (task("{}", State::accepted()), 0, 0),
        ] {
            assert_eq!((exit(&task).code(), own_exit(&task).code()), (plain, own), "{task:?}");
        }
        assert_eq!(exit_of_all(&[completed(), failed(FailureKind::Denied, json!({}))]).code(), 1);
        assert_eq!(exit_of_all(&[completed()]).code(), 0);
    }
}
