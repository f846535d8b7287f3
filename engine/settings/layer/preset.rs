//! `[presets.NAME]`: what is handed in together.

use super::{TIME, known_executor, some_time, summary};
use crate::{
    nearest,
    reader::{At, Node, Table},
};
use hob_core::{ExecutorName, Join, MemberName, Preset, PresetChild, PresetName, Priority};
use scope::Scope;
use serde_json::{Map, Value};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

mod scope;

/// Every preset of the table at `node`; `known` are the executors that its children can name, and
/// `look` may object to a name.
pub(crate) fn read(
    node: &Node<'_>,
    known: &[&ExecutorName],
    look: &dyn Fn(&PresetName, &Node<'_>),
) -> BTreeMap<PresetName, At<Arc<Preset>>> {
    let mut presets = BTreeMap::new();
    for (name, node) in node.table("a table of presets").iter().flat_map(Table::entries) {
        match name.parse::<PresetName>() {
            Ok(name) => {
                look(&name, &node);
                let preset = read_one(&name, &node, known);
                presets.extend(preset.map(|preset| (name, node.at(Arc::new(preset)))));
            }
            Err(error) => node.wrong_name(error, "[presets.NAME], such as [presets.review]"),
        }
    }
    presets
}

/// A child with what can only be checked when all of them are known.
struct Child<'a> {
    name: MemberName,
    node: Node<'a>,
}

fn read_one(name: &PresetName, node: &Node<'_>, known: &[&ExecutorName]) -> Option<Preset> {
    let table = node.table("a table with `children`")?;
    let summary = table.get("summary").and_then(|node| summary(&node)).map(|at| at.value);
    let join = table.get("join");
    let result = table.get("result");
    let nodes = table.require("children", "{ search = { executor = \"explore\" } }").map(|node| children(&node));
    table.close();
    let nodes = nodes??;
    let names: Vec<MemberName> = nodes.iter().map(|child| child.name.clone()).collect();
    let children: Vec<Option<PresetChild>> = nodes.iter().map(|child| read_child(child, &names, known)).collect();
    let join = join.map_or(Some(Join::All), |node| read_join(&node, names.len()));
    let result = result.and_then(|node| {
        let text = node.text("a text with placeholders")?;
        Scope::Result { children: &names }.check(&node, text);
        Some(text.to_owned())
    });
    let children = children.into_iter().collect::<Option<Vec<_>>>()?;
    refuse_cycles(&nodes, &children);
    refuse_same_ids(&nodes, &children);
    Some(Preset { name: name.clone(), summary, join: join?, result, children })
}

fn children<'a>(node: &Node<'a>) -> Option<Vec<Child<'a>>> {
    let table = node.table("a table of children")?;
    let entries = table.entries_in_order();
    if entries.is_empty() {
        node.wrong_hint("a preset has at least one child", "such as search = { executor = \"explore\" }");
        return None;
    }
    let mut children = Vec::new();
    let mut are_right = true;
    for (name, node) in entries {
        match name.parse() {
            Ok(name) => children.push(Child { name, node }),
            Err(error) => {
                node.wrong_name(error, "the name is a placeholder too: `{docs}` is the result of `docs`");
                are_right = false;
            }
        }
    }
    are_right.then_some(children)
}

fn read_child(child: &Child<'_>, names: &[MemberName], known: &[&ExecutorName]) -> Option<PresetChild> {
    let Child { name, node } = child;
    let table = node.table("a table such as { executor = \"explore\" }")?;
    let executor = table.require("executor", "\"explore\"").and_then(|node| known_executor(&node, known));
    let needs = table.get("needs").map_or(Some(Vec::new()), |node| read_needs(&node, name, names));
    let id = match table.get("id") {
        None => Some(format!("{{group}}-{name}")),
        Some(node) => read_id(&node),
    };
    let priority = table.get("priority");
    let priority = priority.and_then(|node| node.parsed("low, medium or high", str::parse::<Priority>));
    let params = match table.get("params") {
        None => Some(Value::Object(Map::new())),
        Some(node) => {
            let scope = Scope::Params { needs: needs.as_deref().unwrap_or(names), children: names };
            node.each_text(&mut |node, text| {
                scope.check(node, text);
            });
            node.table("a table of parameters").and(node.json())
        }
    };
    let cwd = table.get("cwd").and_then(|node| {
        let text = node.text("a folder, taken from that of the group")?;
        Scope::Folder.check(&node, text);
        Some(text.to_owned())
    });
    let timeout = table.get("timeout").and_then(|node| node.parsed(TIME, some_time));
    table.close();
    Some(PresetChild {
        name: name.clone(),
        executor: executor?.value,
        id: id?,
        priority: priority.map(|at| at.value),
        needs: needs?,
        params: params?,
        cwd,
        timeout: timeout.map(|at| at.value),
    })
}

fn read_needs(node: &Node<'_>, own: &MemberName, names: &[MemberName]) -> Option<Vec<MemberName>> {
    let mut needs: Vec<MemberName> = Vec::new();
    let mut are_right = true;
    for element in node.list("a list of children such as [\"docs\"]")? {
        let Some(text) = element.text("the name of a child") else {
            are_right = false;
            continue;
        };
        match names.iter().find(|name| name.as_str() == text) {
            Some(name) if name == own => element.wrong(format!("`{own}` would wait for itself: {own} -> {own}")),
            Some(name) if needs.contains(name) => element.wrong(format!("`{name}` is in the list already")),
            Some(name) => {
                needs.push(name.clone());
                continue;
            }
            None => {
                let hint = match nearest(text, names.iter().map(MemberName::as_str)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("its children: {}", comma(names)),
                };
                element.wrong_hint("the preset has no child of that name", hint);
            }
        }
        are_right = false;
    }
    are_right.then_some(needs)
}

fn read_id(node: &Node<'_>) -> Option<String> {
    let text = node.text("a text such as \"{group}-docs\"")?;
    if !Scope::Id.check(node, text) {
        return None;
    }
    let names_group = hob_core::placeholders(text).is_ok_and(|names| !names.is_empty());
    if !names_group {
        node.wrong_hint("without `{group}` in it, every group would want the same id", "such as \"{group}-docs\"");
        return None;
    }
    let filled = hob_core::fill(text, &|_| Some("group-1".to_owned())).map_err(|error| error.to_string());
    if let Err(error) = filled.and_then(|id| id.parse::<hob_core::TaskId>().map_err(|error| error.to_string())) {
        node.wrong(error);
        return None;
    }
    Some(text.to_owned())
}

fn read_join(node: &Node<'_>, children: usize) -> Option<Join> {
    match (node.as_str(), node.whole()) {
        (Some("all"), _) => Some(Join::All),
        (Some("any"), _) => Some(Join::AtLeast(1)),
        (_, Some(least)) if (1..=children).any(|count| i64::try_from(count) == Ok(least)) => {
            u32::try_from(least).ok().map(Join::AtLeast)
        }
        (_, Some(least)) if least > 0 => {
            node.wrong(format!("{least} can never complete of {children}"));
            None
        }
        _ => {
            node.mistyped(format!("\"all\", \"any\" or how many have to complete, from 1 to {children}"));
            None
        }
    }
}

/// A cycle is said once, at the needs of the first child that is in it.
fn refuse_cycles(nodes: &[Child<'_>], children: &[PresetChild]) {
    let needs = |name: &MemberName| children.iter().find(|child| child.name == *name).map(|child| &child.needs);
    let mut said: Vec<MemberName> = Vec::new();
    for (child, node) in children.iter().zip(nodes) {
        if said.contains(&child.name) {
            continue;
        }
        let Some(way) = way_back(&child.name, &needs) else { continue };
        let names: Vec<&str> = way.iter().map(MemberName::as_str).collect();
        let message = format!("these wait for each other: {}", names.join(" -> "));
        let table = node.node.table("a table");
        match table.and_then(|table| table.get("needs")) {
            Some(needs) => needs.wrong(message),
            None => node.node.wrong(message),
        }
        said.extend(way);
    }
}

/// The needs that lead from `start` back to it, in the order of a search in breadth.
fn way_back<'a>(
    start: &'a MemberName,
    needs: &dyn Fn(&MemberName) -> Option<&'a Vec<MemberName>>,
) -> Option<Vec<MemberName>> {
    let mut from: BTreeMap<&MemberName, &MemberName> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for need in needs(at).into_iter().flatten() {
            if need == start {
                let mut way = vec![start.clone(), at.clone()];
                let mut at = at;
                while at != start {
                    at = from.get(at)?;
                    way.push(at.clone());
                }
                way.reverse();
                return Some(way);
            }
            if !from.contains_key(need) {
                from.insert(need, at);
                open.push_back(need);
            }
        }
    }
    None
}

fn refuse_same_ids(nodes: &[Child<'_>], children: &[PresetChild]) {
    for (index, (child, node)) in children.iter().zip(nodes).enumerate() {
        if let Some(other) = children[..index].iter().find(|other| other.id == child.id) {
            node.node.wrong(format!("`{}` has the same id, {}", other.name, child.id));
        }
    }
}

fn comma(names: &[MemberName]) -> String {
    names.iter().map(MemberName::as_str).collect::<Vec<_>>().join(", ")
}
