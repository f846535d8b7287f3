//! `[advice]`: which work suits the background, and which somebody should watch.

use super::summary;
use crate::{
    reader::{At, Node, Table},
    show::Origin,
};
use hob_core::{Advice, Whereabouts, WorkSort, placeholders};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

/// The lists, by the key under which each stands.
pub(crate) const LISTS: [Whereabouts; 2] = [Whereabouts::Background, Whereabouts::Foreground];
/// The only placeholder of `dispatch`.
const INPUT: &str = "input";

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AdviceLayer {
    pub(crate) notes: Option<At<bool>>,
    pub(crate) sorts: BTreeMap<String, At<Arc<WorkSort>>>,
}

impl AdviceLayer {
    pub(crate) fn read(node: &Node<'_>) -> Self {
        let Some(table) = node.table("a table with `notes`, `background` and `foreground`") else {
            return Self::default();
        };
        let mut layer = Self { notes: table.get("notes").and_then(|node| node.boolean()), sorts: BTreeMap::new() };
        let lists = [table.get("background"), table.get("foreground")];
        for (place, list) in LISTS.into_iter().zip(lists) {
            let list = list.and_then(|node| node.table("a table of sorts of work"));
            for (name, node) in list.iter().flat_map(Table::entries) {
                layer.add(name, place, &node);
            }
        }
        table.close();
        layer
    }

    fn add(&mut self, name: &str, place: Whereabouts, node: &Node<'_>) {
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !is_name {
            node.wrong_name("a name has letters, digits, `_` and `-`", "such as [advice.foreground.deploy]");
        } else if self.sorts.contains_key(name) {
            node.wrong_name(format!("`{name}` is in both lists"), "keep it in one of them");
        } else if let Some(sort) = read_sort(name, place, node) {
            self.sorts.insert(name.to_owned(), node.at(Arc::new(sort)));
        }
    }

    pub(crate) fn over(self, below: Self) -> Self {
        let mut sorts = below.sorts;
        sorts.extend(self.sorts);
        Self { notes: self.notes.or(below.notes), sorts }
    }

    /// The person's own first, then what should be watched, by name.
    pub(crate) fn resolve(&self) -> Advice {
        let mut sorts: Vec<_> = self.sorts.values().collect();
        sorts.sort_by_key(|At { value, origin }| (*origin == Origin::Default, Reverse(value.place)));
        Advice { sorts: sorts.into_iter().map(|at| WorkSort::clone(&at.value)).collect() }
    }
}

fn read_sort(name: &str, place: Whereabouts, node: &Node<'_>) -> Option<WorkSort> {
    let table = node.table("a table such as { why = \"it asks questions\", commands = [\"deploy\"] }")?;
    let why = table.require("why", "\"it asks questions\"").and_then(|node| summary(&node));
    let commands = table.get("commands").map_or(Some(Vec::new()), |node| patterns(&node, "\"cargo test\""));
    let texts = table.get("texts").map_or(Some(Vec::new()), |node| patterns(&node, "\"run tests\""));
    let dispatch = table.get("dispatch").and_then(|node| dispatch_line(&node));
    table.close();
    Some(WorkSort { name: name.to_owned(), place, why: why?.value, commands: commands?, texts: texts?, dispatch })
}

fn patterns(node: &Node<'_>, example: &str) -> Option<Vec<String>> {
    let list = node.list(format_args!("a list such as [{example}]"))?;
    list.iter().map(|node| node.text(format_args!("words such as {example}")).map(str::to_owned)).collect()
}

fn dispatch_line(node: &Node<'_>) -> Option<String> {
    let line = summary(node)?.value;
    match placeholders(&line) {
        Err(error) => node.wrong(error),
        Ok(names) => match names.iter().find(|name| *name != INPUT) {
            Some(name) => node.wrong_hint(format!("there is nothing called `{{{name}}}` here"), "known here: {input}"),
            None => return Some(line),
        },
    }
    None
}
