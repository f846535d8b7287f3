//! What a group came to, in one document.

use crate::{
    answer, captured,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::Executors,
    render::{self, BOLD, DIM, styled},
};
use hob_core::{Group, StateName, Task, TaskId, sanitize};
use hob_store::{Member, Store};
use serde_json::{Value, json};
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
        render::write_json(&mut out, &object(context, &group, &members, result.as_deref())?)?;
    } else {
        write(context, &mut out, &group, &members, result.as_deref())?;
        if group.finished.is_some() && group.tally.completed < group.tally.members() {
            let next = format!("hob retry {id} --failed   runs again what did not complete");
            writeln!(out, "\n{}", styled(DIM, next))?;
        }
    }
    Ok(match group.state() {
        StateName::Pending | StateName::Running | StateName::Completed => Exit::Ok,
        StateName::Failed | StateName::Cancelled => Exit::TaskFailed,
    })
}

/// The same without the exit code.
pub fn write(
    context: &Context,
    out: &mut dyn Write,
    group: &Group,
    members: &[Member],
    result: Option<&str>,
) -> CommandResult<()> {
    writeln!(out, "{}", render::group_headline(group, now()))?;
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
    let executors = Executors::new(context)?;
    for member in members {
        heading(out, member)?;
        let Some(task) = &member.task else {
            writeln!(out, "{}", styled(DIM, "its result was removed by the retention"))?;
            continue;
        };
        let is_answer = answer::is_the_output(&executors, task);
        if is_answer {
            writeln!(out, "{}", render::headline(task, now()))?;
        } else {
            answer::write_words(out, task)?;
        }
        let (text, left) = said(context, task)?;
        if !text.is_empty() {
            writeln!(out, "\n{}", text.trim_end())?;
        }
        if left > 0 {
            let option = if is_answer { "" } else { " --log" };
            let more = format!("[{} more: hob output {}{option}]", render::size(left), task.id);
            writeln!(out, "{}", styled(DIM, more))?;
        }
        if is_answer {
            answer::write_usage(out, task)?;
        }
    }
    Ok(())
}

fn heading(out: &mut dyn Write, member: &Member) -> CommandResult<()> {
    Ok(writeln!(out, "\n{}", styled(BOLD, format!("## {}", member.name)))?)
}

/// The beginning of what a task has printed, and how many bytes follow.
pub fn said(context: &Context, task: &Task) -> CommandResult<(String, u64)> {
    let Some(mut reader) = captured::open(context, task)? else { return Ok((String::new(), 0)) };
    let mut bytes = reader.read(0, MOST)?;
    let size = reader.size()?;
    if (bytes.len() as u64) < size {
        bytes.truncate(whole_lines(&bytes));
    }
    let left = size.saturating_sub(bytes.len() as u64);
    Ok((sanitize(&String::from_utf8_lossy(&bytes)).into_owned(), left))
}

/// Where the last line of the beginning of a text ends, or its last letter if it is one long line.
pub fn whole_lines(bytes: &[u8]) -> usize {
    let letters = || match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    };
    bytes.iter().rposition(|byte| *byte == b'\n').map_or_else(letters, |end| end + 1)
}

fn object(context: &Context, group: &Group, members: &[Member], result: Option<&str>) -> CommandResult<Value> {
    let member = |member: &Member| -> CommandResult<Value> {
        let mut object = render::member_object(group, member, now());
        if let Some(task) = &member.task {
            let (text, left) = said(context, task)?;
            object.insert("output".to_owned(), json!({ "text": text, "left_out_bytes": left }));
        }
        Ok(Value::Object(object))
    };
    let mut whole = render::group_object(group, now());
    whole.insert("result".to_owned(), json!(result));
    let members = members.iter().map(member).collect::<CommandResult<Vec<_>>>()?;
    whole.insert("members".to_owned(), json!(members));
    Ok(Value::Object(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_behind_a_line_or_a_letter() {
        for (text, expect) in [("one\ntw", 4), ("€€", 6), ("", 0)] {
            assert_eq!(whole_lines(text.as_bytes()), expect, "{text}");
        }
        assert_eq!(whole_lines(&"€€".as_bytes()[..5]), 3);
        assert_eq!(whole_lines(b"a\xff\xff\xffb"), 5);
    }
}
