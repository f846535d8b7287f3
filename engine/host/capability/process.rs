//! Native programs: what may be started is decided here, starting and ending them is `hob-process`'s.

mod children;
mod command;
mod run;

pub(crate) use children::Children;

use super::io::{Reader, Writer};
use crate::{bindings::hob::plugin::process, capability::io::Waitable, guest::Guest};
use children::Entry;
use hob_process::{StdioSpec, Tree, output_pipe, pump};
use process::{Command, ExitStatus, OutputMode, SpawnError, StdinMode};
use std::{os::fd::OwnedFd, sync::Arc, time::Duration};
use tokio::net::unix::pipe::{Receiver, Sender};
use wasmtime::{Result, component::Resource};

/// Time that a program has to end when its handle is dropped.
const DROP_GRACE: Duration = Duration::from_secs(2);

/// The host's side of `process.child`. Dropping it ends the tree.
pub struct Child {
    entry: Arc<Entry>,
    stdin: Option<Sender>,
    stdout: Option<Receiver>,
    stderr: Option<Receiver>,
}

impl Drop for Child {
    fn drop(&mut self) {
        self.entry.start_ending(DROP_GRACE);
    }
}

/// Becomes ready when a program has ended.
#[derive(Clone)]
pub struct Exited(Tree);

impl Exited {
    pub(crate) async fn wait(self) {
        self.0.exited().await;
    }
}

impl Guest {
    async fn start(&mut self, command: Command) -> std::result::Result<Child, SpawnError> {
        let mut request = command::authorise(&self.surroundings, &command)?;
        if self.cancel.is_set() {
            return Err(SpawnError::Os("nothing is started any more: the task was asked to stop".to_owned()));
        }
        let Some(zygote) = self.surroundings.zygote.clone() else {
            return Err(SpawnError::Os("nothing can be started while a component describes itself".to_owned()));
        };
        request.processes = self.surroundings.limits.processes;
        let limit = self.surroundings.limits.children;
        self.children.make_room(limit).await.map_err(|()| {
            let executor = &self.surroundings.executor;
            SpawnError::Limit(format!(
                "{executor} already runs {limit} programs. To allow more at once, put this into hob.toml (`hob config \
                 path` shows where):\n\n[executors.{executor}.limits]\nchildren = {}",
                limit.saturating_mul(2).max(1)
            ))
        })?;
        let os = |error: std::io::Error| SpawnError::Os(error.to_string());
        let mut shared = None;
        let spec = |mode| match mode {
            OutputMode::Null => StdioSpec::Null,
            OutputMode::Pipe | OutputMode::TaskOutput => StdioSpec::Pipe,
        };
        (request.stdout, request.stderr) = match (command.stdout, command.stderr) {
            // One pipe for both, so that the order of what it prints is kept.
            (OutputMode::TaskOutput, OutputMode::TaskOutput) => {
                let (read, out, err) = output_pipe().map_err(os)?;
                shared = Some(read);
                (StdioSpec::Fd(out), StdioSpec::Fd(err))
            }
            (stdout, stderr) => (spec(stdout), spec(stderr)),
        };
        request.stdin = match command.stdin {
            StdinMode::Null => StdioSpec::Null,
            StdinMode::Pipe => StdioSpec::Pipe,
        };
        let mut child = zygote.spawn(request).await.map_err(|error| command::spawn_error(&error))?;
        let spliced: Vec<OwnedFd> = [
            shared,
            if command.stdout == OutputMode::TaskOutput { child.take_stdout_fd() } else { None },
            if command.stderr == OutputMode::TaskOutput { child.take_stderr_fd() } else { None },
        ]
        .into_iter()
        .flatten()
        .collect();
        let (stdin, stdout, stderr) = (child.take_stdin(), child.take_stdout(), child.take_stderr());
        let mut pumps = Vec::with_capacity(spliced.len());
        for pipe in spliced {
            let sink = Arc::clone(&self.surroundings.output);
            let write = move |bytes: &[u8]| sink.write(bytes).map_err(std::io::Error::other);
            pumps.push(pump(pipe, child.tree(), write).map_err(os)?);
        }
        let entry = self.children.add(child, pumps);
        Ok(Child { entry, stdin: stdin.map_err(os)?, stdout: stdout.map_err(os)?, stderr: stderr.map_err(os)? })
    }
}

impl process::Host for Guest {
    async fn spawn(&mut self, command: Command) -> Result<std::result::Result<Resource<Child>, SpawnError>> {
        match self.start(command).await {
            Ok(child) => Ok(Ok(self.table.push(child)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn run(
        &mut self,
        mut command: Command,
        stdin: Vec<u8>,
        max_bytes: u32,
    ) -> Result<std::result::Result<process::Output, SpawnError>> {
        if !stdin.is_empty() {
            command.stdin = StdinMode::Pipe;
        }
        match self.start(command).await {
            Ok(mut child) => Ok(Ok(run::to_the_end(&mut child, &stdin, max_bytes).await)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl process::HostChild for Guest {
    async fn pid(&mut self, this: Resource<Child>) -> Result<u32> {
        Ok(self.table.get(&this)?.entry.pid())
    }

    async fn take_stdin(&mut self, this: Resource<Child>) -> Result<Option<Resource<Writer>>> {
        let Some(pipe) = self.table.get_mut(&this)?.stdin.take() else { return Ok(None) };
        Ok(Some(self.table.push(Writer::pipe(pipe))?))
    }

    async fn take_stdout(&mut self, this: Resource<Child>) -> Result<Option<Resource<Reader>>> {
        let Some(pipe) = self.table.get_mut(&this)?.stdout.take() else { return Ok(None) };
        Ok(Some(self.table.push(Reader::pipe(pipe))?))
    }

    async fn take_stderr(&mut self, this: Resource<Child>) -> Result<Option<Resource<Reader>>> {
        let Some(pipe) = self.table.get_mut(&this)?.stderr.take() else { return Ok(None) };
        Ok(Some(self.table.push(Reader::pipe(pipe))?))
    }

    async fn exited(&mut self, this: Resource<Child>) -> Result<Resource<Waitable>> {
        let tree = self.table.get(&this)?.entry.tree();
        Ok(self.table.push(Waitable::Exited(Exited(tree)))?)
    }

    async fn status(&mut self, this: Resource<Child>) -> Result<Option<ExitStatus>> {
        Ok(self.table.get(&this)?.entry.status())
    }

    /// Also ends when the task is cancelled: all its trees are told to end then.
    async fn wait(&mut self, this: Resource<Child>) -> Result<ExitStatus> {
        let entry = Arc::clone(&self.table.get(&this)?.entry);
        Ok(entry.wait().await)
    }

    async fn signal(
        &mut self,
        this: Resource<Child>,
        signal: process::Signal,
    ) -> Result<std::result::Result<(), String>> {
        let signal = match signal {
            process::Signal::Interrupt => hob_process::Signal::Interrupt,
            process::Signal::Terminate => hob_process::Signal::Terminate,
            process::Signal::Kill => hob_process::Signal::Kill,
        };
        Ok(self.table.get(&this)?.entry.signal(signal).map_err(|error| error.to_string()))
    }

    async fn drop(&mut self, this: Resource<Child>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
