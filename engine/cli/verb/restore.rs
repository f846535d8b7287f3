use crate::{
    alone::Alone,
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    render,
};
use serde_json::json;
use std::{io::Write as _, path::PathBuf};

/// Put a backup in the place of all tasks, results and output that are there.
///
/// The backup is checked first, and stays as it is. What was there is kept, in a folder whose name is printed. Tasks that
/// waited when the backup was made wait again, and run again. Refused while the daemon or another worker lives.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob daemon stop && hob restore hob-backup-20261121T095100Z
  hob restore ~/.local/state/hob/hob.db.v2.bak      a database alone; output stays with its tasks")]
pub struct Arguments {
    /// A folder of `hob backup` or `hob doctor --salvage`, or a database alone.
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Restores.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let state = &context.places.state;
    let alone = Alone::begin(&context)?;
    let name = format!("replaced-{}", render::stamp(now()));
    let restored = hob_store::restore(state, &arguments.from, &name, || alone.check())?;
    drop(alone);
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let object = json!({
            "path": arguments.from.to_string_lossy(),
            "counts": restored.counts.as_ref().map(render::counts_object),
            "outputs": restored.outputs,
            "replaced": restored.replaced.map(|path| path.to_string_lossy().into_owned()),
        });
        render::write_json(&mut out, &object)?;
        return Ok(Exit::Ok);
    }
    write!(out, "restored  {}", arguments.from.display())?;
    if let Some(tasks) = restored.counts {
        let ended = tasks.completed + tasks.failed + tasks.cancelled;
        write!(out, "  {ended} ended tasks; {} wait", tasks.pending)?;
        if tasks.running > 0 {
            write!(out, "; {} ran when it was made, and are seen to when somebody works", tasks.running)?;
        }
    }
    writeln!(out)?;
    if let Some(replaced) = restored.replaced {
        writeln!(out, "          what was there is in {}", replaced.display())?;
    }
    Ok(Exit::Ok)
}
