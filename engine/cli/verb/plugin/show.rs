use super::{
    add::headline,
    asked::{self, Granted},
    known::{Accepted, object},
};
use crate::{
    context::Context,
    error::CommandResult,
    exit::Exit,
    render::{self, BOLD, of_state, styled},
};
use hob_core::{StateName, sanitize, sanitize_line};
use std::io::Write as _;

/// Show everything about a component that was added: where it is from, what it asks for, what it has.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin show word-count
  hob plugin show word-count --json")]
pub struct Arguments {
    /// The executor's name.
    name: String,
    /// Print JSON: the plugin.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let accepted = Accepted::read(&context)?;
    let plugin = accepted.find(&arguments.name)?;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        render::write_json(&mut out, &object(&plugin))?;
        return Ok(Exit::Ok);
    }
    let entry = &plugin.entry;
    writeln!(out, "{}  {}", styled(BOLD, &plugin.name), headline(&plugin))?;
    writeln!(out, "from      {}", sanitize_line(&entry.source, 400))?;
    writeln!(out, "kept in   {}", accepted.depot.path(&entry.sha256).display())?;
    writeln!(out, "contract  hob:plugin@{}", sanitize_line(&entry.contract, 40))?;
    if let Some(problem) = &plugin.problem {
        writeln!(out, "{}", styled(of_state(StateName::Failed), sanitize(problem)))?;
    }
    let grant = plugin.config.as_ref().map(|config| config.grant.clone()).unwrap_or_default();
    asked::write(&mut out, &entry.asks, &grant)?;
    let granted = Granted { grant, open: Vec::new() };
    asked::write_next(&mut out, plugin.name.as_str(), &entry.asks, &granted)?;
    Ok(Exit::Ok)
}
