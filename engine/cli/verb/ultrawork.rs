use super::fan_out::{self, Options};
use crate::error::CommandResult;

/// Hand in what you are about to work on to several at once: short for `hob fan-out ultrawork`.
///
/// The preset `ultrawork` says who; `hob presets ultrawork` explains it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob ultrawork \"refactor the API layer\"
  hob ultrawork --id api-1 refactor the API layer --wait")]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Hands in.
pub fn run(arguments: &Arguments) -> CommandResult {
    fan_out::hand_in("ultrawork", &arguments.options)
}
