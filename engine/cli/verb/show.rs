mod group;

use crate::{
    captured,
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    lookup,
    render::{self, BOLD, DIM, styled},
};
use hob_core::{ExitStatus, State, Task, Timestamp, format_duration, sanitize, sanitize_line};
use hob_store::Reference;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Show everything that is known of a task, or of a group and its tasks.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob show tests-1
  hob show research-k3x7p                a fan-out: its tasks, and what waits for what
  hob show tests-1 --json")]
pub struct Arguments {
    /// The task or group; the id may be abbreviated where it is unique.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let store = context.store()?;
    if let Reference::Group(id) = store.refer(&arguments.id)? {
        return group::run(&context, &store, &id, arguments.json);
    }
    let task = lookup::find(&store, &arguments.id)?;
    let bytes = bytes(&context, &task)?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let mut object = render::task_object(&task, now());
        object.insert("output".to_owned(), json!({ "bytes": bytes }));
        render::write_json(&mut out, &object)?;
    } else {
        write(&mut out, &task, bytes, now())?;
    }
    Ok(Exit::Ok)
}

/// The size of what it has printed.
fn bytes(context: &Context, task: &Task) -> CommandResult<u64> {
    let reader = captured::open(context, task)?;
    Ok(reader.as_ref().map_or(Ok(0), hob_store::output::OutputReader::size)?)
}

/// One line: a name and what there is to say.
fn line(out: &mut dyn Write, name: &str, text: impl AsRef<str>) -> io::Result<()> {
    /// Longest text of a line.
    const LONGEST: usize = 1_000;
    writeln!(out, "{}  {}", styled(DIM, format!("{name:<9}")), sanitize_line(text.as_ref(), LONGEST))
}

fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{}  ({})", render::local(at), render::ago(at, now))
}

fn write(out: &mut dyn Write, task: &Task, bytes: u64, now: Timestamp) -> io::Result<()> {
    writeln!(out, "{}", render::headline(task, now))?;
    line(out, "priority", task.priority.as_str())?;
    line(out, "folder", task.cwd.to_string_lossy())?;
    line(out, "created", moment(task.created, now))?;
    if let Some(timeout) = task.timeout {
        line(out, "timeout", format_duration(timeout))?;
    }
    if let Some(session) = &task.session {
        line(out, "session", session.as_str())?;
    }
    if let Some(before) = &task.retry_of {
        line(out, "retry of", before.as_str())?;
    }
    if let Some(group) = &task.group {
        line(out, "group", format!("{} of {}", group.name, group.group))?;
    }
    if let Some(waits) = render::waits_for(task) {
        line(out, "needs", waits)?;
    }
    write_state(out, &task.state, now)?;
    if let Some(status) = render::exit_status(&task.state) {
        let (name, number) = match status {
            ExitStatus::Code(code) => ("exit code", code),
            ExitStatus::Signal(signal) => ("signal", signal),
        };
        line(out, name, number.to_string())?;
    }
    let data = match &task.state {
        State::Completed { result, .. } => result.data.as_ref(),
        State::Failed { failure, .. } => failure.data.as_ref(),
        State::Pending { .. } | State::Running { .. } | State::Cancelled { .. } => None,
    };
    if let Some(render::Usage { who, took }) = render::usage(data) {
        line(out, "agent", who)?;
        took.map_or(Ok(()), |took| line(out, "used", took))?;
    }
    if bytes > 0 {
        line(out, "output", format!("{}  (hob output {} --log)", render::size(bytes), task.id))?;
    }
    block(out, "parameters", &pretty(&render::params_value(task)))?;
    match &task.state {
        State::Completed { result, .. } => {
            block(out, "result", &result.summary)?;
            result.data.as_ref().map_or(Ok(()), |data| block(out, "data", &pretty(data)))
        }
        State::Failed { failure, .. } => {
            block(out, "failure", &failure.message)?;
            failure.data.as_ref().map_or(Ok(()), |data| block(out, "data", &pretty(data)))?;
            failure.trace.as_ref().map_or(Ok(()), |trace| block(out, "trace", trace))
        }
        State::Pending { .. } | State::Running { .. } | State::Cancelled { .. } => Ok(()),
    }
}

fn write_state(out: &mut dyn Write, state: &State, now: Timestamp) -> io::Result<()> {
    match state {
        State::Pending { last_attempt, blocked } => {
            if last_attempt.0 > 0 {
                line(out, "attempts", format!("{last_attempt} given back"))?;
            }
            blocked.as_ref().map_or(Ok(()), |reason| line(out, "waits", reason))
        }
        State::Running { attempt, worker, started, cancel_requested, progress } => {
            line(out, "attempt", attempt.to_string())?;
            line(out, "worker", worker.as_str())?;
            line(out, "started", moment(*started, now))?;
            if let Some(at) = cancel_requested {
                line(out, "stopping", format!("since {}", moment(*at, now)))?;
            }
            let Some(progress) = progress else { return Ok(()) };
            let percent = progress.fraction.map(|fraction| format!("{:.0}%  ", fraction * 100.0)).unwrap_or_default();
            line(out, "progress", format!("{percent}{}", progress.message))
        }
        State::Completed { attempt, started, finished, .. } | State::Failed { attempt, started, finished, .. } => {
            line(out, "attempt", attempt.to_string())?;
            line(out, "started", moment(*started, now))?;
            line(out, "ended", moment(*finished, now))?;
            if let State::Failed { failure, .. } = state {
                line(out, "kind", failure.kind.as_str())?;
                match failure.retry_after_ms {
                    Some(wait) => line(out, "try again", format!("at {}", render::again(*finished, wait, now)))?,
                    None if failure.retryable => line(out, "try again", "the same task may succeed later")?,
                    None => {}
                }
            }
            Ok(())
        }
        State::Cancelled { stopped, finished, reason } => {
            match stopped {
                Some((attempt, started)) => {
                    line(out, "attempt", attempt.to_string())?;
                    line(out, "started", moment(*started, now))?;
                }
                None => line(out, "attempt", "none: it was cancelled before it ran")?,
            }
            line(out, "ended", moment(*finished, now))?;
            reason.as_ref().map_or(Ok(()), |reason| line(out, "reason", reason))
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// A heading, and below it a text that may have several lines.
fn block(out: &mut dyn Write, name: &str, text: &str) -> io::Result<()> {
    let text = sanitize(text);
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", styled(BOLD, name))?;
    text.lines().try_for_each(|line| writeln!(out, "  {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::test_task as task;
    use hob_core::{AttemptNumber, Failure, FailureKind};

    #[test]
    fn a_failed_task() {
        let mut failure = Failure::new(FailureKind::Executor, "`make` exited with code 2\u{1b}[2J");
        failure.data = Some(json!({ "exit_code": 2 }));
        failure.trace = Some("the end of stderr\n".into());
        let state =
            State::Failed { attempt: AttemptNumber(1), started: Timestamp(2_000), finished: Timestamp(3_500), failure };
        let mut text = Vec::new();
        write(&mut text, &task(r#"{"command":"make"}"#, state), 2048, Timestamp(9_000)).expect("a vector takes all");
        let text = anstream::adapter::strip_str(&String::from_utf8(text).expect("text")).to_string();
        // Local times differ from machine to machine.
        let text: Vec<&str> = text.lines().filter(|line| !line.contains(" ago)")).collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        failed  search-1  (explore)  1.5s
        priority   high
        folder     /project
        timeout    9s
        attempt    1
        kind       executor
        exit code  2
        output     2.0 KiB (hob output search-1 --log)

        parameters
          {
            "command": "make"
          }

        failure
          `make` exited with code 2

        data
          {
            "exit_code": 2
          }

        trace
          the end of stderr
        "#);
    }
}
