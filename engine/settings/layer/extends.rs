//! `extends`: an executor that takes what it does not say from another one.

use super::{ExecutorLayer, Layer, known_executor};
use crate::reader::Node;
use hob_core::ExecutorName;
use std::collections::BTreeMap;

type Executors = BTreeMap<ExecutorName, ExecutorLayer>;

/// Notes the base of each executor of `nodes`, which stand in the file that `own` comes from.
pub(super) fn read(own: &mut Executors, below: Option<&Layer>, nodes: &[(ExecutorName, Node<'_>)]) {
    let known: Vec<ExecutorName> =
        own.keys().chain(below.into_iter().flat_map(|below| below.executors.keys())).cloned().collect();
    for (name, node) in nodes {
        let base = known_executor(node, &known.iter().collect::<Vec<_>>());
        if let Some(executor) = own.get_mut(name) {
            executor.about.extends = base;
        }
    }
    for (name, node) in nodes {
        if let Some(cycle) = cycle(name, own, below) {
            let names: Vec<&str> = cycle.iter().map(ExecutorName::as_str).collect();
            node.wrong_hint(
                format!("this leads back to `{name}`: {}", names.join(" -> ")),
                "the last one of a chain has a `component`",
            );
            // One message for each cycle is enough.
            for name in cycle {
                own.entry(name).and_modify(|executor| executor.about.extends = None);
            }
        }
    }
}

/// The way from `name` back to itself, if there is one.
fn cycle(name: &ExecutorName, own: &Executors, below: Option<&Layer>) -> Option<Vec<ExecutorName>> {
    let mut way = vec![name.clone()];
    loop {
        let next = base(way.last()?, own, below)?;
        if next == name {
            way.push(next.clone());
            return Some(way);
        }
        if way.contains(next) {
            // A cycle, but another one.
            return None;
        }
        way.push(next.clone());
    }
}

fn base<'a>(name: &ExecutorName, own: &'a Executors, below: Option<&'a Layer>) -> Option<&'a ExecutorName> {
    let said = |executor: &'a ExecutorLayer| executor.about.extends.as_ref().map(|at| &at.value);
    let own = own.get(name);
    match own {
        Some(executor) if executor.about.extends.is_some() || executor.about.component.is_some() => said(executor),
        _ => said(below?.executors.get(name)?),
    }
}

impl Layer {
    /// Every executor as it is together with what it extends.
    pub(crate) fn extended(&self) -> impl Iterator<Item = (&ExecutorName, ExecutorLayer)> {
        self.executors.keys().filter_map(|name| Some((name, self.extended_executor(name)?)))
    }

    /// The same of one executor; nothing if there is none of that name.
    pub(crate) fn extended_executor(&self, name: &ExecutorName) -> Option<ExecutorLayer> {
        let mut chain = self.chain(name);
        let own = chain.next()?.clone();
        Some(chain.fold(own, |executor, base| executor.key_by_key(base.clone())))
    }

    /// Whether it can run: it or what it extends says what its component is.
    pub(crate) fn has_component(&self, name: &ExecutorName) -> bool {
        self.chain(name).any(|executor| executor.about.component.is_some())
    }

    /// Whether the ends of its tasks are announced to nobody.
    pub(crate) fn is_silent(&self, name: &ExecutorName) -> bool {
        self.chain(name).find_map(|executor| executor.about.notifications.as_ref()).is_some_and(|at| !at.value)
    }

    /// An executor, what it extends, and so on. That this ends is held by `read`, which refuses cycles.
    fn chain(&self, name: &ExecutorName) -> impl Iterator<Item = &ExecutorLayer> {
        std::iter::successors(self.executors.get(name), |executor| {
            self.executors.get(&executor.about.extends.as_ref()?.value)
        })
    }
}
