//! Who runs what was handed in: the daemon, or, with `background_execution = false`, this process.

use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    start::ensure_daemon,
    wire::Crew,
};
use hob_core::{State, TaskId};
use hob_runner::Mode;
use hob_store::Store;
use std::{
    path::Path,
    thread::{self, JoinHandle},
};

/// Who will run what is about to be handed in.
pub enum Hands {
    /// The daemon.
    Background,
    /// A worker in this process.
    Foreground(Box<Crew>),
}

impl Hands {
    /// As the configuration says. To be called before the process has a second thread.
    pub fn of(context: &Context) -> CommandResult<Self> {
        if context.settings()?.background_execution {
            Ok(Self::Background)
        } else {
            Ok(Self::Foreground(Box::new(Crew::prepare(context, Mode::Foreground)?)))
        }
    }

    /// Begins with these tasks, which were accepted just now. In the foreground they run within the slots that
    /// there are, in this order.
    pub fn begin(self, context: &Context, tasks: Vec<TaskId>) -> CommandResult<Option<Foreground>> {
        match self {
            Self::Background => {
                ensure_daemon(context)?;
                Ok(None)
            }
            Self::Foreground(crew) => {
                let state = context.places.state.clone();
                let thread = thread::Builder::new().name("foreground".to_owned());
                Ok(Some(Foreground(thread.spawn(move || run(*crew, &state, &tasks))?)))
            }
        }
    }
}

/// The worker of this process.
pub struct Foreground(JoinHandle<CommandResult<()>>);

impl Foreground {
    /// Whether it has ended, and with it its tasks.
    pub fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end; why it could not do its work.
    pub fn end(self) -> CommandResult<()> {
        self.0.join().unwrap_or_else(|_| Err(CommandError::internal(anyhow::anyhow!("the worker's thread died"))))
    }
}

/// Works, and leaves nothing behind that nobody would run.
fn run(crew: Crew, state: &Path, tasks: &[TaskId]) -> CommandResult<()> {
    let worked = crew.work(tasks.to_vec(), |_| cancel(state, tasks));
    let left = left(state, tasks)?;
    let waits: Vec<TaskId> = left.iter().map(|(id, _)| id.clone()).collect();
    cancel(state, &waits);
    worked?;
    match left.into_iter().find_map(|(id, blocked)| Some((id, blocked?))) {
        None => Ok(()),
        Some((id, reason)) => Err(CommandError::new(Exit::Configuration, anyhow::anyhow!("{id} cannot run: {reason}"))
            .hint(format!("hob retry {id}   tries it again"))),
    }
}

/// Those that still wait, each with the reason if its executor cannot run.
fn left(state: &Path, tasks: &[TaskId]) -> CommandResult<Vec<(TaskId, Option<String>)>> {
    let store = Store::open(state)?;
    let mut left = Vec::new();
    for id in tasks {
        if let Some(State::Pending { blocked, .. }) = store.get(id)?.map(|task| task.state) {
            left.push((id.clone(), blocked));
        }
    }
    Ok(left)
}

/// In the foreground, to end the command is to end its tasks.
fn cancel(state: &Path, tasks: &[TaskId]) {
    if tasks.is_empty() {
        return;
    }
    if let Err(error) = Store::open(state).and_then(|mut store| store.cancel(tasks, now())) {
        tracing::error!(%error, "the tasks could not be cancelled");
    }
}
