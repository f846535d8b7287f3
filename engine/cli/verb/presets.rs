use crate::{
    context::Context,
    error::CommandResult,
    exit::Exit,
    plan,
    prepare::Executors,
    render::{self, BOLD, Cell, DIM, PLAIN, Table, of_state, styled},
    verb::dispatch::options,
};
use hob_core::{Join, MemberName, Preset, PresetChild, StateName, format_duration, sanitize_line};
use hob_settings::{DefinedPreset, Origin, Settings};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Show what can be handed in together: every preset, or one with its children.
///
/// Presets are part of hob, stand in your hob.toml, or in the `.hob.toml` of the repository that you
/// are in.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob presets
  hob presets research
  hob presets --check")]
pub struct Arguments {
    /// Only this one, with everything about it.
    #[arg(conflicts_with = "check")]
    name: Option<String>,
    /// Say everything that is wrong with any of them; exit 3 if something is.
    #[arg(long)]
    check: bool,
    /// The folder whose presets these are [default: this one].
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<PathBuf>,
    /// Print JSON: an array of presets, or the one.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let cwd = options::folder(arguments.cwd.as_deref())?;
    if arguments.check {
        return check(&context, &cwd, arguments.json);
    }
    let presets = context.settings()?.presets_in(&cwd)?;
    let executors = Executors::new(&context)?;
    let mut out = anstream::stdout().lock();
    if let Some(name) = &arguments.name {
        let found = presets.find(name).map_err(plan::unknown)?;
        let problems = plan::problems(&executors, &found.preset, &cwd);
        if arguments.json {
            render::write_json(&mut out, &object(found, &problems))?;
        } else {
            write_one(&mut out, found, &problems)?;
        }
        return Ok(Exit::Ok);
    }
    let all: Vec<_> = presets.iter().map(|preset| (preset, plan::problems(&executors, &preset.preset, &cwd))).collect();
    if arguments.json {
        let objects: Vec<Value> = all.iter().map(|(preset, problems)| object(preset, problems)).collect();
        render::write_json(&mut out, &objects)?;
        return Ok(Exit::Ok);
    }
    if all.is_empty() {
        writeln!(out, "there is no preset; docs/presets.md says how to write one")?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["NAME", "CHILDREN", "FROM", "WHAT"]);
    for (found, problems) in &all {
        let children: Vec<&str> = found.preset.children.iter().map(|child| child.name.as_str()).collect();
        let (style, what) = match problems.first() {
            Some(problem) => (of_state(StateName::Failed), problem.clone()),
            None => (PLAIN, found.preset.summary.clone().unwrap_or_default()),
        };
        table.row(vec![
            Cell::new(BOLD, found.preset.name.as_str()),
            Cell::new(PLAIN, children.join(", ")),
            Cell::new(DIM, place(&found.origin)),
            Cell::new(style, what),
        ]);
    }
    table.write(&mut out, render::width())?;
    Ok(Exit::Ok)
}

fn check(context: &Context, cwd: &Path, as_json: bool) -> CommandResult {
    let mut problems: Vec<String> = Settings::check(&context.places).iter().map(ToString::to_string).collect();
    if problems.is_empty() {
        let settings = context.settings()?;
        problems.extend(settings.check_presets_in(cwd).iter().map(ToString::to_string));
        let presets = settings.presets_in(cwd).unwrap_or_else(|_| settings.presets());
        let executors = Executors::new(context)?;
        for found in presets.iter() {
            let name = &found.preset.name;
            let wrong = plan::problems(&executors, &found.preset, cwd);
            problems.extend(wrong.iter().map(|problem| format!("preset `{name}`: {problem}")));
        }
    }
    let mut out = anstream::stdout().lock();
    if as_json {
        render::write_json(&mut out, &json!({ "ok": problems.is_empty(), "problems": problems }))?;
    } else if problems.is_empty() {
        writeln!(out, "nothing is wrong with the presets")?;
    } else {
        for problem in &problems {
            writeln!(out, "{}", hob_core::sanitize(problem).trim_end())?;
        }
    }
    Ok(if problems.is_empty() { Exit::Ok } else { Exit::Configuration })
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Default => "hob".to_owned(),
        Origin::File { .. } => origin.to_string(),
    }
}

/// The preset object of docs/json.md.
fn object(found: &DefinedPreset, problems: &[String]) -> Value {
    let preset = &found.preset;
    let children: Vec<Value> = preset.children.iter().map(child_object).collect();
    let origin = match &found.origin {
        Origin::Default => json!({ "default": true }),
        Origin::File { path, line } => json!({ "default": false, "file": path.to_string_lossy(), "line": line }),
    };
    json!({
        "name": preset.name,
        "summary": preset.summary,
        "join": match preset.join {
            Join::All => json!("all"),
            Join::AtLeast(least) => json!(least),
        },
        "result": preset.result,
        "children": children,
        "wants_input": plan::wants_input(preset),
        "origin": origin,
        "problems": problems,
    })
}

fn child_object(child: &PresetChild) -> Value {
    json!({
        "name": child.name,
        "executor": child.executor,
        "id": child.id,
        "priority": child.priority,
        "needs": child.needs,
        "params": child.params,
        "cwd": child.cwd,
        "timeout_ms": child.timeout.map(|timeout| timeout.as_millis()),
    })
}

fn write_one(out: &mut dyn Write, found: &DefinedPreset, problems: &[String]) -> io::Result<()> {
    /// Longest text of a line.
    const LONGEST: usize = 300;
    let preset = &found.preset;
    let summary = sanitize_line(preset.summary.as_deref().unwrap_or_default(), LONGEST);
    writeln!(out, "{}  {summary}", styled(BOLD, &preset.name))?;
    writeln!(out, "{}", styled(DIM, format!("from {}", place(&found.origin))))?;
    writeln!(out, "\n{}", styled(BOLD, "Children"))?;
    for child in &preset.children {
        let depth = depth(preset, &child.name);
        let indent = "   ".repeat(depth.saturating_sub(1));
        let mark = if depth == 0 { "" } else { "└─ " };
        let mut about = format!("{indent}{mark}{}", styled(BOLD, &child.name));
        about = format!("{about}  {}", child.executor);
        if !child.needs.is_empty() {
            let needs: Vec<&str> = child.needs.iter().map(MemberName::as_str).collect();
            about = format!("{about}, after {}", needs.join(" and "));
        }
        if let Some(priority) = child.priority {
            about = format!("{about}, priority {priority}");
        }
        if let Some(timeout) = child.timeout {
            about = format!("{about}, at most {}", format_duration(timeout));
        }
        writeln!(out, "{about}")?;
        let margin = "   ".repeat(depth);
        writeln!(out, "{margin}  {}", styled(DIM, sanitize_line(&format!("id {}", child.id), LONGEST)))?;
        writeln!(out, "{margin}  {}", styled(DIM, sanitize_line(&child.params.to_string(), LONGEST)))?;
    }
    let join = match preset.join {
        Join::All => "all children have".to_owned(),
        Join::AtLeast(1) => "one child has".to_owned(),
        Join::AtLeast(least) => format!("{least} children have"),
    };
    writeln!(out, "\nThe whole has completed when every child is over and {join} completed.")?;
    writeln!(
        out,
        "{}",
        match &preset.result {
            Some(_) => "Its result is a text of its own, with those of the children.",
            None => "Its result is that of each child, one after the other.",
        }
    )?;
    if !problems.is_empty() {
        writeln!(out, "\n{}", styled(of_state(StateName::Failed), "Problems"))?;
        for problem in problems {
            writeln!(out, "{}", hob_core::sanitize(problem))?;
        }
    }
    Ok(())
}

/// How many children have to complete one after the other before this one starts.
fn depth(preset: &Preset, name: &MemberName) -> usize {
    let mut depth = 0;
    let mut wave = vec![name];
    // That this ends is held by the settings, which refuse cycles.
    loop {
        let children = preset.children.iter().filter(|child| wave.contains(&&child.name));
        wave = children.flat_map(|child| &child.needs).collect();
        wave.sort_unstable();
        wave.dedup();
        if wave.is_empty() {
            return depth;
        }
        depth += 1;
    }
}
