//! What the lists of the configuration say of a command, and the lines to type.

use crate::{context::Context, error::CommandResult};
use hob_core::{Advice, Advised, ComponentSource, NewTask, Whereabouts};
use serde_json::{Value, json};
use std::{env, ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

/// The component whose tasks are command lines.
const SHELL: &str = "shell";

/// What a dispatch can say of its work: that it is better watched, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The sort of work it is.
    pub sort: String,
    /// Why it should be watched.
    pub why: String,
}

impl Note {
    /// For programs.
    pub fn object(&self) -> Value {
        json!({ "place": Whereabouts::Foreground.as_str(), "sort": self.sort, "why": self.why })
    }
}

/// What there is to say of a task, if it runs a command that is better watched. A text for an agent is none: what
/// was thought over and written down is meant to go on alone.
pub fn note(context: &Context, task: &NewTask) -> CommandResult<Option<Note>> {
    let settings = context.settings()?;
    let is_shell = settings
        .executor(&task.executor)
        .is_ok_and(|config| matches!(&config.component, ComponentSource::Bundled(name) if name == SHELL));
    if !settings.advice_notes || !is_shell {
        return Ok(None);
    }
    let params: Value = serde_json::from_str(&task.params).unwrap_or_default();
    let advice = settings.advice();
    let advised = advised(&advice, &params).filter(|advised| advised.sort.place == Whereabouts::Foreground);
    Ok(advised.map(|advised| Note { sort: advised.sort.name.clone(), why: advised.sort.why.clone() }))
}

fn advised<'a>(advice: &'a Advice, params: &Value) -> Option<Advised<'a>> {
    if let Some(line) = params["command"].as_str() {
        return advice.of_command_line(line);
    }
    let argv: Vec<String> = params["argv"].as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    advice.of_arguments(&argv)
}

/// One word for a shell that says exactly this.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether the first word of a line is a program that could be started here.
pub fn is_program(line: &str) -> bool {
    let Some(name) = line.split_whitespace().next() else { return false };
    let path = env::var_os("PATH");
    let path = path.as_deref().map(OsStr::as_bytes);
    hob_process::find_program(name.as_ref(), path, Path::new(".")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_where_they_have_to_be() {
        for (word, expect) in [
            ("cargo", "cargo"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("https://a.example/b", "https://a.example/b"),
            ("~/x", "'~/x'"),
        ] {
            assert_eq!(quoted(word), expect);
        }
    }
}
