use crate::{
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    render, state_files,
};
use hob_core::{Bytes, Timestamp, parse_duration};
use hob_store::{Changes, Error, PrunedTask, Retention, Store};
use serde_json::json;
use std::{io::Write as _, time::Duration};

/// Remove ended tasks with their results and output; their ids are never used again.
///
/// Without options: what exceeds the retention of the configuration, which workers do by themselves.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob prune --dry-run
  hob prune --older-than 7d
  hob prune --keep 100 --output 1GiB")]
pub struct Arguments {
    /// Tasks that ended longer ago than this, such as 7d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// All but the N that ended last.
    #[arg(long, value_name = "N")]
    keep: Option<u64>,
    /// The oldest, until the captured output of all takes no more than this, such as 1GiB.
    #[arg(long, value_name = "SIZE")]
    output: Option<Bytes>,
    /// Only say what would go.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Removes.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let retention = arguments.retention(&context)?;
    let mut store = context.store()?;
    let now = now();
    let gone = if arguments.dry_run {
        would_go(&mut store, &retention, now)?
    } else {
        let gone = remove(&mut store, &retention, now)?;
        store.remove_orphans()?;
        state_files::refresh(&context);
        gone
    };
    let bytes: u64 = gone.iter().map(|task| task.output.0).sum();
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let ids: Vec<&str> = gone.iter().map(|task| task.id.as_str()).collect();
        let object = json!({ "pruned": ids, "output_bytes": bytes, "dry_run": arguments.dry_run });
        render::write_json(&mut out, &object)?;
    } else {
        let verb = if arguments.dry_run { "would remove" } else { "removed" };
        writeln!(out, "{verb} {} tasks and {} of output", gone.len(), render::size(bytes))?;
    }
    Ok(Exit::Ok)
}

impl Arguments {
    fn retention(&self, context: &Context) -> CommandResult<Retention> {
        if self.older_than.is_some() || self.keep.is_some() || self.output.is_some() {
            return Ok(Retention { age: self.older_than, count: self.keep, output: self.output });
        }
        let hob_settings::Retention { age, count, output } = context.settings()?.retention;
        Ok(Retention { age, count, output })
    }
}

fn remove(store: &mut Store, retention: &Retention, now: Timestamp) -> CommandResult<Vec<PrunedTask>> {
    let mut gone = Vec::new();
    loop {
        let slice = store.prune(retention, now)?;
        gone.extend(slice.tasks);
        if !slice.more {
            return Ok(gone);
        }
    }
}

/// Prunes in a transaction that is undone.
fn would_go(store: &mut Store, retention: &Retention, now: Timestamp) -> CommandResult<Vec<PrunedTask>> {
    let mut gone = Vec::new();
    let undone = store.change(|changes: &Changes<'_>| -> hob_store::Result<()> {
        loop {
            let slice = changes.prune(retention, now)?;
            gone.extend(slice.tasks);
            if !slice.more {
                return Err(Error::Undone { detail: "nothing was to be changed".to_owned() });
            }
        }
    });
    match undone {
        Err(Error::Undone { .. }) | Ok(()) => Ok(gone),
        Err(error) => Err(error.into()),
    }
}
