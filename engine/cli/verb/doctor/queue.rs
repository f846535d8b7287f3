//! Why tasks that wait do not start.

use super::{Check, Status, care::named};
use crate::{
    context::{Context, now},
    error::CommandResult,
    render,
};
use hob_core::State;
use hob_store::Store;

/// A line for each reason; none where nothing waits.
pub fn checks<'a>(context: &Context) -> CommandResult<Vec<Check<'a>>> {
    if !Store::is_begun(&context.places.state)? {
        return Ok(Vec::new());
    }
    let store = context.store()?;
    let mut checks = Vec::new();
    for queue in store.queues()? {
        if let Some(reason) = queue.blocked {
            let message = format!("{} of {} cannot start: {reason}", queue.pending, queue.executor);
            let hint = if queue.is_aside {
                format!("they start when it is let go: hob executors {} --let-go", queue.executor)
            } else {
                format!("they start by themselves when it is back: hob executors {}", queue.executor)
            };
            checks.push(Check::new("queue", Status::Warning, message).hint(hint));
        }
    }
    checks.extend(full(context, &store)?);
    Ok(checks)
}

fn full<'a>(context: &Context, store: &Store) -> CommandResult<Option<Check<'a>>> {
    let (Ok(settings), counts) = (context.settings(), store.counts()?) else { return Ok(None) };
    let slots = settings.max_background_tasks;
    if counts.pending == 0 || counts.running < u64::from(slots) {
        return Ok(None);
    }
    let running = store.running()?;
    let longest = running.first().and_then(|task| match &task.state {
        State::Running { started, .. } => {
            Some(format!(", the longest for {}", render::duration(now().since(*started))))
        }
        _ => None,
    });
    let names = named(running.iter().map(|task| task.id.as_str()));
    let message =
        format!("{} wait for a slot: all {slots} are taken by {names}{}", counts.pending, longest.unwrap_or_default());
    let hint = "wait, or end one with hob cancel ID, or raise max_background_tasks in the file of `hob config path`";
    Ok(Some(Check::new("queue", Status::Ok, message).hint(hint)))
}
