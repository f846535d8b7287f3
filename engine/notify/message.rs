//! What a person reads. Pure: from what ended to words.

use crate::report::Report;
use hob_core::{StateName, sanitize_line};
use serde::Serialize;
use std::time::Duration;

/// One notification, in plain text that holds nothing a desktop would obey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Message {
    /// One line.
    pub title: String,
    /// A few lines.
    pub body: String,
    /// What ended, failures first.
    pub ended: Vec<Report>,
    /// How many more did that are not listed.
    pub more: u64,
}

/// Tasks that are named in the text of a notification of several. 5: what a desktop shows without folding.
const NAMED: usize = 5;
/// Ends that a notification lists for a command: some 50 KB.
const LISTED: usize = 100;
/// Characters of a line; desktops cut where they want, some not at all.
const LINE: usize = 160;

/// The ends that go into one notification. However many there are, it stays small.
#[derive(Debug)]
pub(crate) struct Gathered<E> {
    complete: u64,
    failed: u64,
    listed: Vec<E>,
}

/// Something that ended.
pub(crate) trait Ending {
    fn failed(&self) -> bool;
}

impl Ending for Report {
    fn failed(&self) -> bool {
        self.state == StateName::Failed
    }
}

impl<E: Ending> Gathered<E> {
    pub(crate) fn new() -> Self {
        Self { complete: 0, failed: 0, listed: Vec::new() }
    }

    pub(crate) fn add(&mut self, ended: E) {
        if ended.failed() {
            self.failed += 1;
        } else {
            self.complete += 1;
        }
        // A failure is named rather than a success.
        if self.listed.len() < LISTED {
            self.listed.push(ended);
        } else if let Some(place) = self.listed.iter_mut().rev().find(|listed| ended.failed() && !listed.failed()) {
            *place = ended;
        }
    }

    /// The words for it, none if nothing ended. `look` finds out more about one.
    pub(crate) fn message(self, look: impl Fn(E) -> Report) -> Option<Message> {
        let Self { complete, failed, listed } = self;
        let (mut ended, then): (Vec<_>, Vec<_>) = listed.into_iter().partition(E::failed);
        ended.extend(then);
        let ended: Vec<Report> = ended.into_iter().map(look).collect();
        let title = match (complete, failed, ended.as_slice()) {
            (0, 0, _) | (_, _, []) => return None,
            (1, 0, [only, ..]) => format!("Background {} '{}' complete", what(only), only.id),
            (0, 1, [only, ..]) => format!("Background {} '{}' failed", what(only), only.id),
            (_, 0, _) => format!("{complete} background tasks complete"),
            (0, _, _) => format!("{failed} background tasks failed"),
            (_, _, _) => format!("{complete} background {} complete, {failed} failed", tasks(complete)),
        };
        let total = complete + failed;
        let mut lines = Vec::new();
        for report in ended.iter().take(NAMED) {
            let about = about(report);
            if total == 1 {
                lines.extend(about);
            } else {
                let word = if report.failed() { " failed" } else { "" };
                lines.push(format!("{}{word}: {}", report.id, about.join(": ")).trim_end_matches(": ").to_owned());
            }
        }
        let unnamed = total - ended.len().min(NAMED) as u64;
        if unnamed > 0 {
            lines.push(format!("and {unnamed} more: hob list"));
        }
        let lines: Vec<String> = lines.iter().map(|line| sanitize_line(line, LINE)).collect();
        let more = total - ended.len() as u64;
        Some(Message { title: sanitize_line(&title, LINE), body: lines.join("\n"), ended, more })
    }
}

impl Message {
    /// The words for what ended, none if nothing did.
    pub fn of(ended: impl IntoIterator<Item = Report>) -> Option<Self> {
        let mut gathered = Gathered::new();
        ended.into_iter().for_each(|report| gathered.add(report));
        gathered.message(|report| report)
    }
}

fn what(report: &Report) -> &'static str {
    if report.preset.is_some() { "group" } else { "task" }
}

fn tasks(count: u64) -> &'static str {
    if count == 1 { "task" } else { "tasks" }
}

/// Who did it and how long that took, and a line of what came of it.
fn about(report: &Report) -> Vec<String> {
    let who = report.executor.as_ref().map(ToString::to_string);
    let who = who.or_else(|| report.preset.as_ref().map(ToString::to_string));
    let took = report.duration.map(rounded);
    let first: Vec<String> = who.into_iter().chain(took).collect();
    let first = Some(first.join(", ")).filter(|line| !line.is_empty());
    first.into_iter().chain(report.summary.clone()).collect()
}

/// The first line of what a task said, as plain text.
pub(crate) fn one_line(said: &str) -> Option<String> {
    let sane = hob_core::sanitize(said);
    let line = sane.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(sanitize_line(line, LINE))
}

/// A duration as a person says it: no more than two units.
fn rounded(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests;
