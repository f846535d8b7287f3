//! What a member of a group came to, as text for the templates of others.

use crate::output::{self, Outputs};
use hob_core::{AttemptNumber, State, Task, sanitize};
use std::path::Path;

/// Bytes of an output that go into a text. 64 KiB: some twenty pages, and a prompt made of several of them
/// still fits the window of a model.
const MOST: usize = 64 << 10;

/// What stands behind `{name}` (no `part`) and `{name.PART}` for a member of a group.
pub(crate) fn value(folder: &Path, task: &Task, part: Option<&str>) -> Option<String> {
    let result = match &task.state {
        State::Completed { result, .. } => Some(result),
        State::Pending { .. } | State::Running { .. } | State::Failed { .. } | State::Cancelled { .. } => None,
    };
    match part {
        None => Some(text(folder, task)),
        Some("id") => Some(task.id.to_string()),
        Some("state") => Some(task.state.name().to_string()),
        Some("summary") => Some(summary(task)),
        Some("output") => Some(output(folder, task)),
        Some("data") => {
            Some(result.and_then(|result| result.data.as_ref()).map_or_else(|| "null".to_owned(), ToString::to_string))
        }
        Some(_) => None,
    }
}

/// Its output if it completed with any, else its summary or why there is none.
fn text(folder: &Path, task: &Task) -> String {
    let said = if matches!(task.state, State::Completed { .. }) { output(folder, task) } else { String::new() };
    if said.is_empty() { summary(task) } else { said }
}

fn summary(task: &Task) -> String {
    let (name, why) = match &task.state {
        State::Completed { result, .. } => return sanitize(result.summary.trim_end()).into_owned(),
        State::Failed { failure, .. } => ("failed", failure.message.as_str()),
        State::Cancelled { reason, .. } => ("cancelled", reason.as_deref().unwrap_or("somebody asked for it")),
        State::Pending { .. } | State::Running { .. } => return format!("({})", task.state.name()),
    };
    format!("({name}: {})", sanitize(why.trim_end()))
}

/// The beginning of its output, with a line that says how to see the rest.
fn output(folder: &Path, task: &Task) -> String {
    match attempt(&task.state).map_or(Ok(None), |attempt| read(folder, task, attempt)) {
        Ok(said) => said.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(task = %task.id, %error, "the output of a member cannot be read");
            format!("[its output cannot be read: {error}]")
        }
    }
}

fn read(folder: &Path, task: &Task, attempt: AttemptNumber) -> Result<Option<String>, output::Error> {
    let Some(mut reader) = Outputs::of(folder).reader(task.sequence, attempt)? else { return Ok(None) };
    let mut bytes = reader.read(0, MOST)?;
    let size = reader.size()?;
    let read = bytes.len() as u64;
    let is_cut = read < size;
    if is_cut {
        // Not in the middle of a letter.
        let lead = bytes.iter().rev().take(4).position(|byte| byte & 0xc0 != 0x80).map_or(0, |back| back + 1);
        let first = bytes.len() - lead;
        if std::str::from_utf8(&bytes[first..]).is_err() {
            bytes.truncate(first);
        }
    }
    let left = size - bytes.len() as u64;
    let text = String::from_utf8_lossy(&bytes);
    let text = sanitize(text.trim_end()).into_owned();
    if is_cut {
        return Ok(Some(format!("{text}\n[… {left} more bytes: hob output {} --log]", task.id)));
    }
    Ok(Some(text))
}

fn attempt(state: &State) -> Option<AttemptNumber> {
    match state {
        State::Pending { .. } => None,
        State::Running { attempt, .. } | State::Completed { attempt, .. } | State::Failed { attempt, .. } => {
            Some(*attempt)
        }
        State::Cancelled { stopped, .. } => stopped.map(|(attempt, _)| attempt),
    }
}
