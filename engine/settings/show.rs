//! `hob config show`: what is in force, and where it came from.

use crate::{
    layer::{ExecutorLayer, Layer, NotificationsLayer, advice::AdviceLayer},
    reader::{At, path},
};
use hob_core::{Bytes, ComponentSource, Join, Limits, Preset, PresetName, format_duration};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::Path, sync::Arc, time::Duration};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the default.
    Default,
    /// A file says so.
    File {
        /// The file.
        path: Arc<Path>,
        /// The line, from 1.
        line: u32,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => {
                write!(f, "{}:{line}", hob_core::sanitize_line(&path.to_string_lossy(), usize::MAX))
            }
        }
    }
}

/// One value in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The table that it stands in, such as `executors.shell.grant`; empty at the top.
    pub table: String,
    /// Its own name.
    pub name: String,
    /// As in the configuration: sizes and times are text.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

impl Shown {
    /// The full key, such as `retention.age`.
    pub fn key(&self) -> String {
        path(&self.table, &self.name)
    }

    /// The value as TOML.
    pub fn toml(&self) -> String {
        toml::Value::try_from(&self.value).map_or_else(|_| self.value.to_string(), |value| value.to_string())
    }

    /// Every value as one TOML text that says the same as what is in force, each with a comment
    /// that says where it came from.
    pub fn as_toml(values: &[Self]) -> String {
        use fmt::Write as _;
        let mut text = String::new();
        let mut table = "";
        for shown in values {
            if shown.table != table {
                table = &shown.table;
                let _ = writeln!(text, "\n[{table}]");
            }
            let _ = writeln!(text, "{} = {} # {}", path("", &shown.name), shown.toml(), shown.origin);
        }
        text
    }

    /// Every value as one JSON object: full key to `{ value, origin }`.
    pub fn as_json(values: &[Self]) -> Value {
        let entry = |shown: &Self| {
            let origin = match &shown.origin {
                Origin::Default => json!({ "default": true }),
                Origin::File { path, line } => {
                    json!({ "default": false, "file": path.to_string_lossy(), "line": line })
                }
            };
            (shown.key(), json!({ "value": shown.value, "origin": origin }))
        };
        Value::Object(values.iter().map(entry).collect())
    }
}

struct List {
    table: String,
    values: Vec<Shown>,
}

impl List {
    fn table(&mut self, name: &str) {
        name.clone_into(&mut self.table);
    }

    fn add(&mut self, name: &str, value: Value, origin: Origin) {
        self.values.push(Shown { table: self.table.clone(), name: name.to_owned(), value, origin });
    }

    fn some<T>(&mut self, name: &str, at: Option<&At<T>>, show: impl FnOnce(&T) -> Value) {
        if let Some(At { value, origin }) = at {
            self.add(name, show(value), origin.clone());
        }
    }

    fn or<T>(&mut self, name: &str, at: Option<&At<T>>, default: &T, show: impl FnOnce(&T) -> Value) {
        match at {
            Some(_) => self.some(name, at, show),
            None => self.add(name, show(default), Origin::Default),
        }
    }
}

pub(crate) fn values(layer: &Layer, presets: &BTreeMap<PresetName, At<Arc<Preset>>>) -> Vec<Shown> {
    let mut list = List { table: String::new(), values: Vec::new() };
    let general = &layer.general;
    list.some("max_background_tasks", general.max_background_tasks.as_ref(), plain);
    list.some("default_executor", general.default_executor.as_ref(), plain);
    // A table says that there are some, and what is shown can be read again.
    let is_off = general.notifications.as_ref().filter(|at| !at.value);
    list.some("notifications", is_off, plain);
    list.some("background_execution", general.background_execution.as_ref(), plain);
    list.some("import_claude_settings", general.import_claude_settings.as_ref(), plain);
    list.some("state_files", general.state_files.as_ref(), |path| json!(path.to_string_lossy()));
    if is_off.is_none() {
        list_notifications(&mut list, &layer.notifications);
    }
    list.table("daemon");
    list.some("autostart", general.autostart.as_ref(), plain);
    list.some("lease", general.lease.as_ref(), time);
    list.table("nesting");
    list.some("depth", general.nesting_depth.as_ref(), plain);
    list.some("per_minute", general.nesting_per_minute.as_ref(), plain);
    list.table("cancel");
    list.some("grace", general.grace.as_ref(), time);
    list.table("retention");
    list.some("age", general.age.as_ref(), |age| or_none(age.as_ref(), time));
    list.some("count", general.count.as_ref(), |count| or_none(count.as_ref(), plain));
    list.some("output", general.output.as_ref(), |output| or_none(output.as_ref(), plain));
    list.table("hooks");
    list.some("max_bytes", general.hook_bytes.as_ref(), plain);
    list_advice(&mut list, &layer.advice);
    for (name, executor) in layer.extended() {
        list_executor(&mut list, name.as_str(), &executor);
    }
    for (name, preset) in presets {
        list_preset(&mut list, name.as_str(), preset);
    }
    list.values
}

fn list_notifications(list: &mut List, layer: &NotificationsLayer) {
    list.table("notifications");
    list.some("desktop", layer.desktop.as_ref(), plain);
    list.some("command", layer.command.as_ref(), plain);
    list.some("terminal", layer.terminal.as_ref(), plain);
    list.some("min_duration", layer.min_duration.as_ref(), time);
    list.some("priorities", layer.priorities.as_ref(), plain);
    list.some("gather", layer.gather.as_ref(), time);
}

fn list_executor(list: &mut List, name: &str, executor: &ExecutorLayer) {
    let table = format!("executors.{name}");
    list.table(&table);
    // Only one of both can be said, and what is shown can be read again.
    let extends = executor.about.extends.as_ref();
    list.some("extends", extends, plain);
    let component = executor.about.component.as_ref().filter(|_| extends.is_none());
    list.some("component", component, |source| json!(source.to_string()));
    if let Some(At { value: ComponentSource::File { sha256: Some(digest), .. }, origin }) = component {
        list.add("sha256", json!(digest), origin.clone());
    }
    list.some("summary", executor.about.summary.as_ref(), plain);
    list.or("repeatable", executor.about.repeatable.as_ref(), &false, plain);
    list.or("notifications", executor.about.notifications.as_ref(), &true, plain);
    list.table(&format!("{table}.settings"));
    for (name, at) in &executor.settings {
        list.some(name, Some(at), Value::clone);
    }
    list.table(&format!("{table}.grant"));
    let grant = &executor.grant;
    list.some("dirs", grant.dirs.as_ref(), plain);
    list.some("http", grant.http.as_ref(), plain);
    list.some("programs", grant.programs.as_ref(), plain);
    list.some("env", grant.env.as_ref(), plain);
    list.some("secrets", grant.secrets.as_ref(), plain);
    list.some("state", grant.state.as_ref(), plain);
    list.table(&format!("{table}.limits"));
    let (limits, default) = (&executor.limits, Limits::default());
    list.or("memory", limits.memory.as_ref(), &default.memory, plain);
    list.or("cpu", limits.cpu.as_ref(), &default.cpu, time);
    list.or("wall", limits.wall.as_ref(), &default.wall, |wall| or_none(wall.as_ref(), time));
    list.or("output", limits.output.as_ref(), &default.output, plain::<Bytes>);
    list.or("children", limits.children.as_ref(), &default.children, plain);
    list.or("processes", limits.processes.as_ref(), &default.processes, plain);
    list.or("http_body", limits.http_body.as_ref(), &default.http_body, plain);
    list.or("requests_per_host", limits.requests_per_host.as_ref(), &default.requests_per_host, plain);
}

/// A sort of work comes from one file as a whole.
fn list_advice(list: &mut List, advice: &AdviceLayer) {
    list.table("advice");
    list.some("notes", advice.notes.as_ref(), plain);
    for (name, At { value: sort, origin }) in &advice.sorts {
        list.table(&format!("advice.{}.{name}", sort.place.as_str()));
        list.add("why", plain(&sort.why), origin.clone());
        list.add("commands", plain(&sort.commands), origin.clone());
        list.add("texts", plain(&sort.texts), origin.clone());
        if let Some(dispatch) = &sort.dispatch {
            list.add("dispatch", plain(dispatch), origin.clone());
        }
    }
}

/// A preset comes from one file as a whole, and its keys from the line on which it begins.
fn list_preset(list: &mut List, name: &str, At { value: preset, origin }: &At<Arc<Preset>>) {
    let add = |list: &mut List, name: &str, value: Value| {
        if !value.is_null() {
            list.add(name, value, origin.clone());
        }
    };
    list.table(&format!("presets.{name}"));
    add(list, "summary", plain(&preset.summary));
    add(
        list,
        "join",
        match preset.join {
            Join::All => json!("all"),
            Join::AtLeast(least) => json!(least),
        },
    );
    add(list, "result", plain(&preset.result));
    for child in &preset.children {
        list.table(&format!("presets.{name}.children.{}", child.name));
        add(list, "executor", plain(&child.executor));
        add(list, "id", plain(&child.id));
        add(list, "priority", plain(&child.priority));
        add(list, "needs", plain(&child.needs));
        add(list, "params", child.params.clone());
        add(list, "cwd", plain(&child.cwd));
        add(list, "timeout", child.timeout.as_ref().map_or(Value::Null, time));
    }
}

fn plain<T: Serialize>(value: &T) -> Value {
    // Everything shown has text for keys, which is all that could fail.
    serde_json::to_value(value).unwrap_or_default()
}

fn time(value: &Duration) -> Value {
    json!(format_duration(*value))
}

fn or_none<T>(value: Option<&T>, show: impl FnOnce(&T) -> Value) -> Value {
    value.map_or_else(|| json!("none"), show)
}
