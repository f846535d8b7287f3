use super::{Request, options::Options};
use crate::{
    agents,
    app::{Color, explain},
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Executors, Known, captured_environment, checked_params, read_params},
    schema::{self, Parameters, Place},
};
use clap::{Args as _, Command, FromArgMatches as _};
use hob_core::{ExecutorName, NewTask};
use std::ffi::OsString;

/// What one dispatch came to.
pub enum Parsed {
    /// A task to hand in.
    Request(Request),
    /// Help was printed.
    Said(Exit),
}

/// Parses a second time, now that the executor and with it the parameters are known: `before` and
/// `tail` are what was typed before and from the executor's name on.
pub fn request(context: &Context, before: &[OsString], tail: &[OsString]) -> CommandResult<Parsed> {
    let (name, words) = tail.split_first().ok_or_else(|| CommandError::usage("which executor?"))?;
    let name = name.to_str().ok_or_else(not_text)?;
    if name.parse::<ExecutorName>().is_err() && name.contains(char::is_whitespace) {
        return free_text(context, before, tail);
    }
    parse(&Executors::new(context)?.find(name)?, before, words)
}

/// A text in place of an executor goes to the executor that the configuration names for that.
fn free_text(context: &Context, before: &[OsString], tail: &[OsString]) -> CommandResult<Parsed> {
    let settings = context.settings()?;
    if let Some(default) = &settings.default_executor {
        return parse(&Executors::new(context)?.find(default.as_str())?, before, tail);
    }
    let error = CommandError::usage("a text is no executor, and no executor is set for texts");
    let file = context.places.config.display();
    let error = if let Some((name, agent)) = agents::for_texts(settings) {
        let line = format!("put `default_executor = \"{name}\"` at the top of {file} (hob config path)");
        error.hint(format!("{} is installed: {line}", agent.name))
    } else {
        let how = agents::how_to_install(settings).unwrap_or_else(|| "hob doctor shows what it looks for".to_owned());
        error
            .hint(format!("no agent is installed that could do it; install one, such as with {how}"))
            .hint(format!("then put `default_executor = \"agent\"` at the top of {file} (hob config path)"))
    };
    Err(error.hint("or name an executor: hob dispatch shell \"cargo test\""))
}

fn parse(known: &Known, before: &[OsString], words: &[OsString]) -> CommandResult<Parsed> {
    let parameters = Parameters::of(&known.description.params);
    let typed = before.iter().chain(words);
    let matches = match command(known, &parameters).try_get_matches_from(typed) {
        Ok(matches) => matches,
        Err(error) => {
            let said = explain(&error).map_err(|failed| with_tip(failed, &error, known, &parameters));
            return said.map(Parsed::Said);
        }
    };
    let usage = |error: clap::Error| CommandError::usage(error);
    let options = Options::from_arg_matches(&matches).map_err(usage)?;
    Color::from_arg_matches(&matches).map_err(usage)?.apply();
    let base = options.params.as_deref().map(read_params).transpose()?.unwrap_or_default();
    let params = checked_params(known, &schema::collect(&matches, &parameters, base))?;
    let task = NewTask {
        id: options.id.clone(),
        executor: known.config.name.clone(),
        params,
        priority: options.priority.unwrap_or_default(),
        cwd: options.folder()?,
        environment: captured_environment(&known.config.grant),
        timeout: options.timeout,
        session: options.session()?,
        retry_of: None,
    };
    Ok(Parsed::Request(Request { tasks: vec![task], options, lines: Vec::new() }))
}

/// `hob dispatch EXECUTOR` with the executor's parameters as arguments.
fn command(known: &Known, parameters: &Parameters) -> Command {
    let Known { config, description } = known;
    let name = config.name.as_str();
    let summary = config.summary.as_ref().unwrap_or(&description.summary);
    let about = hob_core::sanitize(summary).into_owned();
    let after = format!(
        "Example:\n  {}\n\nParameters as JSON: --params '{{…}}'. `hob executors {name}` shows what it is granted.",
        example(name, parameters)
    );
    let own = Color::augment_args(Options::augment_args(Command::new(name.to_owned())));
    let command =
        Command::new(name.to_owned()).bin_name(format!("hob dispatch {name}")).no_binary_name(true).max_term_width(110);
    let command = schema::add_arguments(command, &own, parameters);
    // After the augmentation, which sets texts of its own.
    Color::augment_args(Options::augment_args(command)).about(about).after_help(after)
}

/// A line that would work: positional parameters and what is required.
fn example(name: &str, parameters: &Parameters) -> String {
    let mut line = format!("hob dispatch {name} --id my-{name}-1 --wait");
    for field in &parameters.fields {
        match field.place {
            Place::Positional => line = format!("{line} {}", field.value_name()),
            Place::Option if field.is_required => line = format!("{line} --{} {}", field.flag, field.value_name()),
            Place::Option | Place::Trailing => {}
        }
    }
    line
}

fn with_tip(failed: CommandError, error: &clap::Error, known: &Known, parameters: &Parameters) -> CommandError {
    let trailing = parameters.fields.iter().any(|field| field.place == Place::Trailing);
    if trailing && error.kind() == clap::error::ErrorKind::UnknownArgument {
        let name = &known.config.name;
        failed.hint(format!("several words as they are: hob dispatch {name} -- WORD…, or quote them as one"))
    } else {
        failed
    }
}

fn not_text() -> CommandError {
    CommandError::usage("an argument is not UTF-8 text, which parameters are made of")
}
