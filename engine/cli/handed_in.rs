//! What is told of a group that was handed in.

use crate::render::{self, BOLD, Cell, DIM, PLAIN, Table, styled};
use hob_core::{ExecutorName, MemberName, PresetName, TaskId};
use serde_json::{Value, json};
use std::io::{self, Write};

/// A group that was accepted.
pub struct HandedIn<'a> {
    /// Its id.
    pub id: &'a TaskId,
    /// What it was made from.
    pub preset: &'a PresetName,
    /// It was handed in before.
    pub is_repeated: bool,
    /// The group that it repeats.
    pub retry_of: Option<&'a TaskId>,
    /// In the order of the preset.
    pub children: Vec<Child<'a>>,
}

/// A member of it.
pub struct Child<'a> {
    /// What the preset calls it.
    pub name: &'a MemberName,
    /// Who does it.
    pub executor: &'a ExecutorName,
    /// Its task.
    pub id: String,
    /// What has to complete before.
    pub needs: &'a [MemberName],
    /// It has completed in the group that is repeated, and does not run again.
    pub is_kept: bool,
}

impl HandedIn<'_> {
    /// For a terminal.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (count, kept) = (self.children.len(), self.children.iter().filter(|child| child.is_kept).count());
        let kept = if kept > 0 { format!(", {kept} kept") } else { String::new() };
        let children = if count == 1 { "child" } else { "children" };
        let again = self.retry_of.map(|old| format!("  again for {old}")).unwrap_or_default();
        writeln!(out, "queued  {}  ({}, {count} {children}{kept}){again}", styled(BOLD, self.id), self.preset)?;
        let mut table = Table::new(&["CHILD", "EXECUTOR", "ID", "AFTER"]);
        for child in &self.children {
            let after = child.needs.iter().map(MemberName::as_str).collect::<Vec<_>>().join(", ");
            table.row(vec![
                Cell::new(BOLD, child.name.as_str()),
                Cell::new(PLAIN, child.executor.as_str()),
                Cell::new(PLAIN, &child.id),
                Cell::new(DIM, if child.is_kept { "kept: it has completed" } else { &after }),
            ]);
        }
        table.write(out, render::width())?;
        let next = format!("        hob output {} --wait   shows all results", self.id);
        writeln!(out, "{}", styled(DIM, next))
    }

    /// For programs.
    pub fn object(&self) -> Value {
        let member = |child: &Child<'_>| {
            json!({
                "name": child.name,
                "id": child.id,
                "executor": child.executor,
                "needs": child.needs,
                "kept": child.is_kept,
            })
        };
        let members: Vec<Value> = self.children.iter().map(member).collect();
        json!({
            "id": self.id,
            "preset": self.preset,
            "already": self.is_repeated,
            "retry_of": self.retry_of,
            "members": members,
        })
    }
}
