use super::known::{Accepted, object};
use crate::{
    context::Context,
    error::CommandResult,
    exit::Exit,
    render::{self, BOLD, Cell, DIM, PLAIN, Table, of_state},
};
use hob_core::StateName;
use serde_json::Value;
use std::io::Write as _;

/// Show the components that were added, and whether they are what was accepted.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin list
  hob plugin list --json")]
pub struct Arguments {
    /// Print JSON: an array of plugins.
    #[arg(long)]
    json: bool,
}

/// Shows them.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let plugins = Accepted::read(&context)?.all()?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let objects: Vec<Value> = plugins.iter().map(object).collect();
        render::write_json(&mut out, &objects)?;
        return Ok(Exit::Ok);
    }
    if plugins.is_empty() {
        writeln!(
            out,
            "no component was added; `hob plugin add SOURCE` adds one, `hob executors` shows what can be done"
        )?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["EXECUTOR", "VERSION", "STATE", "FROM"]);
    for plugin in &plugins {
        let state = match &plugin.problem {
            None => Cell::new(of_state(StateName::Completed), "whole"),
            Some(_) => Cell::new(of_state(StateName::Failed), "problem"),
        };
        table.row(vec![
            Cell::new(BOLD, plugin.name.as_str()),
            Cell::new(PLAIN, &plugin.entry.version),
            state,
            Cell::new(DIM, &plugin.entry.source),
        ]);
    }
    table.write(&mut out, render::width())?;
    if plugins.iter().any(|plugin| plugin.problem.is_some()) {
        writeln!(out, "`hob plugin verify` says what the problem is, and what to type")?;
    }
    Ok(Exit::Ok)
}
