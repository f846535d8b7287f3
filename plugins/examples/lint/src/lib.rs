//! Runs a linter and brings its findings back as data.

mod clippy;
mod linter;
mod shellcheck;
#[cfg(test)]
mod tests;

use hob_plugin::{About, Context, Executor, Failure, JsonSchema, NoSettings, Success, Task, TaskError, schemars};
use linter::{Finding, Level};
use serde::{Deserialize, Serialize};

struct Lint;

hob_plugin::export!(Lint);

#[derive(Deserialize, JsonSchema)]
struct Params {
    /// Which linter; auto: Clippy where there is a Cargo.toml, else ShellCheck
    #[serde(default)]
    #[schemars(extend("x-hob-cli" = { "positional": true }))]
    linter: Choice,
    /// For ShellCheck: which files; otherwise all that end in .sh or .bash
    #[serde(default)]
    #[schemars(inner(length(min = 1)), extend("x-hob-cli" = { "short": "g" }))]
    glob: Vec<String>,
    /// Fail where a finding is of this level or of a higher one
    fail_on: Option<Level>,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Choice {
    #[default]
    Auto,
    Clippy,
    Shellcheck,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Data {
    /// The one that ran
    linter: &'static str,
    errors: usize,
    warnings: usize,
    /// Of a lower level
    notes: usize,
    /// Ordered as the linter says them
    findings: Vec<Finding>,
}

impl Executor for Lint {
    type Params = Params;
    type Settings = NoSettings;
    type Data = Data;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION"))
            .asks_folder("/project", "ro", "it looks for scripts and a Cargo.toml in the folder you are in")
            .asks_program("cargo", "it runs `cargo clippy`")
            .asks_program("shellcheck", "it runs ShellCheck on scripts")
            .asks_variable("*", "cargo finds its toolchain and your proxy as in your terminal")
    }

    fn run(task: Task<Params>, context: Context) -> Result<Success<Data>, TaskError> {
        let choice = match task.params.linter {
            Choice::Auto if std::fs::exists(format!("{}/Cargo.toml", task.project()))? => Choice::Clippy,
            Choice::Auto => Choice::Shellcheck,
            chosen => chosen,
        };
        let (linter, findings) = match choice {
            Choice::Clippy => ("clippy", clippy::run(context)?),
            Choice::Auto | Choice::Shellcheck => {
                ("shellcheck", shellcheck::run(task.project(), &task.params.glob, context)?)
            }
        };
        let of = |level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings, notes) = (of(Level::Error), of(Level::Warning), of(Level::Note));
        let summary = match findings.as_slice() {
            [] => format!("{linter} finds nothing"),
            [first, ..] => format!("{linter}: {errors} errors, {warnings} warnings, {notes} notes; first: {first}"),
        };
        let is_bad = |finding: &Finding| task.params.fail_on.is_some_and(|level| finding.level >= level);
        let fails = findings.iter().any(is_bad);
        let data = Data { linter, errors, warnings, notes, findings };
        if fails {
            return Err(Failure::new(summary).with_data(&data).into());
        }
        Ok(Success::with_data(summary, data))
    }
}
