use super::known::Accepted;
use crate::{context::Context, error::CommandResult, exit::Exit, render};
use hob_core::ComponentSource;
use hob_settings::{Edit, EditError};
use serde_json::json;
use std::io::Write as _;

/// Remove a component that was added, with its lines in hob.toml. Its tasks stay, and can be read.
#[derive(clap::Args)]
#[command(after_help = "Example:
  hob plugin remove word-count")]
pub struct Arguments {
    /// The executor's name.
    name: String,
    /// Print JSON: `{\"removed\": NAME, \"pending\": N}`.
    #[arg(long)]
    json: bool,
}

/// Removes it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let plugin = Accepted::read(&context)?.find(&arguments.name)?;
    let queues = context.store()?.queues()?;
    let pending = queues.iter().find(|queue| queue.executor == plugin.name).map_or(0, |queue| queue.pending);
    let mut accepted = Accepted::read(&context)?;
    {
        let _held = accepted.depot.hold()?;
        let mut edit = Edit::open(&context.places)?;
        match edit.remove_executor(&plugin.name) {
            Ok(()) => edit.save()?,
            // The person has taken it out already.
            Err(EditError::NoExecutor { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        accepted.lock.entries.remove(&plugin.name);
        accepted.lock.write()?;
        let path = accepted.depot.path(&plugin.entry.sha256);
        let others = context.settings()?.executors().filter(|config| config.name != plugin.name);
        let is_used = others.into_iter().any(|config| match &config.component {
            ComponentSource::File { path: used, .. } => *used == path,
            ComponentSource::Bundled(_) => false,
        });
        if !is_used && !accepted.lock.has(&plugin.entry.sha256) {
            accepted.depot.discard(&plugin.entry.sha256)?;
        }
    }
    let mut out = anstream::stdout().lock();
    if arguments.json {
        render::write_json(&mut out, &json!({ "removed": plugin.name, "pending": pending }))?;
        return Ok(Exit::Ok);
    }
    writeln!(out, "removed  {}; its tasks stay: `hob list --executor {}`", plugin.name, plugin.name)?;
    if pending > 0 {
        let tasks = if pending == 1 { "task waits" } else { "tasks wait" };
        writeln!(out, "{pending} {tasks} for it: `hob cancel ID` ends one, adding it again lets them go")?;
    }
    Ok(Exit::Ok)
}
