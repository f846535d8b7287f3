use crate::{
    error::{CommandError, CommandResult},
    exit::Exit,
    logging, verb,
};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};
use std::{env, ffi::OsString, process::ExitCode};

/// Runs tasks in the background: five at once, the rest wait their turn.
///
/// A task names an executor: a sandboxed component and what the configuration grants it. Everything
/// about tasks lives in one database, so every command works the same whether or not the daemon runs.
#[derive(Parser)]
#[command(
    name = "hob",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = FIRST_STEPS,
    max_term_width = 110
)]
pub struct Cli {
    #[command(flatten)]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

const FIRST_STEPS: &str = "\
Example:
  hob dispatch shell \"cargo test\"          hand in a task; prints its id
  hob output ID --wait                     its result, as soon as there is one
  hob executors                            what can be done
  hob suggest \"cargo test\"                 whether work suits the background, and what to type
  hob doctor                               whether all is well, and which agents are there
  hob help dispatch explore                the parameters of one executor
  hob help exit-codes                      what the exit codes mean";

/// When to use colours.
#[derive(Args, Clone, Copy)]
pub struct Color {
    /// When to use colours: auto, always or never; `NO_COLOR` and `CLICOLOR` count as well.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto, hide_default_value = true, hide_possible_values = true)]
    color: When,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Makes it hold for all that is written from now on.
    pub fn apply(self) {
        match self.color {
            When::Auto => {}
            When::Always => anstream::ColorChoice::Always.write_global(),
            When::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

#[derive(Subcommand)]
enum Verb {
    Dispatch(verb::dispatch::Arguments),
    FanOut(verb::fan_out::Arguments),
    Ultrawork(verb::ultrawork::Arguments),
    Status(verb::status::Arguments),
    List(verb::list::Arguments),
    Show(verb::show::Arguments),
    Output(verb::output::Arguments),
    Wait(verb::wait::Arguments),
    Cancel(verb::cancel::Arguments),
    Retry(verb::retry::Arguments),
    Executors(verb::executors::Arguments),
    Presets(verb::presets::Arguments),
    Plugin(verb::plugin::Arguments),
    Suggest(verb::suggest::Arguments),
    Skill(verb::skill::Arguments),
    Doctor(verb::doctor::Arguments),
    Daemon(verb::daemon::Arguments),
    Work(verb::work::Arguments),
    Hook(verb::hook::Arguments),
    Config(verb::config::Arguments),
    Prune(verb::prune::Arguments),
    Backup(verb::backup::Arguments),
    Restore(verb::restore::Arguments),
    Completions(verb::completions::Arguments),
    Man(verb::man::Arguments),
    Help(verb::help::Arguments),
}

impl Verb {
    /// Whether nobody is there to read what it logs.
    fn logs_to_file(&self) -> bool {
        match self {
            Self::Daemon(_) | Self::Hook(_) => true,
            Self::Work(arguments) => arguments.is_detached(),
            _ => false,
        }
    }
}

/// The whole program: parses, runs, says what went wrong. Never panics on what was typed.
pub fn main() -> ExitCode {
    // Where that cannot be had, the limit ends hob as it would any other program.
    let _ = hob_process::ignore_sigxfsz();
    let words: Vec<OsString> = env::args_os().collect();
    if let [_, word, words @ ..] = words.as_slice()
        && word == verb::admit::WORD
    {
        return verb::admit::run(words);
    }
    // Also for errors of the arguments themselves, which is before anybody parsed this one.
    let as_json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    match run(&words) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell should this fail as well.
            let _ = error.write(&mut anstream::stderr().lock(), as_json);
            error.exit().into()
        }
    }
}

fn run(words: &[OsString]) -> CommandResult {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return verb::hook::soften(words, explain(&error)),
    };
    cli.color.apply();
    if let Verb::Plugin(_) = cli.verb {
        logging::of_components();
    } else if !cli.verb.logs_to_file() {
        logging::to_stderr();
    }
    match cli.verb {
        Verb::Dispatch(arguments) => verb::dispatch::run(arguments, words),
        Verb::FanOut(arguments) => verb::fan_out::run(&arguments),
        Verb::Ultrawork(arguments) => verb::ultrawork::run(&arguments),
        Verb::Status(arguments) => verb::status::run(&arguments),
        Verb::List(arguments) => verb::list::run(&arguments),
        Verb::Show(arguments) => verb::show::run(&arguments),
        Verb::Output(arguments) => verb::output::run(&arguments),
        Verb::Wait(arguments) => verb::wait::run(&arguments),
        Verb::Cancel(arguments) => verb::cancel::run(&arguments),
        Verb::Retry(arguments) => verb::retry::run(&arguments),
        Verb::Executors(arguments) => verb::executors::run(&arguments),
        Verb::Presets(arguments) => verb::presets::run(&arguments),
        Verb::Plugin(arguments) => verb::plugin::run(&arguments),
        Verb::Suggest(arguments) => verb::suggest::run(&arguments),
        Verb::Skill(arguments) => verb::skill::run(&arguments),
        Verb::Doctor(arguments) => verb::doctor::run(&arguments),
        Verb::Daemon(arguments) => verb::daemon::run(&arguments),
        Verb::Work(arguments) => verb::work::run(&arguments),
        Verb::Hook(arguments) => verb::hook::run(&arguments),
        Verb::Config(arguments) => verb::config::run(&arguments),
        Verb::Prune(arguments) => verb::prune::run(&arguments),
        Verb::Backup(arguments) => verb::backup::run(&arguments),
        Verb::Restore(arguments) => verb::restore::run(&arguments),
        Verb::Completions(arguments) => verb::completions::run(&arguments, Cli::command()),
        Verb::Man(arguments) => verb::man::run(&arguments, Cli::command()),
        Verb::Help(arguments) => verb::help::run(&arguments, Cli::command()),
    }
}

/// What clap has to say: help on stdout, an error of usage as one of ours.
pub fn explain(error: &clap::Error) -> CommandResult {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error.print()?;
            Ok(Exit::Ok)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            error.print()?;
            Ok(Exit::Usage)
        }
        _ => Err(usage_error(error)),
    }
}

/// The error in clap's words: the first paragraph is the message, the others are hints.
fn usage_error(error: &clap::Error) -> CommandError {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let message = paragraphs.next().unwrap_or("wrong arguments");
    let message = message.strip_prefix("error: ").unwrap_or(message);
    paragraphs.fold(CommandError::usage(message), |error, paragraph| {
        paragraph.lines().fold(error, |error, line| error.hint(line.trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_visible_command_has_help_with_an_example() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.starts_with("Example"), "{} has no example", command.get_name());
        }
    }

    #[test]
    fn an_error_of_usage_is_a_message_and_hints() {
        let Err(error) = Cli::try_parse_from(["hob", "list", "--stat", "x"]) else { panic!("an error") };
        let mut text = Vec::new();
        usage_error(&error).write(&mut text, false).expect("a vector takes all");
        insta::assert_snapshot!(String::from_utf8(text).expect("text"), @r"
        hob: unexpected argument '--stat' found
             tip: a similar argument exists: '--state'
             Usage: hob list --state <STATE>
             For more information, try '--help'.
        ");
    }
}
