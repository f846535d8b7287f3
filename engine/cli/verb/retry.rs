mod group;

use crate::{
    answer,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    foreground::{Foreground, Hands},
    lookup,
    nested::Nested,
    notice,
    prepare::{Executors, captured_environment, checked_params},
    render::{self, BOLD, styled},
    verb::wait::wait_with,
    whole,
};
use group::Again;
use hob_core::{NewGroup, NewTask, Task, TaskId, Timestamp};
use hob_store::{Accepted, AcceptedGroup, Changes, Error, Reference, Store};
use serde_json::{Map, Value, json};
use std::io::{IsTerminal as _, Write as _};

/// Run tasks or groups again: each becomes a new one that points at the old one.
///
/// Parameters, folder, priority, time limit and session are those of the old task; the environment
/// is the present one. Of a group all tasks run again, with what they need of each other anew. With
/// --failed only those that failed or were cancelled do: the new group keeps the tasks that
/// completed, and their results go to whoever needs them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob retry tests-1
  hob retry tests-1 --wait
  hob retry research-k3x7p --failed      what failed of a fan-out, with the rest kept")]
pub struct Arguments {
    /// The tasks or groups; an id may be abbreviated where it is unique.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Of groups: only what failed or was cancelled; what completed is kept.
    #[arg(long)]
    failed: bool,
    /// Wait until they have ended and print their results.
    #[arg(long)]
    wait: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is to run again, and what runs it.
enum Repeat {
    Task(Box<(Task, NewTask)>),
    Group(Box<(Again, NewGroup)>),
}

/// What was to run again, and what was accepted to run it.
enum Queued<'a> {
    Task(&'a Task, Accepted),
    Group(&'a Again, AcceptedGroup),
}

impl Queued<'_> {
    fn accepted(&self) -> &[Accepted] {
        match self {
            Self::Task(_, task) => std::slice::from_ref(task),
            Self::Group(_, group) => &group.members,
        }
    }

    fn tasks(&self) -> Vec<TaskId> {
        self.accepted().iter().map(|accepted| accepted.id.clone()).collect()
    }

    fn group(&self) -> Option<&TaskId> {
        match self {
            Self::Task(..) => None,
            Self::Group(_, group) => Some(&group.id),
        }
    }
}

/// Runs them again.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let hands = Hands::of(&context)?;
    let mut store = context.store()?;
    let executors = Executors::new(&context)?;
    let repeat = |text: &String| repeat(&mut store, &executors, text, arguments.failed);
    let repeats: Vec<Repeat> = arguments.ids.iter().map(repeat).collect::<CommandResult<_>>()?;
    let (nested, at) = (Nested::here(&context)?, now());
    let accept_one = |changes: &Changes<'_>, repeat| {
        let queued = accept(changes, repeat, at)?;
        nested.note(changes, queued.accepted(), at)?;
        Ok(queued)
    };
    let accept_all = |changes: &Changes<'_>| repeats.iter().map(|repeat| accept_one(changes, repeat)).collect();
    let queued: Vec<Queued<'_>> = store.change(accept_all)?;
    let foreground = hands.begin(&context, queued.iter().flat_map(Queued::tasks).collect())?;
    if arguments.wait || foreground.is_some() {
        return wait(&context, &store, &queued, arguments.json, foreground);
    }
    queued.iter().try_for_each(|queued| match queued {
        Queued::Task(old, accepted) => say(old, accepted, arguments.json),
        Queued::Group(old, accepted) => say_group(old, accepted, arguments.json),
    })?;
    Ok(Exit::Ok)
}

fn repeat(store: &mut Store, executors: &Executors<'_>, text: &str, failed_only: bool) -> CommandResult<Repeat> {
    match store.refer(text)? {
        Reference::Group(id) => {
            let old = Again::of(store, &id, failed_only)?;
            let id = old.new_id(store)?;
            let new = old.new_group(executors, &id)?;
            Ok(Repeat::Group(Box::new((old, new))))
        }
        Reference::Task(id) if failed_only => {
            Err(CommandError::usage(format!("--failed is for groups, and {id} is a task"))
                .hint(format!("hob retry {id}   runs it again")))
        }
        Reference::Task(id) => {
            let old = lookup::find(store, id.as_str())?;
            group::is_filled(store, &old)?;
            let new = again(executors, &old)?;
            Ok(Repeat::Task(Box::new((old, new))))
        }
    }
}

fn accept<'a>(changes: &Changes<'_>, repeat: &'a Repeat, at: Timestamp) -> hob_store::Result<Queued<'a>> {
    match repeat {
        Repeat::Task(task) => {
            let (old, new) = &**task;
            let accepted = changes.submit(std::slice::from_ref(new), at)?.pop();
            let accepted = accepted.ok_or_else(|| Error::Internal { detail: "no task was accepted".to_owned() })?;
            Ok(Queued::Task(old, accepted))
        }
        Repeat::Group(group) => {
            let (old, new) = &**group;
            Ok(Queued::Group(old, changes.submit_group(new, at)?))
        }
    }
}

/// Waits for all of it, and prints what it came to.
fn wait(
    context: &Context,
    store: &Store,
    queued: &[Queued<'_>],
    as_json: bool,
    foreground: Option<Foreground>,
) -> CommandResult {
    let is_foreground = foreground.is_some();
    let ids: Vec<TaskId> = queued.iter().flat_map(Queued::tasks).collect();
    let waited = wait_with(context, store, &ids, foreground)?;
    let tasks = waited.ended;
    let groups: Vec<&TaskId> = queued.iter().filter_map(Queued::group).collect();
    if groups.is_empty() {
        notice::of_tasks(context, &tasks, waited.has_paused);
    } else {
        notice::of_groups(context, store, groups, waited.has_paused);
    }
    if let ([Queued::Task(..)], [only], true) = (queued, tasks.as_slice(), is_foreground) {
        answer::print(context, only, as_json)?;
        return Ok(answer::own_exit(only));
    }
    let mut is_well = true;
    for queued in queued {
        let exit = match queued {
            Queued::Group(_, group) => whole::print(context, store, &group.id, as_json)?,
            Queued::Task(_, accepted) => match tasks.iter().find(|task| task.id == accepted.id) {
                Some(task) => {
                    answer::print(context, task, as_json)?;
                    answer::exit(task)
                }
                None => Exit::TaskFailed,
            },
        };
        is_well &= exit == Exit::Ok;
    }
    Ok(if is_well { Exit::Ok } else { Exit::TaskFailed })
}

fn say_group(old: &Again, accepted: &AcceptedGroup, as_json: bool) -> CommandResult<()> {
    let handed_in = old.handed_in(accepted);
    let mut out = anstream::stdout().lock();
    if as_json {
        render::write_json(&mut out, &handed_in.object())?;
    } else if std::io::stdout().is_terminal() {
        handed_in.write(&mut out)?;
    } else {
        writeln!(out, "{}", accepted.id)?;
    }
    Ok(())
}

fn say(old: &Task, accepted: &Accepted, as_json: bool) -> CommandResult<()> {
    let mut out = anstream::stdout().lock();
    if as_json {
        let object = json!({
            "id": accepted.id,
            "executor": old.executor,
            "state": accepted.state,
            "priority": old.priority,
            "already": accepted.already,
            "retry_of": old.id,
        });
        render::write_json(&mut out, &object)?;
    } else if std::io::stdout().is_terminal() {
        writeln!(out, "queued  {}  ({})  again for {}", styled(BOLD, &accepted.id), old.executor, old.id)?;
    } else {
        writeln!(out, "{}", accepted.id)?;
    }
    Ok(())
}

/// The same task once more. The executor may have changed since, so its parameters are checked again.
fn again(executors: &Executors<'_>, task: &Task) -> CommandResult<NewTask> {
    let known = executors.find(task.executor.as_str())?;
    let params = match render::params_value(task) {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    Ok(NewTask {
        id: None,
        executor: task.executor.clone(),
        params: checked_params(&known, &params)?,
        priority: task.priority,
        cwd: task.cwd.clone(),
        environment: captured_environment(&known.config.grant),
        timeout: task.timeout,
        session: task.session.clone(),
        retry_of: Some(task.id.clone()),
    })
}
