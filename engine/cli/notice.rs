//! Tells the terminal in which a command waited that the wait is over.
//!
//! It is the waiting command that does this, and not the worker: a daemon has no terminal, and of all terminals that
//! are open the one is meant in which somebody stopped working to wait. So nothing comes out of the outbox here: each
//! command tells of what it waited for, once, and two of them tell their two terminals.

use crate::context::Context;
use hob_core::{Notifications, Task, TaskId, TerminalNotice};
use hob_notify::{Message, Report, sequence};
use hob_store::Store;
use std::{
    env,
    ffi::OsStr,
    io::{IsTerminal as _, Write as _},
};

/// Of tasks that were waited for.
pub fn of_tasks(context: &Context, tasks: &[Task], has_paused: bool) {
    if let Some(told) = wanted(context, has_paused) {
        let tasks = tasks.iter().filter(|task| told.tells_of(task));
        tell(told, tasks.filter_map(Report::of_task));
    }
}

/// Of groups whose members were waited for. What cannot be looked up now is not told.
pub fn of_groups<'a>(context: &Context, store: &Store, groups: impl IntoIterator<Item = &'a TaskId>, has_paused: bool) {
    let Some(told) = wanted(context, has_paused) else { return };
    let found = groups.into_iter().filter_map(|id| {
        let (group, members) = store.view(|view| Ok((view.group(id)?, view.members(id)?))).ok()?;
        let group = group.filter(|group| group.finished.is_some())?;
        let tasks = members.iter().filter_map(|member| member.task.as_ref());
        told.tells_of_group(&group, tasks).then(|| Report::of_group(&group)).flatten()
    });
    tell(told, found);
}

/// The settings, if they want a terminal told, there is one, and its person had to wait.
fn wanted(context: &Context, has_paused: bool) -> Option<&Notifications> {
    let told = &context.settings().ok()?.notifications;
    let is_wanted = told.terminal != TerminalNotice::None && has_paused && std::io::stderr().is_terminal();
    is_wanted.then_some(told)
}

fn tell(told: &Notifications, ended: impl Iterator<Item = Report>) {
    if let Some(message) = Message::of(ended) {
        let bytes = sequence(understood(told.terminal, env::var_os("TERM").as_deref()), &message);
        // The result comes on its own way; a terminal that takes nothing more gets no notice either.
        let _ = std::io::stderr().write_all(bytes.as_bytes());
    }
}

/// A terminal that knows no sequences would show them; it can still ring.
fn understood(notice: TerminalNotice, term: Option<&OsStr>) -> TerminalNotice {
    match notice {
        TerminalNotice::Osc9 | TerminalNotice::Osc777 if term.is_none_or(|term| term == "dumb" || term == "linux") => {
            TerminalNotice::Bell
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_sequences_rings() {
        for (notice, term, expect) in [
            (TerminalNotice::Osc9, Some("xterm-256color"), TerminalNotice::Osc9),
            (TerminalNotice::Osc777, Some("foot"), TerminalNotice::Osc777),
            (TerminalNotice::Osc9, Some("dumb"), TerminalNotice::Bell),
            (TerminalNotice::Osc777, None, TerminalNotice::Bell),
            (TerminalNotice::None, Some("dumb"), TerminalNotice::None),
        ] {
            assert_eq!(understood(notice, term.map(OsStr::new)), expect, "{notice} {term:?}");
        }
    }
}
