//! What a person reads. Pure: from tasks to words.

use hob_core::{State, Tally, Task, TaskId, sanitize_line};
use std::time::Duration;

/// One notification, in plain text that holds nothing a desktop would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// A few lines.
    pub body: String,
}

/// Tasks that are named in a notification of several. 5: what a desktop shows without folding.
const NAMED: usize = 5;
/// Characters of a line; desktops cut where they want, some not at all.
const LINE: usize = 160;

/// The ends that go into one notification. However many there are, it stays small.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    complete: u64,
    failed: u64,
    named: Vec<Ended>,
}

/// One task or group that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) id: TaskId,
    pub(crate) failed: bool,
    /// How its members ended, if it is a group.
    pub(crate) group: Option<Tally>,
}

impl Gathered {
    pub(crate) fn add(&mut self, ended: Ended) {
        if ended.failed {
            self.failed += 1;
        } else {
            self.complete += 1;
        }
        // A failure is named rather than a success.
        if self.named.len() < NAMED {
            self.named.push(ended);
        } else if let Some(place) = self.named.iter_mut().rev().find(|named| ended.failed && !named.failed) {
            *place = ended;
        }
    }

    /// The words for it, none if nothing ended. `look` fetches a task; one that was pruned is gone.
    pub(crate) fn message(&self, look: impl Fn(&TaskId) -> Option<Task>) -> Option<Message> {
        let Self { complete, failed, named } = self;
        let what = if named.first().is_some_and(|ended| ended.group.is_some()) { "group" } else { "task" };
        let title = match (*complete, *failed) {
            (0, 0) => return None,
            (1, 0) => format!("Background {what} '{}' complete", named.first()?.id),
            (0, 1) => format!("Background {what} '{}' failed", named.first()?.id),
            (_, 0) => format!("{complete} background tasks complete"),
            (0, _) => format!("{failed} background tasks failed"),
            (_, _) => format!("{complete} background {} complete, {failed} failed", tasks(*complete)),
        };
        let total = complete + failed;
        let mut lines = Vec::new();
        let (first, then): (Vec<_>, Vec<_>) = named.iter().partition(|ended| ended.failed);
        for ended in first.into_iter().chain(then) {
            let about = match &ended.group {
                Some(tally) => vec![members(tally)],
                None => look(&ended.id).map(|task| about(&task)).unwrap_or_default(),
            };
            if total == 1 {
                lines.extend(about);
            } else {
                let word = if ended.failed { " failed" } else { "" };
                lines.push(format!("{}{word}: {}", ended.id, about.join(": ")).trim_end_matches(": ").to_owned());
            }
        }
        let unnamed = total - named.len() as u64;
        if unnamed > 0 {
            lines.push(format!("and {unnamed} more: hob list"));
        }
        let lines: Vec<String> = lines.iter().map(|line| sanitize_line(line, LINE)).collect();
        Some(Message { title: sanitize_line(&title, LINE), body: lines.join("\n") })
    }
}

/// How the members of a group ended.
fn members(tally: &Tally) -> String {
    let mut words = vec![format!("{} of {} tasks completed", tally.completed, tally.members())];
    let more = [(tally.failed, "failed"), (tally.cancelled, "cancelled")];
    words.extend(more.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")));
    words.join(", ")
}

fn tasks(count: u64) -> &'static str {
    if count == 1 { "task" } else { "tasks" }
}

/// Executor and duration, and a line of what came of it.
fn about(task: &Task) -> Vec<String> {
    let (took, said) = match &task.state {
        State::Completed { started, finished, result, .. } => (finished.since(*started), result.summary.as_str()),
        State::Failed { started, finished, failure, .. } => (finished.since(*started), failure.message.as_str()),
        State::Pending { .. } | State::Running { .. } | State::Cancelled { .. } => {
            return vec![task.executor.to_string()];
        }
    };
    let first = hob_core::sanitize(said).lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let mut lines = vec![format!("{}, {}", task.executor, rounded(took))];
    lines.extend(first);
    lines
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
