//! Whether the database is sound, and what can be saved of one that is not.

use super::{Check, Status};
use crate::{
    alone::Alone,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    render,
};
use hob_store::{Counts, Salvaged, Store};
use serde_json::json;
use std::{io::Write as _, path::Path};

/// The line of the report.
pub fn database<'a>(context: &Context) -> Check<'a> {
    let check = |status, message: String| Check::new("database", status, message);
    match look(&context.places.state) {
        Ok(None) => check(Status::Absent, "there is none yet; the first task makes it".to_owned()),
        Ok(Some((problems, counts))) if problems.is_empty() => {
            let ended = counts.completed + counts.failed + counts.cancelled;
            let (waits, output) = (counts.pending, render::size(counts.output.0));
            check(
                Status::Ok,
                format!("sound; {waits} pending, {} running, {ended} ended, {output} of output", counts.running),
            )
        }
        Ok(Some((problems, _))) => problem(&hob_store::Error::Corrupt { detail: problems.join("; ") }.into()),
        Err(error) => problem(&error.into()),
    }
}

/// What is wrong with the database, and what is in it; none if there is none yet.
fn look(state: &Path) -> hob_store::Result<Option<(Vec<String>, Counts)>> {
    // To open a store is to make it.
    if !Store::is_begun(state)? {
        return Ok(None);
    }
    let store = Store::open(state)?;
    Ok(Some((store.check()?, store.counts()?)))
}

fn problem<'a>(error: &CommandError) -> Check<'a> {
    let check = Check::new("database", Status::Problem, error.message());
    match error.hints() {
        [] => check,
        hints => check.hint(hints.join("; ")),
    }
}

/// Writes what can be read into a new database beside the damaged one.
pub fn salvage(context: &Context, as_json: bool) -> CommandResult {
    let state = &context.places.state;
    let _alone = Alone::begin(context)?;
    if matches!(Store::is_begun(state), Ok(false)) {
        return Err(CommandError::not_found("there is nothing to salvage: no task was ever handed in"));
    }
    let folder = state.join(format!("salvaged-{}", render::stamp(now())));
    let salvaged = hob_store::salvage(state, &folder)?;
    let Salvaged { counts, were, without_result, cancelled, groups_lost, outputs } = salvaged;
    let found = counts.pending + counts.running + counts.completed + counts.failed + counts.cancelled;
    let mut out = anstream::stdout().lock();
    if as_json {
        let object = json!({
            "path": folder.to_string_lossy(),
            "counts": render::counts_object(&counts),
            "were": were,
            "without_result": without_result,
            "cancelled": cancelled,
            "groups_lost": groups_lost,
            "outputs": outputs,
        });
        render::write_json(&mut out, &object)?;
        return Ok(Exit::Ok);
    }
    let of = were.map_or_else(|| "an unknown number of".to_owned(), |were| were.to_string());
    writeln!(out, "salvaged  {found} of {of} tasks into {}", folder.display())?;
    for (count, what) in [
        (without_result, "ended, and their results are lost"),
        (cancelled, "cannot run any more, because what they need to is lost: cancelled"),
        (groups_lost, "groups are lost; what is left of their tasks is there"),
    ] {
        if count > 0 {
            writeln!(out, "          {count} {what}")?;
        }
    }
    writeln!(out, "          the damaged files are as they were; to go on with what was found:")?;
    writeln!(out, "          hob restore {}", folder.display())?;
    Ok(Exit::Ok)
}
