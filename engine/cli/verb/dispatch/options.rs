use crate::error::{CommandError, CommandResult};
use hob_core::{Priority, SessionId, TaskId, parse_duration};
use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

/// The variable that says which session dispatches.
pub const SESSION: &str = "HOB_SESSION";
/// What agents themselves call their session in the environment of their commands.
const SESSIONS_OF_AGENTS: [&str; 3] = ["CLAUDE_CODE_SESSION_ID", "CODEX_SESSION_ID", "CODEX_THREAD_ID"];

/// What every dispatch can say, before or after the executor.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Task")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct Options {
    /// Your own id for it, such as search-auth; repeating the same dispatch is then safe.
    #[arg(long, value_name = "ID")]
    pub id: Option<TaskId>,
    /// The folder it is about [default: this one].
    #[arg(long, value_name = "FOLDER")]
    pub cwd: Option<PathBuf>,
    /// When it goes: low, medium or high [default: medium].
    #[arg(long, value_name = "PRIORITY")]
    pub priority: Option<Priority>,
    /// The time that the task may take, such as 90s or 1h30m.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// The session it belongs to [default: `HOB_SESSION`, or that of the agent which calls hob].
    #[arg(long, value_name = "SESSION")]
    pub session: Option<SessionId>,
    /// The parameters as a JSON object, @FILE or @- for standard input; arguments go over it.
    #[arg(long, value_name = "JSON")]
    pub params: Option<String>,
    /// Wait until it has ended and print its result; exit 1 if it failed.
    #[arg(long)]
    pub wait: bool,
    /// Show its output as it comes, then as --wait.
    #[arg(long)]
    pub follow: bool,
    /// Print nothing but the id, on a terminal as well, and no advice.
    #[arg(long, short)]
    pub quiet: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Options {
    /// The folder of the task, absolute.
    pub fn folder(&self) -> CommandResult<PathBuf> {
        folder(self.cwd.as_deref())
    }

    /// The session that dispatches.
    pub fn session(&self) -> CommandResult<Option<SessionId>> {
        session(self.session.as_ref())
    }
}

/// The folder that was given with `--cwd`, or the current one, absolute.
pub fn folder(given: Option<&Path>) -> CommandResult<PathBuf> {
    match given {
        None => env::current_dir().map_err(|error| {
            CommandError::usage(format!("cannot find the current folder: {error}")).hint("give one with --cwd")
        }),
        Some(folder) => absolute(folder).map_err(|error| CommandError::usage(format!("--cwd: {error}"))),
    }
}

/// The session that was given with `--session`, or that of the environment.
pub fn session(given: Option<&SessionId>) -> CommandResult<Option<SessionId>> {
    if given.is_some() {
        return Ok(given.cloned());
    }
    match env::var_os(SESSION).filter(|value| !value.is_empty()) {
        None => Ok(SESSIONS_OF_AGENTS.iter().find_map(|name| env::var(name).ok()?.parse().ok())),
        Some(value) => match value.into_string().unwrap_or_default().parse() {
            Ok(session) => Ok(Some(session)),
            Err(error) => Err(CommandError::usage(format!("{SESSION}: {error}"))),
        },
    }
}

/// The folder as an absolute path, if it is one.
pub fn absolute(folder: &Path) -> Result<PathBuf, String> {
    let path = std::path::absolute(folder).map_err(|error| error.to_string())?;
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(path),
        Ok(_) => Err(format!("{} is not a folder", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
