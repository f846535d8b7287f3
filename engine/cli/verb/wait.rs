use crate::{
    answer,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    lookup,
    render::{self, Gauge},
    start::ensure_daemon,
    waiting::Watch,
};
use hob_core::{Task, TaskId, parse_duration};
use hob_store::{Error, Store};
use serde_json::json;
use std::{collections::HashSet, io::Write as _, time::Duration};

/// Of more open tasks than these, several ends are looked at together.
const MANY: usize = 20;
/// What a look at many tasks leaves for others to do: it takes about a millisecond for 500 of them.
const BREATH: Duration = Duration::from_millis(50);

/// Wait until tasks have ended.
///
/// Exits with 0 if all of them completed, 1 if one failed or was cancelled, and 6 if the time of
/// --timeout passed first; the tasks go on then.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob wait build-1 tests-1 --timeout 10m
  hob wait tests-1 --exit-code")]
pub struct Arguments {
    /// The tasks, or groups for all of their tasks; an id may be abbreviated where it is unique.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Wait no longer than this, such as 90s.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Until one of them has ended.
    #[arg(long)]
    any: bool,
    /// Exit with the task's own exit code, where it has one.
    #[arg(long)]
    exit_code: bool,
    /// Print a JSON array of the tasks that have ended.
    #[arg(long)]
    json: bool,
}

/// Tasks that were waited for.
pub struct Waited {
    /// Those that have ended.
    pub ended: Vec<Task>,
    /// Whether the time was over before.
    pub timed_out: bool,
}

/// Waits.
pub fn run(arguments: &Arguments) -> CommandResult {
    if arguments.exit_code && arguments.ids.len() > 1 {
        return Err(CommandError::usage("--exit-code is for one task: it passes on that task's code"));
    }
    let context = Context::discover()?;
    let store = context.store()?;
    let ids = lookup::resolve_all(&store, &arguments.ids)?;
    let waited = wait_for(&context, &store, &ids, arguments.timeout, arguments.any)?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let tasks: Vec<_> = waited.ended.iter().map(|task| render::task_object(task, now())).collect();
        render::write_json(&mut out, &json!(tasks))?;
    } else {
        for task in &waited.ended {
            writeln!(out, "{}", render::headline(task, now()))?;
        }
    }
    if waited.timed_out {
        let open = ids.len() - waited.ended.len();
        return Err(CommandError::new(
            Exit::TimedOut,
            anyhow::anyhow!("{open} of {} tasks had not ended when the time was over", ids.len()),
        ));
    }
    Ok(match waited.ended.as_slice() {
        [only] if arguments.exit_code => answer::own_exit(only),
        ended => answer::exit_of_all(ended),
    })
}

/// Waits for tasks, with a gauge where there is a terminal.
pub fn wait_for(
    context: &Context,
    store: &Store,
    ids: &[TaskId],
    timeout: Option<Duration>,
    any: bool,
) -> CommandResult<Waited> {
    let mut watch = Watch::new(context, timeout)?;
    let gauge = Gauge::new();
    let mut open = ids.to_vec();
    let mut is_first = true;
    loop {
        open = still_open(store, open)?;
        let is_over = open.is_empty() || (any && open.len() < ids.len());
        if !is_over {
            if std::mem::take(&mut is_first) {
                // Whoever is to run them may be gone since they were handed in.
                ensure_daemon(context)?;
            }
            show(&gauge, store, ids, &open)?;
            if open.len() > MANY {
                std::thread::sleep(BREATH);
            }
        }
        if is_over || !watch.pause(Duration::MAX)? {
            return Ok(Waited { ended: ended(store, ids, &open)?, timed_out: !is_over });
        }
    }
}

/// Those of `ids` that have not ended.
fn still_open(store: &Store, ids: Vec<TaskId>) -> CommandResult<Vec<TaskId>> {
    let states = store.states(&ids)?;
    let mut open = Vec::with_capacity(ids.len());
    for (id, state) in ids.into_iter().zip(states) {
        match state {
            Some(state) if state.is_final() => {}
            Some(_) => open.push(id),
            None => return Err(Error::NotFound { id: id.into(), nearest: Vec::new(), retired: true }.into()),
        }
    }
    Ok(open)
}

fn show(gauge: &Gauge, store: &Store, ids: &[TaskId], open: &[TaskId]) -> CommandResult<()> {
    match (ids, open) {
        ([_], [only]) => {
            if let Some(task) = store.get(only)? {
                gauge.show_task(&task);
            }
        }
        _ => gauge.show_count(ids.len() - open.len(), ids.len()),
    }
    Ok(())
}

fn ended(store: &Store, ids: &[TaskId], open: &[TaskId]) -> CommandResult<Vec<Task>> {
    let open: HashSet<&TaskId> = open.iter().collect();
    let ended = ids.iter().filter(|id| !open.contains(id));
    let tasks = store.view(|view| ended.map(|id| view.get(id)).collect::<Result<Vec<_>, _>>())?;
    Ok(tasks.into_iter().flatten().collect())
}
