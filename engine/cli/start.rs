use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    logging,
};
use hob_runner::daemon::Election;
use std::{env, ffi::OsString, io::Write as _};

/// Makes sure that somebody runs what was handed in, where the configuration wants the daemon to
/// start by itself and tasks to run in the background. A daemon that does not start is no reason to say that the task was not accepted.
pub fn ensure_daemon(context: &Context) -> CommandResult<()> {
    let settings = context.settings()?;
    if !settings.autostart || !settings.background_execution {
        return Ok(());
    }
    if let Err(error) = start_daemon(context) {
        let error = error.context("the task waits, but the daemon did not start").hint("start it: hob daemon start");
        error.write(&mut anstream::stderr().lock(), false)?;
    }
    Ok(())
}

/// Starts the daemon unless there is one; whether it was started. However many do this at once, one
/// of them wins the election and hands it to the daemon.
pub fn start_daemon(context: &Context) -> CommandResult<bool> {
    let state = &context.places.state;
    let Some(election) = Election::win(state).map_err(|error| cannot_start(error.into()))? else {
        return Ok(false);
    };
    let log = logging::open_log(&context.places).map_err(|error| cannot_start(error.into()))?;
    let program = env::current_exe()?;
    let words = ["daemon", "run", "--detached"].map(OsString::from);
    hob_process::spawn_detached(&program, &words, election.into_stdin(), log)
        .map_err(|error| cannot_start(error.into()))?;
    Ok(true)
}

fn cannot_start(cause: anyhow::Error) -> CommandError {
    CommandError::internal(cause).context("cannot start the daemon")
}

/// A line on stderr that is no error.
pub fn note(text: &str) -> CommandResult<()> {
    writeln!(anstream::stderr().lock(), "hob: {}", hob_core::sanitize(text))?;
    Ok(())
}
