use crate::error::CommandResult;

mod run;

/// Write, build, try, add and look after components of your own or of others.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin run ./word-count.wasm -- README.md
  hob plugin run ./word-count.wasm --grant all --params '{\"path\": \"README.md\"}'")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    Run(run::Arguments),
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.what {
        What::Run(arguments) => run::run(arguments),
    }
}
