use super::{
    asked::{self, Granted},
    known::by_name,
};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Executors, Known},
    render,
};
use hob_core::{ExecutorName, Grant};
use hob_plugins::Depot;
use hob_settings::{Edit, grant_flags, grant_lines};
use serde_json::json;
use std::io::Write as _;

/// Show what an executor asks for and has; print or write the lines that grant it more.
///
/// Nothing is written without `--write`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin grant word-count
  hob plugin grant word-count --missing
  hob plugin grant word-count --missing --write
  hob plugin grant word-count --grant 'env=[\"LANG\"]' --write")]
pub struct Arguments {
    /// The executor's name.
    name: String,
    /// The lines for everything that its tasks were denied.
    #[arg(long)]
    missing: bool,
    /// The lines for this: `all` that it asks for, or a key of [executors.NAME.grant] with its value
    /// as in hob.toml; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    grant: Vec<String>,
    /// Put the lines into hob.toml.
    #[arg(long)]
    write: bool,
    /// Print JSON: `{"executor": NAME, "lines": {KEY: VALUE}, "written": true}`.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let flags = context.grant_flags(&arguments.grant)?;
    let known = Executors::new(&context)?.find(&arguments.name)?;
    let Known { config, description } = &known;
    let mut out = anstream::stdout().lock();
    if !arguments.missing && arguments.grant.is_empty() {
        if arguments.write {
            return Err(CommandError::usage("--write: say what to grant, with --missing or --grant KEY=VALUE"));
        }
        if arguments.json {
            let object = json!({ "executor": config.name, "asks": description.asks, "grant": config.grant });
            render::write_json(&mut out, &object)?;
            return Ok(Exit::Ok);
        }
        asked::write(&mut out, &description.asks, &config.grant)?;
        let granted = Granted { grant: config.grant.clone(), open: Vec::new() };
        asked::write_next(&mut out, config.name.as_str(), &description.asks, &granted)?;
        return Ok(Exit::Ok);
    }
    let (more, open) = flags.resolve(&description.asks);
    let mut wanted = config.grant.clone().and(more);
    let mut unread = Vec::new();
    if arguments.missing {
        let denied = denied(&context, &config.name)?;
        wanted = wanted.and(denied.grant);
        unread = denied.unread;
    }
    let has = grant_lines(&config.grant);
    let lines: Vec<_> = grant_lines(&wanted).into_iter().filter(|line| !has.contains(line)).collect();
    if arguments.write && !lines.is_empty() {
        let _held = Depot::new(&context.places.state).hold()?;
        let mut edit = Edit::open(&context.places)?;
        edit.add_to_grant(&config.name, &lines)?;
        edit.save()?;
    }
    let written = arguments.write && !lines.is_empty();
    if arguments.json {
        let lines: serde_json::Map<_, _> =
            lines.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        render::write_json(&mut out, &json!({ "executor": config.name, "lines": lines, "written": written }))?;
        return Ok(Exit::Ok);
    }
    for line in open.iter().chain(&unread) {
        writeln!(out, "# only you know what this may be: {}", hob_core::sanitize_line(line, 400))?;
    }
    if lines.is_empty() {
        let why = if arguments.missing {
            "no task of it was denied anything that it does not have now"
        } else {
            "it has that"
        };
        writeln!(out, "# nothing to grant to {}: {why}", config.name)?;
        return Ok(Exit::Ok);
    }
    writeln!(out, "[executors.{}.grant]", config.name)?;
    for (key, value) in &lines {
        writeln!(out, "{key} = {}", hob_core::sanitize_line(value, usize::MAX))?;
    }
    let path = context.places.config.display();
    if written {
        writeln!(out, "# written to {path}")?;
    } else {
        writeln!(out, "# these lines belong into {path}; the same with --write puts them there")?;
    }
    Ok(Exit::Ok)
}

/// What tasks were denied.
#[derive(Default)]
struct Denied {
    /// As a grant.
    grant: Grant,
    /// Lines that have to be completed first.
    unread: Vec<String>,
}

/// What its tasks were denied, whatever the component made of it.
fn denied(context: &Context, name: &ExecutorName) -> CommandResult<Denied> {
    let mut denied = Denied::default();
    // Of two that speak of the same thing the newer one holds, which comes later.
    for lines in context.store()?.denials(name)? {
        for line in lines.lines().take_while(|line| !line.trim().is_empty()) {
            match grant_flags(&[line.to_owned()], &context.places) {
                Ok(flags) => {
                    let mut grant = flags.grant;
                    by_name(&mut grant.programs);
                    denied.grant = denied.grant.and(grant);
                }
                Err(_) if !denied.unread.iter().any(|known| known == line) => denied.unread.push(line.to_owned()),
                Err(_) => {}
            }
        }
    }
    Ok(denied)
}
