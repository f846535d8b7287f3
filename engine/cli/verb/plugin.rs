use crate::error::CommandResult;

mod add;
mod asked;
mod build;
mod dev;
mod grant;
mod known;
mod list;
mod new;
mod remove;
mod run;
mod show;
mod test;
mod update;
mod verify;

/// Write, build, try, add and look after components of your own or of others.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin new word-count --lang python
  hob plugin run ./word-count.wasm -- README.md
  hob plugin test ./word-count.wasm --grant all
  hob plugin add ./word-count --grant all
  hob plugin grant word-count --missing
  hob plugin list")]
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
    Test(test::Arguments),
    Add(add::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    Grant(grant::Arguments),
    Update(update::Arguments),
    Verify(verify::Arguments),
    Remove(remove::Arguments),
}

/// Does it.
pub fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.what {
        What::New(arguments) => new::run(arguments),
        What::Build(arguments) => build::run(arguments),
        What::Run(arguments) => run::run(arguments),
        What::Dev(arguments) => dev::run(arguments),
        What::Test(arguments) => test::run(arguments),
        What::Add(arguments) => add::run(arguments),
        What::List(arguments) => list::run(arguments),
        What::Show(arguments) => show::run(arguments),
        What::Grant(arguments) => grant::run(arguments),
        What::Update(arguments) => update::run(arguments),
        What::Verify(arguments) => verify::run(arguments),
        What::Remove(arguments) => remove::run(arguments),
    }
}
