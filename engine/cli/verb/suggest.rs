use crate::{
    advise::{is_program, quoted},
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, BOLD, DIM, styled},
};
use hob_core::{Advised, Whereabouts, fill, sanitize_line};
use hob_settings::Settings;
use serde_json::json;
use std::io::Write as _;

/// What is said of work that is in no list.
const UNKNOWN: &str = "it is in none of the lists: to the background, if it takes a while and needs nobody";
/// Longest line that is shown.
const LONGEST: usize = 1_000;

/// Say whether work suits the background or is better watched, why, and what to type.
///
/// Nothing is run and nothing is handed in. What it knows are lists in the configuration, `[advice]`, which your
/// own hob.toml can add to.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob suggest \"cargo test\"
  hob suggest \"find all usages of parse\"
  hob suggest --json git push --force

`hob config show` prints the lists.")]
pub struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// A command line or a text, in quotes; several words are a program with exact arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    words: Vec<String>,
}

/// Says it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let settings = context.settings()?;
    let words = arguments.words.as_slice();
    if words.iter().all(|word| word.trim().is_empty()) {
        return Err(CommandError::usage("which command?").hint("hob suggest \"cargo test\""));
    }
    let advice = settings.advice();
    let advised = match words {
        [line] => advice.of(line),
        argv => advice.of_arguments(argv).or_else(|| advice.of(&argv.join(" "))),
    };
    let line = dispatch_line(settings, words, advised)?;
    let place = advised.map(|advised| advised.sort.place);
    let line = if place == Some(Whereabouts::Foreground) { format!("{line} --follow") } else { line };
    let why = advised.map_or(UNKNOWN, |advised| advised.sort.why.as_str());
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let object = json!({
            "input": as_typed(words),
            "place": place.map_or("either", Whereabouts::as_str),
            "sort": advised.map(|advised| &advised.sort.name),
            "why": why,
            "dispatch": line,
        });
        render::write_json(&mut out, &object)?;
        return Ok(Exit::Ok);
    }
    let sort = advised.map_or_else(String::new, |advised| format!("{}: ", advised.sort.name));
    let word = place.map_or("either", Whereabouts::as_str);
    writeln!(out, "{}  {sort}{}", styled(BOLD, format!("{word:<10}")), sanitize_line(why, LONGEST))?;
    let mut show = |line: &str| writeln!(out, "            {}", sanitize_line(line, LONGEST));
    if place == Some(Whereabouts::Foreground) {
        if advised.is_some_and(|advised| advised.is_command) {
            show(&as_typed(words))?;
        }
        show(&line)?;
        writeln!(
            out,
            "            {}",
            styled(DIM, "the latter shows what it prints, and goes on when you stop looking")
        )?;
    } else {
        show(&line)?;
    }
    Ok(Exit::Ok)
}

/// What to type to hand it in.
fn dispatch_line(settings: &Settings, words: &[String], advised: Option<Advised<'_>>) -> CommandResult<String> {
    let input = as_typed(words);
    let first = input.split_whitespace().next().unwrap_or_default();
    if settings.executors().any(|config| config.name.as_str() == first) {
        return Ok(format!("hob dispatch {input}"));
    }
    let is_command = advised.map_or_else(|| is_program(&input), |advised| advised.is_command);
    if is_command {
        return Ok(match words {
            [line] => format!("hob dispatch shell {}", quoted(line)),
            _ => format!("hob dispatch shell -- {input}"),
        });
    }
    let text = quoted(&words.join(" "));
    let own = advised.and_then(|advised| advised.sort.dispatch.as_deref());
    Ok(match (own, &settings.default_executor) {
        (Some(own), _) => {
            let filled = fill(own, &|name| (name == "input").then(|| text.clone())).map_err(CommandError::internal)?;
            format!("hob dispatch {filled}")
        }
        (None, Some(executor)) => format!("hob dispatch {executor} {text}"),
        (None, None) => format!("hob dispatch agent {text}"),
    })
}

/// The line as a person would type it.
fn as_typed(words: &[String]) -> String {
    match words {
        [line] => line.clone(),
        argv => argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
    }
}
