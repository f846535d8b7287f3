//! `notifications`: yes or no, or a table that says who is told of what.

use super::{GeneralLayer, TIME};
use crate::{
    component,
    places::Places,
    reader::{At, Node},
};
use hob_core::{ExecutorName, Notifications, Priority, TerminalNotice, parse_duration};
use std::{collections::BTreeSet, time::Duration};

/// Whoever is told a minute late does not want to be told.
const LONGEST_GATHER: Duration = Duration::from_mins(1);

layer! {
    /// `[notifications]`
    NotificationsLayer {
        desktop: bool,
        command: Vec<String>,
        terminal: TerminalNotice,
        min_duration: Duration,
        priorities: BTreeSet<Priority>,
        gather: Duration,
    }
}

/// Whether there are any, and which. A table means yes.
pub(super) fn read(node: &Node<'_>, places: &Places) -> (Option<At<bool>>, NotificationsLayer) {
    if let Some(is_on) = node.as_bool() {
        return (Some(node.at(is_on)), NotificationsLayer::default());
    }
    let Some(table) = node.table("true, false, or a table such as { desktop = true }") else {
        return (None, NotificationsLayer::default());
    };
    let layer = NotificationsLayer {
        desktop: table.get("desktop").and_then(|node| node.boolean()),
        command: table.get("command").and_then(|node| command(&node, places)),
        terminal: table
            .get("terminal")
            .and_then(|node| node.parsed("\"none\", \"bell\", \"osc9\" or \"osc777\"", str::parse)),
        min_duration: table.get("min_duration").and_then(|node| node.parsed(TIME, parse_duration)),
        priorities: table.get("priorities").and_then(|node| priorities(&node)),
        gather: table.get("gather").and_then(|node| gather(&node)),
    };
    table.close();
    (Some(node.at(true)), layer)
}

/// A program and its arguments. The program is a name for the one in the PATH, or a path.
fn command(node: &Node<'_>, places: &Places) -> Option<At<Vec<String>>> {
    let expected = "a list of words such as [\"notify-me\", \"--quiet\"]";
    let nodes = node.list(expected)?;
    let mut words = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let text = node.text("text")?;
        if text.contains('\0') || (index == 0 && text.is_empty()) {
            node.wrong("this can be no word of a command");
            return None;
        }
        words.push(if index == 0 && text.contains('/') {
            component::path(node, text, places)?.to_str()?.to_owned()
        } else {
            text.to_owned()
        });
    }
    Some(node.at(words))
}

fn priorities(node: &Node<'_>) -> Option<At<BTreeSet<Priority>>> {
    let nodes = node.list("a list such as [\"high\", \"medium\"]")?;
    let read: Vec<_> = nodes.iter().map(|node| node.parsed("a priority: low, medium or high", str::parse)).collect();
    if nodes.is_empty() {
        node.wrong_hint("nothing would ever be told", "notifications = false   says so in fewer words");
        return None;
    }
    let priorities = read.into_iter().map(|at| at.map(|at| at.value)).collect::<Option<_>>()?;
    Some(node.at(priorities))
}

fn gather(node: &Node<'_>) -> Option<At<Duration>> {
    node.parsed(TIME, |text| match parse_duration(text) {
        Ok(time) if time > LONGEST_GATHER => Err("the longest time to gather is 1m".to_owned()),
        other => other.map_err(|error| error.to_string()),
    })
}

impl NotificationsLayer {
    /// What is in force. `silent` are the executors of which nobody is told.
    pub(crate) fn resolve(&self, general: &GeneralLayer, silent: BTreeSet<ExecutorName>) -> Notifications {
        fn value<T: Clone>(at: Option<&At<T>>) -> T {
            at.expect("the built-in defaults have every key").value.clone()
        }
        if !value(general.notifications.as_ref()) {
            return Notifications::off();
        }
        Notifications {
            desktop: value(self.desktop.as_ref()),
            command: value(self.command.as_ref()),
            terminal: value(self.terminal.as_ref()),
            min_duration: value(self.min_duration.as_ref()),
            priorities: value(self.priorities.as_ref()),
            gather: value(self.gather.as_ref()),
            silent,
        }
    }
}
