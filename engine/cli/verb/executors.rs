use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Executors, Known},
    render::{self, BOLD, Cell, DIM, PLAIN, Table, of_state, styled},
    schema::Parameters,
    start::ensure_daemon,
};
use grants::rows;
use hob_core::{ExecutorConfig, ExecutorName, StateName, format_duration, sanitize_line};
use serde_json::{Value, json};
use std::io::{self, Write};

pub mod grants;

/// Show what can be done: every executor, or one with its parameters and what it is granted.
///
/// An executor is set aside when workers die while they run it, three times in a row: its tasks wait until a person
/// has looked at it and says --let-go.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob executors
  hob executors explore
  hob executors indexer --let-go     runs its tasks again, after it was set aside
  hob executors --json")]
pub struct Arguments {
    /// Only this one, with everything about it.
    name: Option<String>,
    /// Let its tasks run again, after it was set aside.
    #[arg(long, requires = "name")]
    let_go: bool,
    /// Print JSON: an array of executors, or the one.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    if let (true, Some(name)) = (arguments.let_go, &arguments.name) {
        return let_go(&context, name, arguments.json);
    }
    let executors = Executors::new(&context)?;
    let mut out = anstream::stdout().lock();
    if let Some(name) = &arguments.name {
        let known = executors.find(name)?;
        if arguments.json {
            render::write_json(&mut out, &object(&known.config, Ok(&known)))?;
        } else {
            write_one(&mut out, &known)?;
        }
        return Ok(Exit::Ok);
    }
    let all: Vec<_> =
        context.settings()?.executors().map(|config| (config, executors.find(config.name.as_str()))).collect();
    if arguments.json {
        let objects: Vec<Value> = all.iter().map(|(config, known)| object(config, known.as_ref())).collect();
        render::write_json(&mut out, &objects)?;
    } else {
        let mut table = Table::new(&["NAME", "COMPONENT", "WHAT"]);
        for (config, known) in &all {
            let (style, what) = match known {
                Ok(known) => (PLAIN, summary(known).to_owned()),
                Err(error) => (of_state(StateName::Failed), error.message()),
            };
            table.row(vec![
                Cell::new(BOLD, config.name.as_str()),
                Cell::new(DIM, config.component.to_string()),
                Cell::new(style, what),
            ]);
        }
        table.write(&mut out, render::width())?;
    }
    Ok(Exit::Ok)
}

/// Of any executor that has tasks, also of one that the configuration does not know any more.
fn let_go(context: &Context, name: &str, as_json: bool) -> CommandResult {
    let name: ExecutorName = name.parse().map_err(CommandError::usage)?;
    let is_let_go = context.store()?.let_go(&name)?;
    ensure_daemon(context)?;
    let mut out = anstream::stdout().lock();
    if as_json {
        render::write_json(&mut out, &json!({ "executor": name, "let_go": is_let_go }))?;
    } else if is_let_go {
        writeln!(out, "the tasks of {} run again", styled(BOLD, &name))?;
    } else {
        writeln!(out, "{} was not set aside", styled(BOLD, &name))?;
    }
    Ok(Exit::Ok)
}

fn summary(known: &Known) -> &str {
    known.config.summary.as_ref().unwrap_or(&known.description.summary)
}

/// The executor object of docs/json.md.
fn object(config: &ExecutorConfig, known: Result<&Known, &CommandError>) -> Value {
    let description = known.ok().map(|known| &known.description);
    let limits = &config.limits;
    json!({
        "name": config.name,
        "component": config.component.to_string(),
        "summary": known.ok().map(summary),
        "version": description.map(|description| &description.version),
        "error": known.err().map(CommandError::message),
        "repeatable": config.repeatable,
        "params": description.map(|description| &description.params),
        "result": description.map(|description| &description.result),
        "settings": config.settings,
        "settings_schema": description.map(|description| &description.settings),
        "asks": description.map(|description| &description.asks),
        "grant": config.grant,
        "limits": {
            "memory": limits.memory.0,
            "cpu_ms": limits.cpu.as_millis(),
            "wall_ms": limits.wall.map(|wall| wall.as_millis()),
            "output": limits.output.0,
            "children": limits.children,
            "processes": limits.processes,
            "http_body": limits.http_body.0,
            "requests_per_host": limits.requests_per_host,
        },
    })
}

/// The keys of `[executors.NAME.settings]` that the component knows, with the values in force.
fn write_settings(out: &mut dyn Write, known: &Known) -> io::Result<()> {
    /// A table of profiles, say, is for `hob config show`.
    const LONGEST_VALUE: usize = 40;
    let Known { config, description } = known;
    let Some(keys) = description.settings["properties"].as_object().filter(|keys| !keys.is_empty()) else {
        return Ok(());
    };
    writeln!(out, "\n{}", styled(BOLD, "Settings"))?;
    let mut table = Table::new(&["KEY", "VALUE", "WHAT"]);
    for (key, schema) in keys {
        let value = config.settings.get(key).or_else(|| schema.get("default"));
        let value = value.map(|value| sanitize_line(&value.to_string(), LONGEST_VALUE)).unwrap_or_default();
        let what = schema["description"].as_str().unwrap_or_default();
        table.row(vec![Cell::new(PLAIN, key), Cell::new(DIM, value), Cell::new(PLAIN, what)]);
    }
    table.write(out, render::width())
}

fn write_one(out: &mut dyn Write, known: &Known) -> io::Result<()> {
    /// Longest text of a line.
    const LONGEST: usize = 300;
    let Known { config, description } = known;
    writeln!(out, "{}  {}", styled(BOLD, &config.name), sanitize_line(summary(known), LONGEST))?;
    let component = format!("{}, {} {}", config.component, description.name, description.version);
    writeln!(out, "{}", styled(DIM, sanitize_line(&component, LONGEST)))?;

    writeln!(out, "\n{}", styled(BOLD, "Parameters"))?;
    let mut table = Table::new(&["ARGUMENT", "PARAMETER", "WHAT"]);
    for field in Parameters::of(&description.params).fields {
        let required = if field.is_required { " [required]" } else { "" };
        table.row(vec![
            Cell::new(PLAIN, field.spelling()),
            Cell::new(DIM, &field.property),
            Cell::new(PLAIN, format!("{}{required}", field.help)),
        ]);
    }
    table.write(out, render::width())?;
    writeln!(out, "{}", styled(DIM, format!("all about them: hob dispatch {} --help", config.name)))?;

    write_settings(out, known)?;

    writeln!(out, "\n{}", styled(BOLD, "Asked and granted"))?;
    let rows = rows(&description.asks, &config.grant);
    if rows.is_empty() {
        writeln!(out, "it asks for nothing")?;
    } else {
        let mut table = Table::new(&["ASKS FOR", "GRANTED", "BECAUSE"]);
        for row in rows {
            let granted = match row.granted {
                Some(granted) => Cell::new(of_state(StateName::Completed), granted),
                None => Cell::new(of_state(StateName::Failed), "nothing"),
            };
            table.row(vec![Cell::new(PLAIN, row.asked), granted, Cell::new(PLAIN, row.reason)]);
        }
        table.write(out, render::width())?;
    }

    let limits = &config.limits;
    writeln!(out, "\n{}", styled(BOLD, "Limits of an attempt"))?;
    let wall = limits.wall.map_or_else(|| "none".to_owned(), format_duration);
    writeln!(
        out,
        "memory {}, computing {}, time {wall}, output {}, {} programs at once of {} processes each, HTTP answer {}, {} requests to a host at once",
        limits.memory,
        format_duration(limits.cpu),
        limits.output,
        limits.children,
        limits.processes,
        limits.http_body,
        limits.requests_per_host
    )
}
