//! `cargo clippy`, read while it runs.

use crate::linter::{Finding, Level};
use hob_plugin::{
    Context, TaskError,
    process::{Command, Stdio},
};
use serde::Deserialize;
use std::io::{BufRead, BufReader};

#[derive(Deserialize)]
struct Line {
    reason: String,
    target: Option<Target>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    code: Option<Code>,
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

pub fn run(context: Context) -> Result<Vec<Finding>, TaskError> {
    context.progress("cargo clippy begins");
    let command = Command::new("cargo").args(["clippy", "--quiet", "--all-targets", "--message-format=json"]);
    // What it says on stderr, such as that there is no Cargo.toml, goes to the task's output as it is.
    let child = command.stdout(Stdio::Pipe).spawn()?;
    let mut findings: Vec<Finding> = Vec::new();
    for line in child.take_stdout().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let Ok(line) = serde_json::from_str::<Line>(&line?) else { continue };
        if let (Some(target), "compiler-artifact") = (&line.target, line.reason.as_str()) {
            context.progress(&format!("{} is looked at, {} findings so far", target.name, findings.len()));
        }
        // A file that is in a library and in its tests is told twice.
        if let Some(finding) = line.message.and_then(Message::finding).filter(|finding| !findings.contains(finding)) {
            context.print(&format!("{finding}\n"))?;
            findings.push(finding);
        }
    }
    let status = child.wait();
    context.check()?;
    if !status.is_success() && findings.is_empty() {
        return Err(TaskError::failed("cargo clippy could not look at the crate; the output has its words"));
    }
    Ok(findings)
}

impl Message {
    /// None for what has no place, such as how many warnings there were.
    fn finding(self) -> Option<Finding> {
        let span = self.spans.into_iter().find(|span| span.is_primary)?;
        Some(Finding {
            file: span.file_name,
            line: span.line_start,
            column: span.column_start,
            level: Level::of(&self.level),
            rule: self.code.map(|code| code.code),
            message: self.message,
        })
    }
}
