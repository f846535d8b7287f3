use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    foreground::Foreground,
    logging,
};
use hob_process::Detached;
use hob_runner::{
    daemon::{self, Election, Presence, presence},
    life,
};
use hob_store::Store;
use std::{
    env,
    ffi::OsString,
    io::{self, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// How long the threads of a killed daemon may take to let go of its locks. A second: they take milliseconds, unless the
/// kernel holds one of them.
const TAKEN_APART: Duration = Duration::from_secs(1);

/// Makes sure that somebody runs what was handed in, where the configuration wants the daemon to
/// start by itself and tasks to run in the background. A daemon that does not start is no reason to say that the task was not accepted.
pub fn ensure_daemon(context: &Context) -> CommandResult<()> {
    if !context.settings()?.starts_daemon() {
        return Ok(());
    }
    if let Err(error) = start_daemon(context) {
        let error = error.context("the task waits, but the daemon did not start").hint("start it: hob daemon start");
        error.write(&mut anstream::stderr().lock(), false)?;
    }
    Ok(())
}

/// Starts the daemon unless there is one; whether it was started. However many do this at once, one
/// of them wins the election and hands it to the daemon. Within a task it would end with that task: there the worker
/// that runs the task is asked to start it.
pub fn start_daemon(context: &Context) -> CommandResult<bool> {
    let state = &context.places.state;
    let Some(election) = win(state).map_err(|error| cannot_start(error.into()))? else {
        return Ok(false);
    };
    if hob_process::is_within_a_task() {
        drop(election);
        if daemon::want(state).map_err(|error| cannot_start(error.into()))? {
            hob_store::ring(state);
        }
        return Ok(false);
    }
    let log = logging::open_log(&context.places).map_err(|error| cannot_start(error.into()))?;
    let program = env::current_exe()?;
    let words = ["daemon", "run", "--detached"].map(OsString::from);
    hob_process::spawn_detached(&program, &words, Some(election.into_stdin()), log)
        .map_err(|error| cannot_start(error.into()))?;
    Ok(true)
}

/// The right to start the daemon, if nobody has it; a daemon that was killed a moment ago is waited for.
fn win(state: &Path) -> io::Result<Option<Election>> {
    if let Some(election) = Election::win(state)? {
        return Ok(Some(election));
    }
    let is_ending = match presence(state)? {
        Presence::Running(info) => info.is_some_and(|info| hob_process::is_ending(info.pid)),
        Presence::Stopped => false,
    };
    if !is_ending {
        return Ok(None);
    }
    let (tell, gone) = mpsc::channel();
    let folder = state.to_owned();
    thread::spawn(move || tell.send(daemon::until_stopped(&folder)));
    let _ = gone.recv_timeout(TAKEN_APART);
    Election::win(state)
}

/// Whether there is something to do and nobody who does it: no daemon, and a free slot for a task that waits, or
/// a task whose worker died.
pub fn nobody_works(context: &Context, store: &Store) -> CommandResult<bool> {
    let state = &context.places.state;
    if presence(state)? != Presence::Stopped {
        return Ok(false);
    }
    let ask = |view: &hob_store::View<'_>| Ok((view.is_anything_queued()?, view.counts()?.running, view.workers()?));
    let (is_queued, running, workers) = store.view(ask)?;
    let has_slot = running < u64::from(context.settings()?.max_background_tasks);
    let is_lost =
        || workers.iter().any(|worker| worker.running > 0 && matches!(life::is_dead(state, &worker.id), Ok(true)));
    Ok((is_queued && has_slot) || is_lost())
}

/// Starts a lazy worker that runs one task, detached.
pub fn start_lazy_worker(context: &Context) -> CommandResult<Detached> {
    let failed = |cause: anyhow::Error| CommandError::internal(cause).context("cannot start a worker");
    let log = logging::open_log(&context.places).map_err(|error| failed(error.into()))?;
    let words = ["work", "--once", "--detached"].map(OsString::from);
    hob_process::spawn_detached(&env::current_exe()?, &words, None, log).map_err(|error| failed(error.into()))
}

/// Whoever waits lends a hand where no daemon is to start by itself: one lazy worker after the other, for as long as
/// nobody else works.
pub struct Hand {
    is_needed: bool,
    is_working: Arc<AtomicBool>,
}

impl Hand {
    /// That of a process which has no worker of its own for what it waits for.
    pub fn beside(foreground: Option<&Foreground>) -> Self {
        Self { is_needed: foreground.is_none(), is_working: Arc::default() }
    }

    /// Looks whether one is needed. To be called again after every change.
    pub fn lend(&self, context: &Context, store: &Store) -> CommandResult<()> {
        if !self.is_needed
            || context.settings()?.starts_daemon()
            || self.is_working.load(Ordering::Acquire)
            || !nobody_works(context, store)?
        {
            return Ok(());
        }
        let worker = start_lazy_worker(context)?;
        self.is_working.store(true, Ordering::Release);
        let (working, state) = (Arc::clone(&self.is_working), context.places.state.clone());
        thread::spawn(move || {
            let _ = worker.wait();
            working.store(false, Ordering::Release);
            // Its last commit came before its end.
            hob_store::ring(&state);
        });
        Ok(())
    }
}

fn cannot_start(cause: anyhow::Error) -> CommandError {
    CommandError::internal(cause).context("cannot start the daemon")
}

/// A line on stderr that is no error.
pub fn note(text: &str) -> CommandResult<()> {
    writeln!(anstream::stderr().lock(), "hob: {}", hob_core::sanitize(text))?;
    Ok(())
}
