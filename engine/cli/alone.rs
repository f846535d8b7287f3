//! The state folder for one command alone: nobody runs tasks, and nobody begins to.

use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
};
use hob_runner::{daemon::Election, life, stale};
use hob_store::Error;
use std::{
    thread,
    time::{Duration, Instant},
};

/// How long somebody who works is given to end. 5 s: a worker whose last task has just been waited for is gone within one.
const ENDING: Duration = Duration::from_secs(5);

/// Held for as long as nobody is to work.
pub struct Alone<'a> {
    context: &'a Context,
    /// Without it no daemon begins.
    _election: Election,
}

impl<'a> Alone<'a> {
    /// Sees to it, or says who works.
    pub fn begin(context: &'a Context) -> CommandResult<Self> {
        let state = &context.places.state;
        let won = life::private_folder(state).and_then(|()| Election::win(state));
        let failed = |error: std::io::Error| {
            CommandError::internal(error).context(format!("cannot write to {}", state.display()))
        };
        let Some(election) = won.map_err(failed)? else {
            let message = anyhow::anyhow!("the daemon runs in {}", state.display());
            return Err(CommandError::new(Exit::Busy, message).hint("stop it first: hob daemon stop"));
        };
        let alone = Self { context, _election: election };
        let patience = Instant::now() + ENDING;
        while let Err(error) = alone.check() {
            if Instant::now() > patience {
                return Err(error.into());
            }
            // A lock tells nobody that it was let go; whoever waits for it would hold it.
            thread::sleep(Duration::from_millis(20));
        }
        Ok(alone)
    }

    /// Looks again: a worker that is no daemon needs nobody's leave.
    pub fn check(&self) -> hob_store::Result<()> {
        let path = self.context.places.state.clone();
        match stale::at_work(&path).first() {
            None => Ok(()),
            Some(by) => Err(Error::InUse { path, by: by.clone() }),
        }
    }
}
