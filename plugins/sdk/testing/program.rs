use crate::process::ExitStatus;
use std::{io::Write as _, path::PathBuf, process, rc::Rc, thread};

pub type Program = Rc<dyn Fn(&Call) -> Ended>;

/// How a program of the world was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The variables that the executor added.
    pub env: Vec<(String, String)>,
    /// The folder on this machine.
    pub cwd: PathBuf,
    /// All of its input.
    pub stdin: Vec<u8>,
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Ended {
    /// It printed this and returned 0.
    pub fn printed(text: impl Into<Vec<u8>>) -> Self {
        Self { status: ExitStatus::Code(0), stdout: text.into(), stderr: Vec::new() }
    }

    /// It returned this.
    #[must_use]
    pub fn code(self, code: i32) -> Self {
        Self { status: ExitStatus::Code(code), ..self }
    }

    /// It ended in this way.
    #[must_use]
    pub fn status(self, status: ExitStatus) -> Self {
        Self { status, ..self }
    }

    /// It printed this on stderr.
    #[must_use]
    pub fn complained(self, text: impl Into<Vec<u8>>) -> Self {
        Self { stderr: text.into(), ..self }
    }
}

/// Runs the program of that name on this machine.
pub fn really(call: &Call) -> Ended {
    let mut command = process::Command::new(&call.program);
    command.args(&call.args).envs(call.env.iter().map(|(name, value)| (name, value))).current_dir(&call.cwd);
    command.stdin(process::Stdio::piped()).stdout(process::Stdio::piped()).stderr(process::Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("start {}: {error}", call.program));
    let (stdin, bytes) = (child.stdin.take(), call.stdin.clone());
    // A program that prints while it still reads would block, were it not read meanwhile.
    let feeding = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("wait for {}: {error}", call.program));
    // A program may well end without reading all of its input.
    drop(feeding.join());
    Ended { status: status(output.status), stdout: output.stdout, stderr: output.stderr }
}

fn status(status: process::ExitStatus) -> ExitStatus {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitStatus::Signal(signal);
    }
    status.code().map_or(ExitStatus::Killed, ExitStatus::Code)
}
