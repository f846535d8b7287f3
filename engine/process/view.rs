//! Programs that somebody watches: the tools that build a component, and the run after it.

use crate::own::OwnError;
use hob_core::ExitStatus;
use std::{
    ffi::OsString,
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
};

/// A program that has this terminal, in this process group: ctrl-c reaches it.
#[derive(Debug)]
pub struct Viewed<'a> {
    /// The file.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [OsString],
    /// The folder in which it runs.
    pub folder: &'a Path,
    /// Variables beside those of this process.
    pub env: &'a [(OsString, OsString)],
    /// Whether what it prints on stdout goes to stderr: where stdout is for what this process has to say.
    pub to_stderr: bool,
}

/// Runs it to its end. Blocks the calling thread.
pub fn run_in_view(viewed: &Viewed<'_>) -> Result<ExitStatus, OwnError> {
    let start = |source| OwnError::Start { program: viewed.program.to_owned(), source };
    let stdout = if viewed.to_stderr { Stdio::from(io::stderr()) } else { Stdio::inherit() };
    let mut child = Command::new(viewed.program)
        .args(viewed.args)
        .envs(viewed.env.iter().map(|(name, value)| (name, value)))
        .current_dir(viewed.folder)
        .stdin(Stdio::null())
        .stdout(stdout)
        .spawn()
        .map_err(start)?;
    let status = child.wait().map_err(|source| OwnError::Follow { program: viewed.program.to_owned(), source })?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, signal) => ExitStatus::Signal(signal.unwrap_or_default()),
    })
}
