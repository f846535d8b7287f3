//! How the answers of programs are read.

mod claude;
mod codex;
mod gemini;
mod opencode;
#[cfg(test)]
mod tests;

use crate::answer::Answer;
use hob_plugin::{JsonSchema, schemars};
use serde::Deserialize;
use serde_json::Value;

/// What a program prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Format {
    /// `claude -p --output-format stream-json --verbose`, or `json`.
    #[serde(rename = "claude-json")]
    Claude,
    /// `codex exec --json`
    #[serde(rename = "codex-jsonl")]
    Codex,
    /// `gemini --output-format stream-json`, or `json`.
    #[serde(rename = "gemini-json")]
    Gemini,
    /// `opencode run --format json`
    #[serde(rename = "opencode-jsonl")]
    Opencode,
    /// The answer itself.
    #[default]
    #[serde(rename = "text")]
    Text,
}

/// Takes lines as they come.
pub trait Reader {
    /// Takes a line; what it tells of the progress.
    fn line(&mut self, line: &str) -> Option<String>;
    /// Nothing follows.
    fn answer(self: Box<Self>) -> Answer;
}

impl Format {
    /// A reader of lines; none for plain text.
    pub fn reader(self) -> Option<Box<dyn Reader>> {
        match self {
            Self::Claude => Some(Box::<claude::Claude>::default()),
            Self::Codex => Some(Box::<codex::Codex>::default()),
            Self::Gemini => Some(Box::<gemini::Gemini>::default()),
            Self::Opencode => Some(Box::<opencode::Opencode>::default()),
            Self::Text => None,
        }
    }
}

/// A line that is an object.
fn object(line: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(Value::is_object)
}

/// The text at a JSON pointer.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The count at a JSON pointer.
fn count(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

/// One line about the use of a tool: its name, and the first thing that says what it was used for.
fn tool(name: &str, input: Option<&Value>) -> String {
    const TELLING: [&str; 9] =
        ["command", "description", "file_path", "filePath", "path", "pattern", "query", "url", "prompt"];
    let about = TELLING.iter().find_map(|key| input?.get(key)?.as_str());
    match about {
        Some(about) => format!("{name}: {}", first_line(about)),
        None => name.to_owned(),
    }
}

/// The first line with something in it, not too long.
fn first_line(text: &str) -> String {
    /// Characters; a terminal's line and a half.
    const LONGEST: usize = 120;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        None => line.to_owned(),
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}
