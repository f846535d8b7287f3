use crate::{
    error::{CommandError, CommandResult},
    exit::Exit,
    render, toolchain,
};
use hob_plugins::Manifest;
use serde_json::json;
use std::{io::Write as _, path::PathBuf};

/// Build the component of a project, with its language's own tool.
///
/// It says on stderr what it runs: cargo, npm with componentize-qjs, or pip with componentize-py. The first time it
/// installs what package.json or requirements.txt name, into the project's folder. `[plugin.build] command` in
/// hob-plugin.toml takes the place of all that.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin build
  hob plugin build ./word-count --json")]
pub struct Arguments {
    /// The folder of the project.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Print JSON: the component and its size.
    #[arg(long)]
    json: bool,
}

/// Builds it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let manifest = read(&arguments.folder)?;
    let bytes = toolchain::build(&manifest)?;
    let component = manifest.component();
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let object = json!({
            "name": manifest.name.to_string(),
            "version": manifest.version,
            "component": component.to_string_lossy(),
            "bytes": bytes,
        });
        render::write_json(&mut out, &object)?;
    } else {
        let path = component.strip_prefix(".").unwrap_or(&component);
        writeln!(out, "{}: {}", hob_core::sanitize(&path.to_string_lossy()), render::size(bytes))?;
    }
    Ok(Exit::Ok)
}

/// The manifest of the project in this folder.
pub fn read(folder: &std::path::Path) -> CommandResult<Manifest> {
    Manifest::read(folder).map_err(|error| CommandError::new(Exit::Configuration, error))
}
