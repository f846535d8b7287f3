use crate::{
    error::{CommandError, CommandResult},
    render::{DIM, styled},
    sources::Sources,
    toolchain,
    verb::plugin::build,
};
use hob_process::{Viewed, run_in_view};
use std::{
    env,
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Build and run the project, and again whenever one of its files has changed.
///
/// It runs as `hob plugin run` does, with the parameters and grants of `[plugin.try]` in hob-plugin.toml. What takes
/// long is not interrupted: a change is seen when it has ended. Ctrl-c ends all of it.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin dev
  hob plugin dev -- '*.md' --top 3
  hob plugin dev ./word-count")]
pub struct Arguments {
    /// The folder of the project.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Parameters of the executor, in place of those of [plugin.try].
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Builds and runs until it is interrupted.
pub fn run(arguments: &Arguments) -> CommandResult {
    let folder = &arguments.folder;
    // What is no project now is not waited for.
    build::read(folder)?;
    let mut sources = Sources::watch(folder)?;
    loop {
        let seen = sources.look();
        if let Err(error) = once(folder, &arguments.args) {
            error.write(&mut anstream::stderr().lock(), false)?;
        }
        say("waiting for a change; ctrl-c ends it")?;
        let changed = sources.wait_for_another(&seen)?;
        let changed: Vec<_> = changed.iter().map(|path| path.to_string_lossy()).collect();
        say(&format!("changed: {}", changed.join(", ")))?;
    }
}

fn once(folder: &Path, args: &[OsString]) -> CommandResult<()> {
    let manifest = build::read(folder)?;
    toolchain::build(&manifest)?;
    let mut words: Vec<OsString> = vec!["plugin".into(), "run".into(), folder.into()];
    if !args.is_empty() {
        words.push("--".into());
        words.extend_from_slice(args);
    }
    let here = env::current_dir()?;
    let program = env::current_exe()?;
    let viewed = Viewed { program: &program, args: &words, folder: &here, env: &[], to_stderr: false };
    // How it ended it said itself.
    run_in_view(&viewed).map_err(CommandError::internal).map(drop)
}

fn say(text: &str) -> CommandResult<()> {
    writeln!(anstream::stderr().lock(), "{}", styled(DIM, hob_core::sanitize(text)))?;
    Ok(())
}
