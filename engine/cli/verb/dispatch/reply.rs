use super::{Request, pairs};
use crate::{
    advise::{self, Note},
    answer,
    context::Context,
    error::CommandResult,
    exit::Exit,
    follow,
    foreground::Foreground,
    notice,
    render::{self, BOLD, DIM, styled},
    start::note,
    verb::wait::wait_with,
};
use hob_core::{NewTask, TaskId};
use hob_store::{Accepted, Store};
use serde_json::json;
use std::io::{IsTerminal as _, Write};

/// Says what was accepted, and stays for the result where that was asked for.
pub fn say(
    context: &Context,
    store: &Store,
    request: &Request,
    accepted: &[Accepted],
    foreground: Option<Foreground>,
) -> CommandResult {
    let options = &request.options;
    let ids: Vec<TaskId> = accepted.iter().map(|accepted| accepted.id.clone()).collect();
    for (_, accepted) in pairs(request, accepted).filter(|(_, accepted)| accepted.already) {
        note(&format!("{} was handed in before and is {}; no second task was made", accepted.id, accepted.state))?;
    }
    if options.follow
        && let [only] = ids.as_slice()
    {
        if options.json {
            return finish(context, store, &ids, true, foreground);
        }
        let Some(foreground) = foreground else {
            note(&format!("following {only}; ctrl-c stops following, not the task"))?;
            return follow::until_the_end(context, store, only, None, None, None);
        };
        follow::until_the_end(context, store, only, None, None, Some(&foreground))?;
        foreground.end()?;
        return Ok(store.get(only)?.as_ref().map_or(Exit::TaskFailed, answer::own_exit));
    }
    if options.wait || options.follow || foreground.is_some() {
        return finish(context, store, &ids, options.json, foreground);
    }
    let advice = advice(context, request, accepted)?;
    print(request, accepted, advice.as_ref())?;
    // A script that reads both streams would take it for an id; an agent, which has a session, can do with it.
    let is_read = std::io::stderr().is_terminal() || request.tasks.iter().any(|task| task.session.is_some());
    if let (Some(Note { sort, why }), [only], false, true) = (&advice, accepted, options.json, is_read) {
        let how = format!("hob output {} --follow shows how it goes; -q leaves such notes out", only.id);
        note(&format!("better watched ({sort}): {why}\n     {how}"))?;
    }
    Ok(Exit::Ok)
}

/// What is to be said of a single task that was handed in just now.
fn advice(context: &Context, request: &Request, accepted: &[Accepted]) -> CommandResult<Option<Note>> {
    match (request.tasks.as_slice(), accepted) {
        ([task], [Accepted { already: false, .. }]) if !request.options.quiet => advise::note(context, task),
        _ => Ok(None),
    }
}

fn print(request: &Request, accepted: &[Accepted], advice: Option<&Note>) -> CommandResult<()> {
    let as_json = request.options.json;
    let mut out = anstream::stdout().lock();
    let is_terminal = std::io::stdout().is_terminal() && !request.options.quiet;
    for (task, accepted) in pairs(request, accepted) {
        if as_json {
            render::write_json(&mut out, &object(task, accepted, advice))?;
        } else if is_terminal {
            let verb = if accepted.already { accepted.state.as_str() } else { "queued" };
            writeln!(out, "{verb}  {}  ({})", styled(BOLD, &accepted.id), task.executor)?;
        } else {
            writeln!(out, "{}", accepted.id)?;
        }
    }
    if is_terminal && !as_json {
        let next = match accepted {
            [only] => format!("        hob output {} --wait   shows its result", only.id),
            _ => "        hob status   shows how they are doing".to_owned(),
        };
        writeln!(out, "{}", styled(DIM, next))?;
    }
    Ok(())
}

fn object(task: &NewTask, accepted: &Accepted, advice: Option<&Note>) -> serde_json::Value {
    json!({
        "id": accepted.id,
        "executor": task.executor,
        "state": accepted.state,
        "priority": task.priority,
        "already": accepted.already,
        "advice": advice.map(Note::object),
    })
}

fn finish(
    context: &Context,
    store: &Store,
    ids: &[TaskId],
    as_json: bool,
    foreground: Option<Foreground>,
) -> CommandResult {
    let is_foreground = foreground.is_some();
    let waited = wait_with(context, store, ids, foreground)?;
    let tasks = waited.ended;
    notice::of_tasks(context, &tasks, waited.has_paused);
    for task in &tasks {
        answer::print(context, task, as_json)?;
    }
    Ok(match tasks.as_slice() {
        [only] if is_foreground => answer::own_exit(only),
        [only] => answer::exit(only),
        several => answer::exit_of_all(several),
    })
}
