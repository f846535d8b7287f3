//! What went wrong and was left behind: workers that died, tasks that hang, files of nobody. Each finding says what
//! it is, and brings what mends it. No result is ever removed.

use super::{Check, Mend, Status};
use crate::{
    captured,
    context::{Context, now},
    error::{CommandError, CommandResult},
    render,
};
use hob_core::{ExecutorName, State, StateName, Task, TaskId, WorkerId};
use hob_runner::stale;
use hob_store::{Lost, Store, Worker};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A task that has said nothing for so long is looked at, unless the person says otherwise. An hour: builds and
/// agents are silent for many minutes.
pub const SILENT: Duration = Duration::from_hours(1);
/// How long a task that was asked to stop is given before that is strange. A minute: the grace is seconds.
const STOPPING: Duration = Duration::from_mins(1);
/// How old something half-made has to be. 10 minutes: compiling a component may take five.
const HALF_MADE: Duration = Duration::from_mins(10);
/// How long what a dead worker had started may take to end.
const TREES_GONE: Duration = Duration::from_secs(10);
/// Names that are listed of many.
const NAMED: usize = 5;

/// Every finding; none of them makes a database or a folder. `silent` is what the person gave for a task that hangs.
pub fn checks(context: &Context, silent: Option<Duration>) -> CommandResult<Vec<Check<'_>>> {
    let mut checks = Vec::new();
    if Store::is_begun(&context.places.state)? {
        let store = context.store()?;
        for worker in stale::dead_workers(&context.places.state, &store)? {
            checks.push(dead_worker(context, &store, worker)?);
        }
        checks.extend(silent_tasks(context, &store, silent)?);
        checks.extend(stray_locks(context, &store)?);
        checks.extend(orphans(context, &store)?);
    }
    checks.extend(half_made(context));
    Ok(checks)
}

fn dead_worker<'a>(context: &'a Context, store: &Store, worker: Worker) -> CommandResult<Check<'a>> {
    let held: Vec<TaskId> = store.held_by(&worker.id)?.into_iter().map(|held| held.id).collect();
    let tasks = match held.len() {
        0 => "no task".to_owned(),
        count => format!("{} that it ran ({})", tasks(count), named(held.iter().map(TaskId::as_str))),
    };
    let message = format!("{} died and left {tasks}; what it held takes up slots", worker.id);
    let check = Check::new("worker", Status::Warning, message).facts(json!({ "worker": worker.id, "tasks": held }));
    let fix = "ends what it had started, and its tasks as lost; repeatable ones go back to the queue";
    Ok(check.mend(fix, Box::new(move || rescue(context, &worker.id))))
}

fn rescue(context: &Context, worker: &WorkerId) -> CommandResult<String> {
    let settings = context.settings().ok();
    let repeatable =
        |name: &ExecutorName| settings.is_some_and(|it| it.executor(name).is_ok_and(|config| config.repeatable));
    let gone = |lock: &Path| hob_process::wait_for_guards(lock, TREES_GONE).unwrap_or(false);
    let lost = stale::rescue(&context.places.state, &mut context.store()?, worker, repeatable, gone, now());
    let lost = lost.map_err(|error| CommandError::internal(anyhow::anyhow!("{error}")))?;
    let of = |state| lost.iter().filter(move |lost: &&Lost| lost.became == state).map(|lost| lost.id.as_str());
    let mut text = format!("{worker} is signed off");
    if of(StateName::Failed).next().is_some() {
        let ids: Vec<&str> = of(StateName::Failed).collect();
        text = format!("{text}; its tasks failed as lost, with what they had printed: hob retry {}", ids.join(" "));
    }
    if of(StateName::Pending).next().is_some() {
        text = format!("{text}; back in the queue: {}", named(of(StateName::Pending)));
    }
    Ok(text)
}

fn silent_tasks<'a>(context: &'a Context, store: &Store, silent: Option<Duration>) -> CommandResult<Vec<Check<'a>>> {
    let mut checks = Vec::new();
    for task in store.running()? {
        let State::Running { started, cancel_requested, worker, .. } = &task.state else { continue };
        if let Some(since) = cancel_requested.map(|at| now().since(at)).filter(|since| *since > STOPPING) {
            let since = render::duration(since);
            let message = format!("{} was asked to stop {since} ago and still runs; {worker} does not react", task.id);
            let hint = "stop the daemon, a second time if need be; its tasks fail as lost: hob daemon stop";
            checks.push(Check::new("task", Status::Warning, message).hint(hint));
            continue;
        }
        let said = captured::open(context, &task)?.and_then(|output| output.last_written());
        let quiet = now().since(said.map_or(*started, |said| said.max(*started)));
        if quiet > silent.unwrap_or(SILENT) {
            checks.push(silent_task(context, &task, quiet, silent.is_some()));
        }
    }
    Ok(checks)
}

/// Whether a task hangs or thinks nobody can tell: it is ended only where the person said what is too long.
fn silent_task<'a>(context: &'a Context, task: &Task, quiet: Duration, is_asked: bool) -> Check<'a> {
    let (id, quiet) = (task.id.clone(), render::duration(quiet));
    let message = format!("{id} ({}) runs and has said nothing for {quiet}; it may hang", task.executor);
    let check = Check::new("task", Status::Warning, message).facts(json!({ "task": id }));
    if !is_asked {
        return check.hint(format!("hob output {id} --follow shows how it goes; hob cancel {id} ends it"));
    }
    check.mend(
        "cancels it; what it has printed stays",
        Box::new(move || {
            context.store()?.cancel(std::slice::from_ref(&id), now())?;
            Ok(format!("{id} was asked to stop; what it has printed stays: hob output {id} --log"))
        }),
    )
}

fn stray_locks<'a>(context: &'a Context, store: &Store) -> CommandResult<Option<Check<'a>>> {
    let paths = stale::stray_locks(&context.places.state, store)?;
    if paths.is_empty() {
        return Ok(None);
    }
    let message = format!("{} of workers that are long gone: {}", files(paths.len()), shown(&paths));
    let check = Check::new("locks", Status::Warning, message).facts(json!({ "paths": texts(&paths) }));
    let mend: Mend<'_> = Box::new(move || {
        let mut removed = 0;
        for path in &paths {
            removed += usize::from(stale::remove_stray_lock(path)?);
        }
        Ok(format!("{} of workers that are long gone removed", files(removed)))
    });
    Ok(Some(check.mend("removes them; nobody holds their locks", mend)))
}

fn orphans<'a>(context: &'a Context, store: &Store) -> CommandResult<Vec<Check<'a>>> {
    let orphans = store.orphans()?;
    let mut checks = Vec::new();
    if !orphans.pruned.is_empty() {
        let message = format!("{} of tasks that were pruned: {}", files(orphans.pruned.len()), shown(&orphans.pruned));
        let check = Check::new("outputs", Status::Warning, message).facts(json!({ "paths": texts(&orphans.pruned) }));
        let mend: Mend<'_> =
            Box::new(move || Ok(format!("{} of pruned tasks removed", files(context.store()?.remove_orphans()?))));
        checks.push(check.mend("removes them; their tasks and results are gone since", mend));
    }
    if !orphans.foreign.is_empty() {
        let count = files(orphans.foreign.len());
        let message = format!("{count} of tasks that this database never knew: {}", shown(&orphans.foreign));
        let hint = "they may be results of another database and stay; move them away if you know better";
        let facts = json!({ "paths": texts(&orphans.foreign) });
        checks.push(Check::new("outputs", Status::Warning, message).hint(hint).facts(facts));
    }
    Ok(checks)
}

fn half_made(context: &Context) -> Option<Check<'_>> {
    let before = SystemTime::now().checked_sub(HALF_MADE)?;
    let paths = hob_host::leftovers(&context.places.cache, before);
    if paths.is_empty() {
        return None;
    }
    let message = format!("{} that were never finished: {}", files(paths.len()), shown(&paths));
    let check = Check::new("cache", Status::Warning, message).facts(json!({ "paths": texts(&paths) }));
    let mend: Mend<'_> = Box::new(move || {
        for path in &paths {
            hob_host::remove_leftover(path)?;
        }
        Ok(format!("{} removed; what is needed is compiled anew", files(paths.len())))
    });
    Some(check.mend("removes them; what is needed is compiled anew", mend))
}

fn tasks(count: usize) -> String {
    if count == 1 { "a task".to_owned() } else { format!("{count} tasks") }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

fn shown(paths: &[PathBuf]) -> String {
    let texts = texts(paths);
    named(texts.iter().map(String::as_str))
}

/// The first few of many names.
pub fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let first = names[..names.len() - more].join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}
