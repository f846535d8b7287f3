//! What one file says, key by key, and how a later file goes over an earlier one.

use crate::{
    component,
    error::Problem,
    grant::GrantLayer,
    nearest,
    places::Places,
    reader::{At, Node, Reader, Table},
    source::Source,
};
use advice::AdviceLayer;
use hob_core::{Bytes, ComponentSource, ExecutorName, Limits, Preset, PresetName, parse_duration};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Display, path::PathBuf, sync::Arc, time::Duration};
use toml::de::DeTable;

/// Beyond this, tasks only wait for each other inside instead of outside.
pub(crate) const MOST_TASKS: u64 = 256;
/// More finished tasks than that are a matter for `none`.
const MOST_KEPT: u64 = 1_000_000_000;
/// Programs of one task at once; the system's own limits are not far from that.
const MOST_CHILDREN: u64 = 4096;
/// Processes of one program: what a system that is set up as usual lets one user have.
const MOST_PROCESSES: u64 = 1_000_000;
/// Requests to one host at once; no server welcomes more.
const MOST_REQUESTS_PER_HOST: u64 = 1000;
/// With less than a page of it no component starts.
const LEAST_MEMORY: Bytes = Bytes(64 << 10);
/// In less than a kilobyte nothing can be said; more than a megabyte is no context but a flood.
const HOOK_BYTES: (Bytes, Bytes) = (Bytes(1 << 10), Bytes(1 << 20));
/// Whoever lets a task take longer to stop does not want to stop it.
const LONGEST_GRACE: Duration = Duration::from_hours(1);

/// Less, and a machine under load would end workers that are only slow; more, and nobody waits for it.
const LEASES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(24));
/// Whoever goes deeper has lost sight of what it began with.
const DEEPEST: u64 = 64;
/// A thousand a second.
const MOST_PER_MINUTE: u64 = 60_000;

macro_rules! layer {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(crate) struct $name { $(pub(crate) $field: Option<At<$type>>,)* }

        impl $name {
            /// What this layer says, and else what the layer `below` says.
            pub(crate) fn over(self, below: Self) -> Self {
                Self { $($field: self.$field.or(below.$field),)* }
            }
        }
    };
}
pub(crate) use layer;
pub(crate) use notifications::NotificationsLayer;

layer! {
    /// The keys that belong to no executor.
    GeneralLayer {
        max_background_tasks: u32,
        default_executor: ExecutorName,
        notifications: bool,
        background_execution: bool,
        import_claude_settings: bool,
        state_files: PathBuf,
        autostart: bool,
        lease: Duration,
        grace: Duration,
        nesting_depth: u32,
        nesting_per_minute: u32,
        age: Option<Duration>,
        count: Option<u64>,
        output: Option<Bytes>,
        hook_bytes: Bytes,
    }
}

layer! {
    /// `[executors.NAME.limits]`
    LimitsLayer {
        memory: Bytes,
        cpu: Duration,
        wall: Option<Duration>,
        output: Bytes,
        children: u32,
        processes: u32,
        http_body: Bytes,
        requests_per_host: u32,
    }
}

layer! {
    /// The keys of `[executors.NAME]` that are no tables.
    AboutLayer {
        component: ComponentSource,
        extends: ExecutorName,
        summary: String,
        repeatable: bool,
        notifications: bool,
    }
}

/// `[executors.NAME]`
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ExecutorLayer {
    pub(crate) about: AboutLayer,
    pub(crate) settings: BTreeMap<String, At<Value>>,
    pub(crate) grant: GrantLayer,
    pub(crate) limits: LimitsLayer,
}

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layer {
    pub(crate) general: GeneralLayer,
    pub(crate) advice: AdviceLayer,
    pub(crate) notifications: NotificationsLayer,
    pub(crate) executors: BTreeMap<ExecutorName, ExecutorLayer>,
    pub(crate) presets: BTreeMap<PresetName, At<Arc<Preset>>>,
}

impl Layer {
    /// The lowest layer. That its files can be read, and have every key, is held by the tests.
    pub(crate) fn built_in(places: &Places) -> Self {
        Source::built_in().fold(Self::default(), |below, source| {
            let layer = Self::read(&source, Some(&below), places).expect("the built-in defaults can be read");
            layer.over(below)
        })
    }

    /// Reads `source`, which goes over what is `below`, and finds every problem in it.
    pub(crate) fn read(source: &Source, below: Option<&Self>, places: &Places) -> Result<Self, Vec<Problem>> {
        let table = DeTable::parse(source.text()).map_err(|error| vec![syntax(source, &error)])?;
        let reader = Reader::new(source);
        let root = Table::new(&reader, String::new(), table.get_ref(), table.span());
        let layer = Self::read_root(root, below, places);
        match reader.problems() {
            problems if problems.is_empty() => Ok(layer),
            problems => Err(problems),
        }
    }

    pub(crate) fn read_root(root: Table<'_>, below: Option<&Self>, places: &Places) -> Self {
        let mut general = GeneralLayer {
            max_background_tasks: root.get("max_background_tasks").and_then(|node| count(&node, 1, MOST_TASKS)),
            background_execution: root.get("background_execution").and_then(|node| node.boolean()),
            import_claude_settings: root.get("import_claude_settings").and_then(|node| node.boolean()),
            state_files: root.get("state_files").and_then(|node| state_files(&node, places)),
            ..GeneralLayer::default()
        };
        let mut notifications = NotificationsLayer::default();
        if let Some(node) = root.get("notifications") {
            (general.notifications, notifications) = notifications::read(&node, places);
        }
        let default = root.get("default_executor");
        if let Some(table) = root.get("daemon").and_then(|node| node.table("a table with `autostart`")) {
            general.autostart = table.get("autostart").and_then(|node| node.boolean());
            general.lease = table.get("lease").and_then(|node| lease(&node));
            table.close();
        }
        if let Some(table) = root.get("nesting").and_then(|node| node.table("a table with `depth`")) {
            general.nesting_depth = table.get("depth").and_then(|node| count(&node, 0, DEEPEST));
            general.nesting_per_minute = table.get("per_minute").and_then(|node| count(&node, 0, MOST_PER_MINUTE));
            table.close();
        }
        if let Some(table) = root.get("cancel").and_then(|node| node.table("a table with `grace`")) {
            general.grace = table.get("grace").and_then(|node| grace(&node));
            table.close();
        }
        if let Some(table) = root.get("retention").and_then(|node| node.table("a table with `age`")) {
            general.age = table.get("age").and_then(|node| node.parsed_or_none(AGE, parse_duration));
            general.count = table.get("count").and_then(|node| kept(&node));
            general.output = table.get("output").and_then(|node| node.parsed_or_none(SIZE_OR_NONE, str::parse));
            table.close();
        }
        if let Some(table) = root.get("hooks").and_then(|node| node.table("a table with `max_bytes`")) {
            general.hook_bytes = table.get("max_bytes").and_then(|node| hook_bytes(&node));
            table.close();
        }
        let advice = root.get("advice").map(|node| AdviceLayer::read(&node)).unwrap_or_default();
        let mut executors = BTreeMap::new();
        let mut bases = Vec::new();
        if let Some(table) = root.get("executors").and_then(|node| node.table("a table of executors")) {
            for (name, node) in table.entries() {
                let lower = |name: &ExecutorName| below.and_then(|below| below.executors.get(name));
                match name.parse::<ExecutorName>() {
                    Ok(name) => {
                        let base = |base| bases.push((name.clone(), base));
                        let executor = ExecutorLayer::read(&name, &node, lower(&name), below, places, base);
                        executors.extend(executor.map(|executor| (name, executor)));
                    }
                    Err(error) => node.wrong_name(error, "[executors.NAME], such as [executors.lint]"),
                }
            }
        }
        extends::read(&mut executors, below, &bases);
        let known: Vec<&ExecutorName> =
            executors.keys().chain(below.into_iter().flat_map(|below| below.executors.keys())).collect();
        general.default_executor = default.and_then(|node| known_executor(&node, &known));
        let presets = root.get("presets").map(|node| preset::read(&node, &known, &|_, _| {})).unwrap_or_default();
        root.close();
        Self { general, advice, notifications, executors, presets }
    }

    pub(crate) fn over(self, below: Self) -> Self {
        let mut executors = below.executors;
        for (name, executor) in self.executors {
            let below = executors.remove(&name).unwrap_or_default();
            executors.insert(name, executor.over(below));
        }
        // As a whole: a preset whose children come from two files would be nobody's.
        let mut presets = below.presets;
        presets.extend(self.presets);
        Self {
            general: self.general.over(below.general),
            advice: self.advice.over(below.advice),
            notifications: self.notifications.over(below.notifications),
            executors,
            presets,
        }
    }
}

impl ExecutorLayer {
    /// `base` is given what it extends, which can be resolved when every executor of the file is known.
    fn read<'n>(
        name: &ExecutorName,
        node: &Node<'n>,
        lower: Option<&Self>,
        below: Option<&Layer>,
        places: &Places,
        base: impl FnOnce(Node<'n>),
    ) -> Option<Self> {
        let table = node.table("a table such as { component = \"builtin:shell\" }")?;
        let sha256 = table.get("sha256");
        let digest = sha256.as_ref().map(component::digest);
        let component = table.get("component");
        let mut layer = Self {
            about: AboutLayer {
                component: component.as_ref().and_then(|node| {
                    let source = component::read(node, digest.flatten(), places)?;
                    Some(node.at(source))
                }),
                summary: table.get("summary").and_then(|node| summary(&node)),
                repeatable: table.get("repeatable").and_then(|node| node.boolean()),
                notifications: table.get("notifications").and_then(|node| node.boolean()),
                ..AboutLayer::default()
            },
            ..Self::default()
        };
        let extends = table.get("extends");
        match (&component, sha256) {
            _ if extends.is_some() && component.is_some() => {}
            (None, Some(sha256)) => sha256.wrong("the digest belongs to a `component`, which is missing here"),
            (None, None) if lower.is_none() && extends.is_none() => {
                let known = below.into_iter().flat_map(|below| below.executors.keys().map(ExecutorName::as_str));
                let hint = match nearest(name.as_str(), known) {
                    Some(meant) => format!("did you mean [executors.{meant}]?"),
                    None => "such as component = \"builtin:shell\", or the path of a .wasm file".to_owned(),
                };
                node.wrong_name("`component` is missing", hint);
            }
            _ => {}
        }
        match extends {
            Some(extends) if component.is_some() => {
                let hint = "keep one of them: `extends` takes the component of the other executor";
                extends.wrong_hint("an executor has a `component` or `extends` another, not both", hint);
            }
            Some(extends) => base(extends),
            None => {}
        }
        if let Some(settings) = table.get("settings").and_then(|node| node.table("a table, for the component")) {
            let json = |(name, node): (&str, Node<'_>)| Some((name.to_owned(), node.at(node.json()?)));
            layer.settings = settings.entries().filter_map(json).collect();
        }
        if let Some(grant) = table.get("grant").and_then(|node| node.table("a table such as { env = [\"LANG\"] }")) {
            layer.grant = GrantLayer::read(grant, places);
        }
        if let Some(limits) = table.get("limits").and_then(|node| node.table("a table such as { cpu = \"1m\" }")) {
            layer.limits = LimitsLayer::read(limits);
        }
        table.close();
        Some(layer)
    }

    /// Goes over the same executor of the layer `below`, unless it runs another component: what was
    /// granted to one is not granted to another.
    fn over(self, below: Self) -> Self {
        let component = |layer: &Self| layer.about.component.as_ref().map(|at| at.value.clone());
        let base = |layer: &Self| layer.about.extends.as_ref().map(|at| at.value.clone());
        if component(&self).is_some_and(|own| component(&below) != Some(own))
            || base(&self).is_some_and(|own| base(&below) != Some(own))
        {
            return self;
        }
        self.key_by_key(below)
    }

    /// Every key that it says, and else what `below` says.
    fn key_by_key(self, below: Self) -> Self {
        let mut settings = below.settings;
        for (key, own) in self.settings {
            let value = match settings.remove(&key) {
                Some(below) => At { value: merged(own.value, below.value), origin: own.origin },
                None => own,
            };
            settings.insert(key, value);
        }
        Self {
            about: self.about.over(below.about),
            settings,
            grant: self.grant.over(below.grant),
            limits: self.limits.over(below.limits),
        }
    }
}

/// Tables of a component's settings key by key, too; anything else is replaced.
fn merged(own: Value, below: Value) -> Value {
    match (own, below) {
        (Value::Object(own), Value::Object(mut below)) => {
            for (key, value) in own {
                let value = match below.remove(&key) {
                    Some(below) => merged(value, below),
                    None => value,
                };
                below.insert(key, value);
            }
            Value::Object(below)
        }
        (own, _) => own,
    }
}

pub(crate) fn syntax(source: &Source, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let rest = source.text().get(span.start..).unwrap_or_default();
    let before = source.text().get(..span.start).unwrap_or_default().trim_end_matches([' ', '\t']);
    // What the parser says of it speaks of quotes.
    let lacks_value = before.ends_with('=') && (rest.is_empty() || rest.starts_with(['\n', '\r', '#']));
    let message = match error.message() {
        _ if lacks_value => "a value is missing after `=`",
        "duplicate key" => "this is set twice",
        other => other,
    };
    source.problem(span, None, message)
}

const SIZE: &str = "a size such as \"256MiB\"";
const SIZE_OR_NONE: &str = "a size such as \"5GiB\", or \"none\"";
const TIME: &str = "a time such as \"1m30s\"";
const TIME_OR_NONE: &str = "a time such as \"1m30s\", or \"none\"";
const AGE: &str = "a time such as \"30d\", or \"none\"";

impl LimitsLayer {
    pub(crate) fn read(table: Table<'_>) -> Self {
        let size = |node: Node<'_>| node.parsed(SIZE, str::parse::<Bytes>);
        let layer = Self {
            memory: table.get("memory").and_then(|node| memory(&node)),
            cpu: table.get("cpu").and_then(|node| node.parsed(TIME, some_time)),
            wall: table.get("wall").and_then(|node| node.parsed_or_none(TIME_OR_NONE, some_time)),
            output: table.get("output").and_then(size),
            children: table.get("children").and_then(|node| count(&node, 0, MOST_CHILDREN)),
            processes: table.get("processes").and_then(|node| count(&node, 1, MOST_PROCESSES)),
            http_body: table.get("http_body").and_then(size),
            requests_per_host: table.get("requests_per_host").and_then(|node| count(&node, 1, MOST_REQUESTS_PER_HOST)),
        };
        table.close();
        layer
    }

    pub(crate) fn resolve(&self) -> Limits {
        fn value<T: Clone>(at: Option<&At<T>>, default: T) -> T {
            at.map_or(default, |at| at.value.clone())
        }
        let default = Limits::default();
        Limits {
            memory: value(self.memory.as_ref(), default.memory),
            cpu: value(self.cpu.as_ref(), default.cpu),
            wall: value(self.wall.as_ref(), default.wall),
            output: value(self.output.as_ref(), default.output),
            children: value(self.children.as_ref(), default.children),
            processes: value(self.processes.as_ref(), default.processes),
            http_body: value(self.http_body.as_ref(), default.http_body),
            requests_per_host: value(self.requests_per_host.as_ref(), default.requests_per_host),
        }
    }
}

fn count(node: &Node<'_>, least: u64, most: u64) -> Option<At<u32>> {
    let At { value, origin } = node.integer(least..=most)?;
    u32::try_from(value).ok().map(|value| At { value, origin })
}

fn kept(node: &Node<'_>) -> Option<At<Option<u64>>> {
    if node.as_str() == Some("none") {
        return Some(node.at(None));
    }
    if node.as_str().is_some() {
        node.mistyped(format!("a whole number from 0 to {MOST_KEPT}, or \"none\""));
        return None;
    }
    let At { value, origin } = node.integer(0..=MOST_KEPT)?;
    Some(At { value: Some(value), origin })
}

fn state_files(node: &Node<'_>, places: &Places) -> Option<At<PathBuf>> {
    let text = node.text("the path of a folder, such as \"~/.claude/.sisyphus/background-tasks\"")?;
    let path = component::path(node, text, places)?;
    if !path.is_absolute() {
        node.wrong("this path is not absolute");
        return None;
    }
    if path.starts_with(&places.state) {
        node.wrong_hint("the state folder is hob's own", "a folder that is theirs alone");
        return None;
    }
    Some(node.at(path))
}

fn grace(node: &Node<'_>) -> Option<At<Duration>> {
    node.parsed(TIME, |text| match parse_duration(text) {
        Ok(time) if time > LONGEST_GRACE => Err("the longest grace is 1h".to_owned()),
        other => other.map_err(|error| error.to_string()),
    })
}

fn lease(node: &Node<'_>) -> Option<At<Duration>> {
    let (least, most) = LEASES;
    node.parsed(TIME, |text| match parse_duration(text) {
        Ok(time) if time < least || time > most => Err("a lease is from 1s to 24h".to_owned()),
        other => other.map_err(|error| error.to_string()),
    })
}

fn some_time(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("with no time at all nothing can run".to_owned()),
        other => other.map_err(|error| error.to_string()),
    }
}

fn memory(node: &Node<'_>) -> Option<At<Bytes>> {
    node.parsed(SIZE, |text| match text.parse::<Bytes>() {
        Ok(size) if size < LEAST_MEMORY => Err(format!("a component needs {LEAST_MEMORY} at least")),
        other => other.map_err(|error| error.to_string()),
    })
}

fn hook_bytes(node: &Node<'_>) -> Option<At<Bytes>> {
    let (least, most) = HOOK_BYTES;
    node.parsed(SIZE, |text| match text.parse::<Bytes>() {
        Ok(size) if size < least || size > most => Err(format!("a hook delivers from {least} to {most}")),
        other => other.map_err(|error| error.to_string()),
    })
}

fn summary(node: &Node<'_>) -> Option<At<String>> {
    node.parsed("a line of text", |text| {
        if text.chars().any(char::is_control) { Err("this is one line of text") } else { Ok(text.to_owned()) }
    })
}

fn known_executor(node: &Node<'_>, known: &[&ExecutorName]) -> Option<At<ExecutorName>> {
    let text = node.text("the name of an executor")?;
    if let Some(name) = known.iter().find(|name| name.as_str() == text) {
        return Some(node.at((*name).clone()));
    }
    let names = known.iter().map(|name| name.as_str());
    let hint: Box<dyn Display> = match nearest(text, names) {
        Some(meant) => Box::new(format!("did you mean `{meant}`?")),
        None => Box::new("`hob executors` lists them"),
    };
    node.wrong_hint("there is no executor of that name", hint);
    None
}

pub(crate) mod advice;
mod extends;
mod notifications;
pub(crate) mod preset;
#[cfg(test)]
mod tests;
