use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    lookup,
    render::{self, Gauge, of_state, styled},
    state_files,
    waiting::Watch,
};
use hob_core::{StateName, TaskId};
use hob_store::{CancelReply, Cancelled, Store};
use serde_json::json;
use std::{
    collections::HashMap,
    io::{self, Write},
    time::Duration,
};

/// How long a task may take to be gone beyond its grace: the end of its processes, a commit, and a
/// machine under load.
const BEYOND_GRACE: Duration = Duration::from_secs(10);

/// Cancel tasks: a pending one at once, a running one with all the processes it has started.
///
/// Returns when running ones are really gone. A task that had ended before stays as it is.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob cancel build-1 tests-1
  hob cancel --all")]
pub struct Arguments {
    /// The tasks, or groups for all of their tasks; an id may be abbreviated where it is unique.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    ids: Vec<String>,
    /// All that are pending or running now.
    #[arg(long)]
    all: bool,
    /// Do not wait until running ones are gone.
    #[arg(long)]
    no_wait: bool,
    /// Print JSON: for each task its id and what became of it.
    #[arg(long)]
    json: bool,
}

/// Cancels.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let mut store = context.store()?;
    // Begun before anything is asked for, so that no end is missed.
    let grace = context.settings().map_or(Duration::ZERO, |settings| settings.cancel_grace);
    let mut watch = Watch::new(&context, Some(grace + BEYOND_GRACE))?;
    let replies = if arguments.all {
        store.cancel_all(now())?
    } else {
        let ids = lookup::tasks_of(&lookup::name_all(&store, &arguments.ids)?);
        store.cancel(&ids, now())?
    };
    let stopping: Vec<TaskId> =
        replies.iter().filter(|reply| reply.became == Cancelled::Stopping).map(|reply| reply.id.clone()).collect();
    let states = if arguments.no_wait { HashMap::new() } else { stopped(&store, &mut watch, &stopping)? };
    state_files::refresh(&context);
    let mut out = anstream::stdout().lock();
    let (mut open, mut unknown) = (0, 0);
    for reply in &replies {
        let became = Became::of(reply, &states);
        open += usize::from(became == Became::Stopping);
        unknown += usize::from(became == Became::Unknown);
        say(&mut out, &reply.id, became, arguments.json)?;
    }
    if replies.is_empty() && !arguments.json {
        writeln!(out, "nothing is pending or running")?;
    }
    if unknown > 0 {
        return Err(CommandError::not_found(format!("{unknown} of the tasks are not there any more")));
    }
    if open > 0 && !arguments.no_wait {
        let message = anyhow::anyhow!("{open} tasks have been asked to stop and are not gone yet");
        return Err(CommandError::new(Exit::TimedOut, message).hint("`hob status` shows whether the daemon runs"));
    }
    Ok(Exit::Ok)
}

/// What became of a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    Cancelled,
    Stopping,
    /// It had ended before, or ended so before it could be stopped.
    Ended(StateName),
    Unknown,
}

impl Became {
    fn of(reply: &CancelReply, states: &HashMap<TaskId, StateName>) -> Self {
        match (reply.became, states.get(&reply.id)) {
            (Cancelled::AtOnce, _) | (Cancelled::Stopping, Some(StateName::Cancelled)) => Self::Cancelled,
            (Cancelled::Stopping, Some(state)) if state.is_final() => Self::Ended(*state),
            (Cancelled::Stopping, _) => Self::Stopping,
            (Cancelled::Already(state), _) => Self::Ended(state),
            (Cancelled::Unknown, _) => Self::Unknown,
        }
    }
}

/// Waits until these have ended; the states of those that have.
fn stopped(store: &Store, watch: &mut Watch<'_>, ids: &[TaskId]) -> CommandResult<HashMap<TaskId, StateName>> {
    let gauge = Gauge::new();
    let mut states: HashMap<TaskId, StateName> = HashMap::new();
    loop {
        let open: Vec<TaskId> = ids.iter().filter(|id| !states.contains_key(id)).cloned().collect();
        for (id, state) in open.iter().zip(store.states(&open)?) {
            if let Some(state) = state.filter(|state| state.is_final()) {
                states.insert(id.clone(), state);
            }
        }
        if states.len() == ids.len() {
            return Ok(states);
        }
        gauge.show_count(states.len(), ids.len());
        if !watch.pause(Duration::MAX)? {
            return Ok(states);
        }
    }
}

fn say(out: &mut dyn Write, id: &TaskId, became: Became, as_json: bool) -> io::Result<()> {
    let (word, style, more) = match became {
        Became::Cancelled => ("cancelled", of_state(StateName::Cancelled), ""),
        Became::Stopping => ("stopping", of_state(StateName::Running), ""),
        Became::Ended(state) => (state.as_str(), of_state(state), "had ended before"),
        Became::Unknown => ("unknown", of_state(StateName::Failed), "was pruned meanwhile"),
    };
    if as_json {
        let is_cancelled = became == Became::Cancelled;
        return render::write_json(out, &json!({ "id": id, "state": word, "cancelled": is_cancelled }));
    }
    if more.is_empty() {
        writeln!(out, "{}  {id}", styled(style, word))
    } else {
        writeln!(out, "{}  {id}  {more}", styled(style, word))
    }
}
