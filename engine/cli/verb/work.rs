use crate::{context::Context, error::CommandResult, exit::Exit, logging, render, wire};
use hob_runner::{Mode, WorkReport};
use serde_json::json;
use std::io::Write as _;

/// Run waiting tasks in this process instead of the daemon, one at a time, until none is left.
///
/// It shares the slots with the daemon and other workers: together they never run more than
/// `max_background_tasks`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob work
  hob work --once")]
pub struct Arguments {
    /// Only one task.
    #[arg(long)]
    once: bool,
    /// Detach: for a hook, or for somebody who waits.
    #[arg(long, hide = true, conflicts_with = "json")]
    detached: bool,
    /// Print JSON: how many tasks were run.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// Whether nobody sees what it prints.
    pub fn is_detached(&self) -> bool {
        self.detached
    }
}

/// Works.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    if arguments.detached {
        hob_process::detach()?;
        logging::to_file(&context.places)?;
    }
    let mode = if arguments.once { Mode::Once } else { Mode::Drain };
    let WorkReport { ran } = wire::work(&context, mode, || Ok(None))?;
    if arguments.detached {
        return Ok(Exit::Ok);
    }
    let mut out = anstream::stdout().lock();
    if arguments.json {
        render::write_json(&mut out, &json!({ "ran": ran }))?;
    } else {
        writeln!(out, "ran {ran} {}", if ran == 1 { "task" } else { "tasks" })?;
    }
    Ok(Exit::Ok)
}
