//! Native programs. They run with the rights of the person, and end with the task.

use crate::{
    bindings::hob::plugin::process as wit,
    host,
    io::{Reader, Waitable, Writer},
};
use std::{error::Error, fmt};

pub use wit::{ExitStatus, Output, Signal};

/// A program that was not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// It is not granted; the text has the lines that would allow it.
    Denied(String),
    /// There is none; the text names the path.
    NotFound(String),
    /// It cannot be started as given.
    Invalid(String),
    /// The text names the limit.
    Limit(String),
    /// The operating system's own words.
    Os(String),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Denied(text) | Self::NotFound(text) | Self::Invalid(text) | Self::Limit(text) | Self::Os(text)) =
            self;
        f.write_str(text)
    }
}

impl Error for SpawnError {}

impl From<wit::SpawnError> for SpawnError {
    fn from(error: wit::SpawnError) -> Self {
        match error {
            wit::SpawnError::Denied(text) => Self::Denied(text),
            wit::SpawnError::NotFound(text) => Self::NotFound(text),
            wit::SpawnError::Invalid(text) => Self::Invalid(text),
            wit::SpawnError::Limit(text) => Self::Limit(text),
            wit::SpawnError::Os(text) => Self::Os(text),
        }
    }
}

/// Where a program's stream leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// Nowhere.
    Null,
    /// To the component.
    Pipe,
    /// To the task's output; the bytes never come here.
    #[default]
    TaskOutput,
}

/// A program to be started. What it prints goes to the task's output, and it reads nothing, unless said otherwise.
#[derive(Clone, Debug)]
pub struct Command {
    base: wit::Command,
    stdout: Stdio,
    stderr: Stdio,
    input: Option<Vec<u8>>,
    max_bytes: u32,
}

/// Bytes of each stream that [`Command::output`] keeps: a large report fits into a component's memory many times.
const MAX_BYTES: u32 = 16 << 20;

impl Command {
    /// By the name that is granted.
    pub fn new(program: impl Into<String>) -> Self {
        let base = wit::Command {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: wit::StdinMode::Null,
            stdout: wit::OutputMode::Null,
            stderr: wit::OutputMode::Null,
        };
        Self { base, stdout: Stdio::TaskOutput, stderr: Stdio::TaskOutput, input: None, max_bytes: MAX_BYTES }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.base.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.base.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A variable besides those that are granted; its name needs a grant too.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.base.env.push((name.into(), value.into()));
        self
    }

    /// A folder as the component sees it; otherwise it is the task's own.
    #[must_use]
    pub fn current_dir(mut self, guest: impl Into<String>) -> Self {
        self.base.cwd = Some(guest.into());
        self
    }

    /// What it reads from its standard input.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// Where its standard output leads.
    #[must_use]
    pub fn stdout(mut self, to: Stdio) -> Self {
        self.stdout = to;
        self
    }

    /// Where its errors lead.
    #[must_use]
    pub fn stderr(mut self, to: Stdio) -> Self {
        self.stderr = to;
        self
    }

    /// How much of each stream [`Self::output`] keeps.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u32) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Runs it to its end and gives what it printed on both streams.
    pub fn output(mut self) -> Result<Output, SpawnError> {
        (self.stdout, self.stderr) = (Stdio::Pipe, Stdio::Pipe);
        self.run()
    }

    /// Runs it to its end; [`Output`] has the streams that are [`Stdio::Pipe`].
    pub fn run(mut self) -> Result<Output, SpawnError> {
        let input = self.input.take().unwrap_or_default();
        // An empty input is the end of the file.
        let stdin = if input.is_empty() { wit::StdinMode::Null } else { wit::StdinMode::Pipe };
        Ok(host::process::run(&self.with(stdin), &input, self.max_bytes)?)
    }

    /// Runs it to its end; what it prints goes to the task's output.
    pub fn status(self) -> Result<ExitStatus, SpawnError> {
        Ok(self.run()?.status)
    }

    /// Starts it. Its input, if it shall read something, is written to [`Child::take_stdin`].
    pub fn spawn(self) -> Result<Child, SpawnError> {
        let stdin = if self.input.is_some() { wit::StdinMode::Pipe } else { wit::StdinMode::Null };
        let child = Child(host::process::spawn(&self.with(stdin))?);
        if let Some(input) = self.input.as_deref().filter(|input| !input.is_empty()) {
            if let Some(stdin) = child.take_stdin() {
                // A program may well end without reading all of its input; how it ended says more.
                let _ = stdin.send(input).and_then(|()| stdin.finish());
            }
        }
        Ok(child)
    }

    fn with(&self, stdin: wit::StdinMode) -> wit::Command {
        let mode = |to| match to {
            Stdio::Null => wit::OutputMode::Null,
            Stdio::Pipe => wit::OutputMode::Pipe,
            Stdio::TaskOutput => wit::OutputMode::TaskOutput,
        };
        wit::Command { stdin, stdout: mode(self.stdout), stderr: mode(self.stderr), ..self.base.clone() }
    }
}

impl ExitStatus {
    /// Whether it returned 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }

    /// What it returned; none where a signal or the host ended it.
    pub fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) | Self::Killed => None,
        }
    }
}

/// A running program, and all that it starts. They end when this is dropped.
#[derive(Debug)]
pub struct Child(host::process::Child);

impl Child {
    /// Its number in the system.
    pub fn id(&self) -> u32 {
        self.0.pid()
    }

    /// Its standard input, once, where that was asked for with [`Command::input`]`("")`.
    pub fn take_stdin(&self) -> Option<Writer> {
        self.0.take_stdin().map(Writer)
    }

    /// Its standard output, once.
    pub fn take_stdout(&self) -> Option<Reader> {
        self.0.take_stdout().map(Reader)
    }

    /// Its errors, once.
    pub fn take_stderr(&self) -> Option<Reader> {
        self.0.take_stderr().map(Reader)
    }

    /// Ready when it has ended.
    pub fn exited(&self) -> Waitable {
        Waitable(self.0.exited())
    }

    /// How it ended; none while it runs.
    pub fn status(&self) -> Option<ExitStatus> {
        self.0.status()
    }

    /// Waits for its end. What it left running is ended.
    pub fn wait(&self) -> ExitStatus {
        self.0.wait()
    }

    /// Sends it a signal; the words say why that was not possible.
    pub fn signal(&self, signal: Signal) -> Result<(), crate::Refused> {
        self.0.signal(signal).map_err(crate::Refused::of)
    }
}
