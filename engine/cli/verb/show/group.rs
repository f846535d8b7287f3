//! Everything that is known of a group.

use super::{block, line, moment};
use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, BOLD, Cell, DIM, PLAIN, Table},
};
use hob_core::{Group, MemberName, StateName, TaskId, Timestamp};
use hob_store::{Member, Store};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Shows it.
pub fn run(context: &Context, store: &Store, id: &TaskId, as_json: bool) -> CommandResult {
    let (group, members) = store.view(|view| Ok((view.group(id)?, view.members(id)?)))?;
    let group = group.ok_or_else(|| CommandError::not_found(format!("the group {id} was pruned")))?;
    let now = now();
    let mut out = anstream::stdout().lock();
    if as_json {
        let mut object = render::group_object(&group, now);
        object.insert("result_template".to_owned(), json!(group.result));
        let mut list = Vec::with_capacity(members.len());
        for member in &members {
            let mut object = render::member_object(&group, member, now);
            if let Some(task) = &member.task {
                object.insert("output".to_owned(), json!({ "bytes": super::bytes(context, task)? }));
            }
            list.push(Value::Object(object));
        }
        object.insert("members".to_owned(), json!(list));
        render::write_json(&mut out, &object)?;
    } else {
        write(&mut out, &group, &members, now)?;
    }
    Ok(Exit::Ok)
}

fn write(out: &mut dyn Write, group: &Group, members: &[Member], now: Timestamp) -> io::Result<()> {
    writeln!(out, "{}", render::group_headline(group, now))?;
    line(out, "join", render::join_words(group))?;
    line(out, "folder", group.cwd.to_string_lossy())?;
    line(out, "created", moment(group.created, now))?;
    if let Some(finished) = group.finished {
        line(out, "ended", moment(finished, now))?;
    }
    if let Some(session) = &group.session {
        line(out, "session", session.as_str())?;
    }
    if let Some(before) = &group.retry_of {
        line(out, "retry of", before.as_str())?;
    }
    line(out, "results", format!("hob output {}", group.id))?;
    let open_or_well = group.finished.is_none() || group.tally.completed == group.tally.members();
    if !open_or_well && members.iter().all(|member| member.task.is_some()) {
        line(out, "again", format!("hob retry {} --failed", group.id))?;
    }
    block(out, "input", &group.input)?;
    writeln!(out)?;
    let mut table = Table::new(&["TASK", "STATE", "EXECUTOR", ">TIME", "ID", "AFTER", "NOTE"]);
    for member in members {
        table.row(row(group, member, now));
    }
    table.write(out, render::width())
}

fn row(group: &Group, member: &Member, now: Timestamp) -> Vec<Cell> {
    let after = member.needs.iter().map(MemberName::as_str).collect::<Vec<_>>().join(", ");
    let name = Cell::new(BOLD, member.name.as_str());
    let Some(task) = &member.task else {
        let blank = || Cell::new(PLAIN, "");
        return vec![name, Cell::new(DIM, "pruned"), blank(), blank(), blank(), Cell::new(DIM, after), blank()];
    };
    let state = task.state.name();
    let (time, note) = render::time_and_note(&task.state, now);
    let note = match render::waits_for(task) {
        // Of several needs, those that are left.
        Some(waits) if state == StateName::Pending && !is_waiting_for_all(member) => waits,
        _ if render::is_kept(group, member) => format!("kept of {}", made_for(member)),
        _ => note,
    };
    vec![
        name,
        Cell::new(render::of_state(state), state.as_str()),
        Cell::new(PLAIN, task.executor.as_str()),
        Cell::new(PLAIN, time),
        Cell::new(PLAIN, task.id.as_str()),
        Cell::new(DIM, after),
        Cell::new(PLAIN, note),
    ]
}

fn is_waiting_for_all(member: &Member) -> bool {
    let seat = member.task.as_ref().and_then(|task| task.group.as_ref());
    seat.is_some_and(|seat| seat.waits_for.len() == member.needs.len())
}

fn made_for(member: &Member) -> &str {
    member.task.as_ref().and_then(|task| task.group.as_ref()).map_or("", |seat| seat.group.as_str())
}
