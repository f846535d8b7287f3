//! What a group came to, in one document.

use crate::{
    answer, captured,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, BOLD, DIM, of_state, styled},
};
use hob_core::{Group, StateName, Task, TaskId, sanitize};
use hob_store::{Member, Store};
use serde_json::{Map, Value, json};
use std::io::Write;

/// Bytes of the output of one child that stand in the document. 64 KiB: some twenty pages, as much as
/// another child gets of it.
const MOST: usize = 64 << 10;

/// Prints a group with the results of all of its members, failures beside successes; its exit code says whether
/// the group completed.
pub fn print(context: &Context, store: &Store, id: &TaskId, as_json: bool) -> CommandResult {
    let (group, members) = store.view(|view| Ok((view.group(id)?, view.members(id)?)))?;
    let Some(group) = group else { return Err(CommandError::not_found(format!("the group {id} was pruned"))) };
    let result = store.group_result(&group, &members);
    let mut out = anstream::stdout().lock();
    if as_json {
        render::write_json(&mut out, &object(context, &group, &members, result)?)?;
    } else {
        write(context, &mut out, &group, &members, result.as_deref())?;
    }
    Ok(match group.state() {
        StateName::Pending | StateName::Running | StateName::Completed => Exit::Ok,
        StateName::Failed | StateName::Cancelled => Exit::TaskFailed,
    })
}

fn write(
    context: &Context,
    out: &mut dyn Write,
    group: &Group,
    members: &[Member],
    result: Option<&str>,
) -> CommandResult<()> {
    let (state, tally) = (group.state(), group.tally);
    let done = format!("{} of {} completed", tally.completed, tally.members());
    writeln!(out, "{}  {}  ({})  {done}", styled(of_state(state), state), styled(BOLD, &group.id), group.preset)?;
    // The template speaks of every result; before the end most of them are not there.
    if let (Some(result), true) = (result, group.finished.is_some()) {
        writeln!(out, "\n{}", sanitize(result.trim_end()))?;
        for member in members {
            let Some(task) = &member.task else { continue };
            if task.state.name() != StateName::Completed {
                heading(out, member)?;
                answer::write_words(out, task)?;
            }
        }
        return Ok(());
    }
    for member in members {
        heading(out, member)?;
        let Some(task) = &member.task else {
            writeln!(out, "{}", styled(DIM, "its result was removed by the retention"))?;
            continue;
        };
        answer::write_words(out, task)?;
        let (text, left) = said(context, task)?;
        if !text.is_empty() {
            writeln!(out, "\n{}", text.trim_end())?;
        }
        if left > 0 {
            writeln!(out, "{}", styled(DIM, format!("[{} more: hob output {} --log]", render::size(left), task.id)))?;
        }
    }
    Ok(())
}

fn heading(out: &mut dyn Write, member: &Member) -> CommandResult<()> {
    Ok(writeln!(out, "\n{}", styled(BOLD, format!("## {}", member.name)))?)
}

/// The beginning of what a task has printed, and how many bytes follow.
fn said(context: &Context, task: &Task) -> CommandResult<(String, u64)> {
    let Some(mut reader) = captured::open(context, task)? else { return Ok((String::new(), 0)) };
    let bytes = reader.read(0, MOST)?;
    let left = reader.size()?.saturating_sub(bytes.len() as u64);
    Ok((sanitize(&String::from_utf8_lossy(&bytes)).into_owned(), left))
}

fn object(context: &Context, group: &Group, members: &[Member], result: Option<String>) -> CommandResult<Value> {
    let member = |member: &Member| -> CommandResult<Value> {
        let mut object = match &member.task {
            Some(task) => {
                let (text, left) = said(context, task)?;
                let mut object = render::task_object(task, now());
                object.insert("output".to_owned(), json!({ "text": text, "left_out_bytes": left }));
                object
            }
            None => Map::new(),
        };
        object.insert("member".to_owned(), json!(member.name));
        object.insert("needs".to_owned(), json!(member.needs));
        Ok(Value::Object(object))
    };
    Ok(json!({
        "id": group.id,
        "preset": group.preset,
        "input": group.input,
        "state": group.state(),
        "join": group.join.least(group.tally.members()),
        "tally": group.tally,
        "cwd": group.cwd.to_string_lossy(),
        "session": group.session,
        "retry_of": group.retry_of,
        "created_at": render::rfc3339(group.created),
        "finished_at": group.finished.map(render::rfc3339),
        "result": result,
        "members": members.iter().map(member).collect::<CommandResult<Vec<_>>>()?,
    }))
}
