use crate::{
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    render::{self, Gauge},
};
use hob_store::Store;
use serde_json::json;
use std::{io::Write as _, path::PathBuf};

/// Copy all tasks with their results and output into a new folder, while everything goes on.
///
/// Everything is in it that was handed in before it began. The folder gets its name when it is whole and on the disk. It
/// may have captured environments of waiting tasks in it, so it is for you alone.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob backup                          into ./hob-backup-TIME
  hob backup /media/usb/hob --force   in place of the backup that is there
  hob restore hob-backup-20261121T095100Z")]
pub struct Arguments {
    /// The folder to make.
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Replace a backup that is there, once the new one is whole.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    if !Store::is_begun(&context.places.state)? {
        return Err(CommandError::not_found("there is nothing to back up: no task was ever handed in"));
    }
    let default = || PathBuf::from(format!("hob-backup-{}", render::stamp(now())));
    let folder = std::path::absolute(arguments.folder.clone().unwrap_or_else(default))?;
    let store = context.store()?;
    let gauge = Gauge::new();
    let made = store.back_up(&folder, arguments.force, |share| gauge.show_share("copying the database", share))?;
    gauge.clear();
    let tasks = made.counts;
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let object = json!({
            "path": folder.to_string_lossy(),
            "counts": render::counts_object(&tasks),
            "outputs": made.outputs,
            "bytes": made.bytes,
        });
        render::write_json(&mut out, &object)?;
    } else {
        let ended = tasks.completed + tasks.failed + tasks.cancelled;
        let open = tasks.pending + tasks.running;
        let size = render::size(made.bytes);
        writeln!(out, "backed up  {}  {ended} ended and {open} open tasks, {size}", folder.display())?;
    }
    Ok(Exit::Ok)
}
