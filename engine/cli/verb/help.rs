use crate::{
    error::{CommandError, CommandResult},
    exit::{self, Exit},
    verb,
};
use clap::Command;
use std::{ffi::OsString, io::Write as _};

/// The topic that is no command.
const EXIT_CODES: &str = "exit-codes";

/// Show the help of a command, of an executor, or of a topic.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob help output
  hob help dispatch explore
  hob help exit-codes")]
pub struct Arguments {
    /// A command, `dispatch EXECUTOR`, or the topic `exit-codes`.
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

/// Prints it.
pub fn run(arguments: &Arguments, mut command: Command) -> CommandResult {
    command.build();
    let topic: Vec<&str> = arguments.topic.iter().map(String::as_str).collect();
    let mut out = anstream::stdout().lock();
    match topic.as_slice() {
        [EXIT_CODES] => write!(out, "{}", exit::HELP)?,
        ["dispatch", executor] => {
            drop(out);
            return verb::dispatch::help(&OsString::from(executor));
        }
        words => {
            let mut found = &mut command;
            for word in words {
                let known: Vec<String> = found.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
                found = found.find_subcommand_mut(word).ok_or_else(|| unknown(word, &known))?;
            }
            write!(out, "{}", found.render_long_help().ansi())?;
        }
    }
    Ok(Exit::Ok)
}

fn unknown(word: &str, known: &[String]) -> CommandError {
    let error = CommandError::usage(format!("`{word}` is no command and no topic of help"));
    let known = known.iter().map(String::as_str).chain([EXIT_CODES]);
    match hob_settings::nearest(word, known) {
        Some(nearest) => error.hint(format!("did you mean `hob help {nearest}`?")),
        None => error.hint("`hob --help` lists the commands; there is also `hob help exit-codes`"),
    }
}
