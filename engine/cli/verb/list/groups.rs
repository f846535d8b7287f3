//! `hob list --groups`

use super::{Arguments, LIMIT};
use crate::{
    context::now,
    error::CommandResult,
    exit::Exit,
    render::{self, BOLD, Cell, DIM, PLAIN, Table},
};
use hob_core::{Group, Timestamp};
use hob_store::Store;
use serde_json::{Value, json};
use std::io::{IsTerminal as _, Write as _};

/// Lists groups, the newest first.
pub fn run(store: &Store, arguments: &Arguments) -> CommandResult {
    let most = (!arguments.all).then_some(arguments.limit.unwrap_or(LIMIT));
    let shown = most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let is_filtered = !arguments.state.is_empty() || arguments.text.is_some();
    // One more, to know whether there are more.
    let limit = most.filter(|_| !is_filtered).map(|most| most.saturating_add(1));
    let mut groups = store.groups(arguments.session.as_ref(), limit)?;
    groups.retain(|group| is_meant(group, arguments));
    let has_more = groups.len() > shown;
    groups.truncate(shown);
    let now = now();
    let mut out = anstream::stdout().lock();
    if arguments.json {
        let objects: Vec<Value> = groups.iter().map(|group| json!(render::group_object(group, now))).collect();
        render::write_json(&mut out, &objects)?;
    } else if groups.is_empty() {
        if std::io::stdout().is_terminal() {
            writeln!(out, "no such group; `hob fan-out --help` shows how to hand one in")?;
        }
    } else {
        table(&groups, now).write(&mut out, render::width())?;
        if has_more && std::io::stdout().is_terminal() {
            writeln!(out, "{}", render::styled(DIM, format!("the newest {shown}; --all shows all, --limit N more")))?;
        }
    }
    Ok(Exit::Ok)
}

fn is_meant(group: &Group, arguments: &Arguments) -> bool {
    let has = |text: &str, part: &str| text.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    let texts = [group.id.as_str(), group.preset.as_str(), group.input.as_str()];
    (arguments.state.is_empty() || arguments.state.contains(&group.state()))
        && arguments.text.as_ref().is_none_or(|part| texts.into_iter().any(|text| has(text, part)))
}

fn table(groups: &[Group], now: Timestamp) -> Table {
    let mut table = Table::new(&["ID", "STATE", "PRESET", "CREATED", ">TIME", "COMPLETED", "WHAT"]);
    for group in groups {
        let state = group.state();
        let time = render::duration(group.finished.unwrap_or(now).since(group.created));
        table.row(vec![
            Cell::new(BOLD, group.id.as_str()),
            Cell::new(render::of_state(state), state.as_str()),
            Cell::new(PLAIN, group.preset.as_str()),
            Cell::new(DIM, render::ago(group.created, now)),
            Cell::new(PLAIN, time),
            Cell::new(PLAIN, render::tally_short(&group.tally)),
            Cell::new(PLAIN, &group.input),
        ]);
    }
    table
}
