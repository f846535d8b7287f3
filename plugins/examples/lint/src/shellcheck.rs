//! `shellcheck`, on many scripts at once.

use crate::linter::{Finding, Level};
use hob_plugin::{
    Context, TaskError, files,
    process::{Command, Stdio},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Report {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    file: String,
    line: u32,
    column: u32,
    level: String,
    code: u32,
    message: String,
}

/// Files in one call: far from what a command line may hold.
const AT_ONCE: usize = 200;

pub fn run(project: &str, globs: &[String], context: Context) -> Result<Vec<Finding>, TaskError> {
    let globs = if globs.is_empty() { vec!["*.sh".to_owned(), "*.bash".to_owned()] } else { globs.to_vec() };
    let below = |path: &str| path.strip_prefix(project).unwrap_or(path).trim_start_matches('/').to_owned();
    let scripts: Vec<String> = files::walk(project).globs(globs).files()?.map(|file| below(&file.path)).collect();
    let mut findings = Vec::new();
    for some in scripts.chunks(AT_ONCE) {
        context.progress(&format!("{} scripts, {} findings so far", scripts.len(), findings.len()));
        let command = Command::new("shellcheck").args(["--format=json1", "--"]).args(some).stdout(Stdio::Pipe);
        let output = command.run()?;
        context.check()?;
        // It returns 1 where it found something, and more where it could not look.
        if output.status.code().is_none_or(|code| code > 1) {
            return Err(TaskError::failed("shellcheck could not look at the scripts; the output has its words"));
        }
        let report: Report = serde_json::from_slice(&output.stdout)
            .map_err(|error| TaskError::from(error).doing("read what shellcheck printed"))?;
        for comment in report.comments {
            let finding = Finding {
                file: comment.file,
                line: comment.line,
                column: comment.column,
                level: Level::of(&comment.level),
                rule: Some(format!("SC{}", comment.code)),
                message: comment.message,
            };
            context.print(&format!("{finding}\n"))?;
            findings.push(finding);
        }
    }
    Ok(findings)
}
