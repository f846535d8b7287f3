//! Who is told of what ended, and why not.

use super::{Check, Status};
use crate::{
    advise::quoted,
    context::{Context, now},
    render,
};
use hob_core::TerminalNotice;
use hob_notify::{Channel, Service, Trouble, last_trouble, probe};
use hob_process::find_program;
use hob_runner::daemon::{Presence, presence};
use hob_settings::Settings;
use serde_json::json;
use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt as _,
    path::Path,
    time::Duration,
};

/// Time that the desktop may take to answer.
const DESKTOP_WALL: Duration = Duration::from_secs(2);

/// A line for each way on which people are told.
pub(super) fn checks(context: &Context, settings: &Settings) -> Vec<Check<'static>> {
    let told = &settings.notifications;
    if told.is_off() {
        return vec![Check::new("notifications", Status::Absent, "they are switched off")];
    }
    let last = |channel| last_trouble(&context.places.state, channel);
    let mut checks = Vec::new();
    if told.desktop {
        let last = last(Channel::Desktop).map(|last| (whose(context, settings, &last), last));
        checks.push(desktop(probe(DESKTOP_WALL), last));
    }
    if let [program, args @ ..] = told.command.as_slice() {
        checks.push(command(program, args, last(Channel::Command)));
    }
    if told.terminal != TerminalNotice::None {
        let message = format!("the terminal in which a command waits, by {}", told.terminal);
        checks.push(Check::new("notifications", Status::Ok, message));
    }
    checks
}

/// Who it was that did not reach the desktop.
enum Whose {
    /// The daemon that runs.
    Daemon,
    /// A worker before the daemon that runs.
    Former,
    /// A worker that is gone; the next dispatch starts the daemon.
    Gone,
    /// The same, where no daemon is started by itself.
    Another,
}

fn whose(context: &Context, settings: &Settings, last: &Trouble) -> Whose {
    match presence(&context.places.state) {
        Ok(Presence::Running(Some(info))) if info.started > last.at => Whose::Former,
        Ok(Presence::Running(_)) => Whose::Daemon,
        _ if settings.starts_daemon() => Whose::Gone,
        _ => Whose::Another,
    }
}

fn desktop(found: Result<String, Service>, last: Option<(Whose, Trouble)>) -> Check<'static> {
    let (status, mut message, hint) = match (&found, &last) {
        (Ok(service), None) => (Status::Ok, service.clone(), None),
        (Ok(service), Some((Whose::Former, last))) => {
            let before = format!("{service}; before the daemon was started anew, a message was not shown");
            (Status::Ok, format!("{before}: {}", dated(last)), None)
        }
        // Seen from here all is well, and not from where it was tried.
        (Ok(service), Some((whose, last))) => (
            Status::Warning,
            format!("{service} is here, but the last message was not shown: {}", dated(last)),
            Some(elsewhere(whose)),
        ),
        (Err(why), _) => {
            let message = format!("the desktop cannot be told of finished tasks from here: {why}");
            (Status::Warning, message, Some(advice(why)))
        }
    };
    let trouble = match &found {
        Ok(_) => None,
        Err(Service::NoBus(_)) => Some("no-bus"),
        Err(Service::Missing(_)) => Some("no-service"),
        Err(Service::Hangs(_)) => Some("hangs"),
        Err(Service::Failed(_)) => Some("failed"),
    };
    if cfg!(target_os = "macos") && status == Status::Ok {
        message.push_str(" (none come? System Settings, Notifications: your terminal has to be allowed)");
    }
    let last = facts(last.map(|(_, last)| last));
    let facts = json!({ "channel": "desktop", "service": found.ok(), "trouble": trouble, "last_trouble": last });
    Check { hint: hint.map(str::to_owned), facts, ..Check::new("notifications", status, message) }
}

fn elsewhere(whose: &Whose) -> &'static str {
    match whose {
        Whose::Daemon | Whose::Former => {
            "the daemon sees the desktop of whoever started it; from here: hob daemon stop && hob daemon start"
        }
        Whose::Gone => "the daemon sees the desktop of whoever started it; from here: hob daemon start",
        Whose::Another => "whoever runs a task tells the desktop of its own session; from here: hob work",
    }
}

fn advice(why: &Service) -> &'static str {
    match why {
        Service::NoBus(_) => {
            "without a desktop: notifications = false, or a command under [notifications], in the file that \
             `hob config path` names"
        }
        Service::Missing(_) => {
            "a desktop brings its own service; elsewhere install one, such as dunst or mako, and start it"
        }
        Service::Hangs(_) => "restart the desktop's notification service; tasks go on without it",
        Service::Failed(_) => "look into the log of the desktop's notification service",
    }
}

fn command(program: &str, args: &[String], last: Option<Trouble>) -> Check<'static> {
    let path = env::var_os("PATH").map(OsString::into_vec);
    let found = find_program(OsStr::new(program), path.as_deref(), Path::new("/"));
    let check = |status, message: String| Check::new("notifications", status, message);
    let check = match (&found, &last) {
        (Err(why), _) => check(Status::Warning, format!("the command cannot be told of finished tasks: {why}"))
            .hint("command under [notifications], in the file that `hob config path` names"),
        (Ok(_), Some(last)) => {
            let words: Vec<_> = std::iter::once(program).chain(args.iter().map(String::as_str)).map(quoted).collect();
            check(Status::Warning, format!("the command was not told of the last finished task: {}", dated(last)))
                .hint(format!("try it: echo '{{\"title\":\"a title\",\"body\":\"a line\"}}' | {}", words.join(" ")))
        }
        (Ok(path), None) => check(Status::Ok, format!("the command {}", path.display())),
    };
    let path = found.ok().map(|path| path.to_string_lossy().into_owned());
    Check { facts: json!({ "channel": "command", "path": path, "last_trouble": facts(last) }), ..check }
}

fn dated(trouble: &Trouble) -> String {
    format!("{} ({})", trouble.reason, render::ago(trouble.at, now()))
}

fn facts(last: Option<Trouble>) -> Option<serde_json::Value> {
    last.map(|last| json!({ "reason": last.reason, "at": render::rfc3339(last.at) }))
}
