mod groups;

use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    lookup,
    render::{self, BOLD, Cell, DIM, PLAIN, Table},
};
use hob_core::{ExecutorName, Priority, SessionId, StateName, Task, TaskId, Timestamp};
use hob_store::{Filter, Store};
use serde_json::json;
use std::io::{IsTerminal as _, Write as _};

/// Tasks shown where nothing else is said: about a screen.
const LIMIT: u32 = 20;

/// List tasks or groups, the newest first; the tasks of a group in its order.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob list
  hob list --state failed --executor shell --all
  hob list --groups                      every fan-out, and how its tasks ended
  hob list --group research-k3x7p        the tasks of one
  hob list --json --limit 100")]
pub struct Arguments {
    /// Only in these states: pending, running, completed, failed, cancelled.
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateName>,
    /// Only of this executor.
    #[arg(long, value_name = "NAME")]
    executor: Option<ExecutorName>,
    /// Only of this priority.
    #[arg(long, value_name = "PRIORITY")]
    priority: Option<Priority>,
    /// Only those that this session dispatched.
    #[arg(long, value_name = "SESSION")]
    session: Option<SessionId>,
    /// Only with this text in the id, the parameters or the result's summary.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Groups instead of tasks; --text is then looked for in the id, the preset and the input.
    #[arg(long, conflicts_with_all = ["group", "executor", "priority"])]
    groups: bool,
    /// Only of this group, in its order; all of them if no --limit is given.
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// At most so many [default: 20].
    #[arg(long, value_name = "N", conflicts_with = "all")]
    limit: Option<u32>,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Print a JSON array of tasks or groups; results without their data, which `hob show` has.
    #[arg(long)]
    json: bool,
}

/// Lists.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let store = context.store()?;
    if arguments.groups {
        return groups::run(&store, arguments);
    }
    let members = arguments.group.as_ref().map(|text| members(&store, text)).transpose()?;
    let is_all = arguments.all || (members.is_some() && arguments.limit.is_none());
    let limit = (!is_all).then_some(arguments.limit.unwrap_or(LIMIT));
    let filter = Filter {
        states: arguments.state.clone(),
        executor: arguments.executor.clone(),
        session: arguments.session.clone(),
        priority: arguments.priority,
        text: arguments.text.clone(),
        group: members.as_ref().map(|(id, _)| id.clone()),
        // One more, to know whether there are more.
        limit: limit.map(|limit| limit.saturating_add(1)),
        ..Filter::default()
    };
    let mut tasks = store.list(&filter)?;
    let shown = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let has_more = tasks.len() > shown;
    tasks.truncate(shown);
    if let Some((_, order)) = &members {
        tasks.sort_by_key(|task| order.iter().position(|id| *id == task.id));
    }
    let now = now();
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let tasks: Vec<_> = tasks.iter().map(|task| render::task_object(task, now)).collect();
        render::write_json(&mut out, &json!(tasks))?;
    } else if tasks.is_empty() {
        // Known executors have tasks or may get some; a misspelt one never.
        if let (Some(name), Ok(settings)) = (&arguments.executor, context.settings()) {
            settings.executor(name).map_err(|error| CommandError::new(Exit::NotFound, error))?;
        }
        if std::io::stdout().is_terminal() {
            writeln!(out, "no such task; `hob dispatch --help` shows how to hand one in")?;
        }
    } else {
        table(&tasks, now).write(&mut out, render::width())?;
        if has_more && std::io::stdout().is_terminal() {
            writeln!(out, "{}", render::styled(DIM, format!("the newest {shown}; --all shows all, --limit N more")))?;
        }
    }
    Ok(Exit::Ok)
}

/// The group that is called so, and its tasks in their order.
fn members(store: &Store, text: &str) -> CommandResult<(TaskId, Vec<TaskId>)> {
    let named = lookup::name(store, text)?;
    if named.is_group {
        return Ok((named.id, named.tasks));
    }
    let id = named.id;
    Err(CommandError::usage(format!("{id} is a task and no group"))
        .hint(format!("hob show {id}   shows it"))
        .hint("hob list --groups   shows the groups"))
}

fn table(tasks: &[Task], now: Timestamp) -> Table {
    let mut table = Table::new(&["ID", "STATE", "EXECUTOR", "PRIO", "CREATED", ">TIME", "WHAT"]);
    for task in tasks {
        let state = task.state.name();
        let (time, note) = render::time_and_note(&task.state, now);
        let note = render::waits_for(task).unwrap_or(note);
        let what = render::one_line_of_params(task);
        let what = if note.is_empty() { what } else { format!("{what}  [{note}]") };
        let priority = if task.priority == Priority::Medium { DIM } else { PLAIN };
        table.row(vec![
            Cell::new(BOLD, task.id.as_str()),
            Cell::new(render::of_state(state), state.as_str()),
            Cell::new(PLAIN, task.executor.as_str()),
            Cell::new(priority, task.priority.as_str()),
            Cell::new(DIM, render::ago(task.created, now)),
            Cell::new(PLAIN, time),
            Cell::new(PLAIN, what),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::test_task as task;
    use hob_core::{AttemptNumber, Failure, FailureKind, Progress, State};

    #[test]
    fn a_list() {
        let running = State::Running {
            attempt: AttemptNumber(1),
            worker: "w-1".parse().expect("an id"),
            started: Timestamp(60_000),
            cancel_requested: None,
            progress: Some(Progress { fraction: Some(0.5), message: "half \u{1b}]0;x\u{7}way".into() }),
        };
        let failure = Failure::new(FailureKind::TimedOut, "took longer than 9s");
        let failed = State::Failed {
            attempt: AttemptNumber(1),
            started: Timestamp(2_000),
            finished: Timestamp(11_000),
            failure,
        };
        let tasks = [
            task(r#"{"pattern":["TODO"]}"#, State::accepted()),
            task(r#"{"command":"make"}"#, running),
            task(r#"{"argv":["sleep","10"]}"#, failed),
        ];
        let mut text = Vec::new();
        table(&tasks, Timestamp(90_000)).write(&mut text, Some(90)).expect("a vector takes all");
        let text = anstream::adapter::strip_str(&String::from_utf8(text).expect("text")).to_string();
        insta::assert_snapshot!(text, @r"
        ID        STATE    EXECUTOR  PRIO  CREATED  TIME  WHAT
        search-1  pending  explore   high  1m ago         TODO
        search-1  running  explore   high  1m ago    30s  make [half way]
        search-1  failed   explore   high  1m ago   9.0s  sleep 10 [timed-out: took longer than 9…
        ");
    }
}
