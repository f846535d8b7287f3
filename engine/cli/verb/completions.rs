use crate::{error::CommandResult, exit::Exit};
use clap::Command;
use clap_complete::Shell;
use std::io::{self, Write as _};

/// Print completions for a shell.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob completions bash > ~/.local/share/bash-completion/completions/hob
  hob completions zsh > ~/.zfunc/_hob
  hob completions fish > ~/.config/fish/completions/hob.fish")]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: &Arguments, mut command: Command) -> CommandResult {
    // Into memory first: the generator panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "hob", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Ok)
}
