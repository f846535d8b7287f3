use super::known::{Accepted, Plugin, object};
use crate::{
    context::Context,
    error::CommandResult,
    exit::Exit,
    render::{self, BOLD, of_state, styled},
};
use hob_core::{StateName, sanitize};
use serde_json::Value;
use std::io::Write as _;

/// Hold the components that were added against what was accepted; exit 3 if one is not that any more.
///
/// Their bytes have to have the digest that hob.lock and hob.toml pin, and the version of the contract
/// has to be one that this hob serves.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin verify
  hob plugin verify word-count")]
pub struct Arguments {
    /// Only this one.
    name: Option<String>,
    /// Print JSON: an array of plugins, each with its `problem`.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let accepted = Accepted::read(&context)?;
    let plugins = match &arguments.name {
        Some(name) => vec![accepted.find(name)?],
        None => accepted.all()?,
    };
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let objects: Vec<Value> = plugins.iter().map(object).collect();
        render::write_json(&mut out, &objects)?;
    } else {
        if plugins.is_empty() {
            writeln!(out, "no component was added")?;
        }
        for Plugin { name, problem, .. } in &plugins {
            let name = styled(BOLD, name);
            match problem {
                None => writeln!(out, "{}  {name}", styled(of_state(StateName::Completed), "whole  "))?,
                Some(problem) => {
                    writeln!(out, "{}  {name}: {}", styled(of_state(StateName::Failed), "problem"), sanitize(problem))?;
                }
            }
        }
    }
    let whole = plugins.iter().all(|plugin| plugin.problem.is_none());
    Ok(if whole { Exit::Ok } else { Exit::Configuration })
}
