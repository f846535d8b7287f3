use crate::{error::CommandResult, exit::Exit};
use clap::Command;
use std::{
    fs,
    io::{self, Write as _},
    path::PathBuf,
};

/// Print the manual page, or write one for each command.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob man | man -l -
  hob man --write ~/.local/share/man/man1")]
pub struct Arguments {
    /// Write hob.1, hob-dispatch.1 and so on into this folder.
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
}

/// Prints or writes the pages.
pub fn run(arguments: &Arguments, command: Command) -> CommandResult {
    if let Some(folder) = &arguments.write {
        fs::create_dir_all(folder)?;
        clap_mangen::generate_to(command, folder)?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        io::stdout().lock().write_all(&page)?;
    }
    Ok(Exit::Ok)
}
