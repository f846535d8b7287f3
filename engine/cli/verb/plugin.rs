use crate::error::CommandResult;

mod build;
mod dev;
mod new;
mod run;

/// Write, build, try, add and look after components of your own or of others.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin new word-count --lang python
  hob plugin run ./word-count.wasm -- README.md
  hob plugin run ./word-count.wasm --grant all --params '{\"path\": \"README.md\"}'")]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    New(new::Arguments),
    Build(build::Arguments),
    Run(run::Arguments),
    Dev(dev::Arguments),
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.what {
        What::New(arguments) => new::run(arguments),
        What::Build(arguments) => build::run(arguments),
        What::Run(arguments) => run::run(arguments),
        What::Dev(arguments) => dev::run(arguments),
    }
}
