use crate::{
    claude,
    error::Error,
    fingerprint::{self, Fingerprint},
    layer::{ExecutorLayer, Layer},
    nearest,
    places::Places,
    reader::At,
    show::{self, Shown},
    source::Source,
};
use hob_core::{Advice, Bytes, ExecutorConfig, ExecutorName, Notifications, Preset, PresetName, WorkSort};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The settings in force: the defaults, over them those of Claude where they are imported, and over them the
/// person's `hob.toml`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many tasks run at once, over all processes.
    pub max_background_tasks: u32,
    /// The executor of a dispatch that names none.
    pub default_executor: Option<ExecutorName>,
    /// Who is told of what ended.
    pub notifications: Notifications,
    /// Whether tasks run in the background; otherwise whoever dispatches one runs it.
    pub background_execution: bool,
    /// The folder of the state files, if there are to be any.
    pub state_files: Option<PathBuf>,
    /// Whether the first dispatch starts the daemon, if tasks run in the background at all.
    pub autostart: bool,
    /// How long a worker that does not answer keeps its tasks while another one waits.
    pub lease: Duration,
    /// How far tasks may go that hand in tasks.
    pub nesting: Nesting,
    /// How long a task that was asked to stop may take to do so.
    pub cancel_grace: Duration,
    /// What is kept of finished tasks.
    pub retention: Retention,
    /// How much a hook delivers to an agent at once.
    pub hook_bytes: Bytes,
    /// Whether a dispatch says so when its work is better watched.
    pub advice_notes: bool,
    /// Put together when one is asked for: a command needs one of them, if any.
    executors: BTreeMap<ExecutorName, OnceLock<Arc<ExecutorConfig>>>,
    files: Vec<Fingerprint>,
    warnings: Vec<String>,
    pub(crate) layer: Layer,
    /// Those that are part of hob, too; read when somebody asks for one.
    pub(crate) presets: OnceLock<BTreeMap<PresetName, At<Arc<Preset>>>>,
}

/// How far tasks may go that hand in tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting {
    /// How deep: what is handed in from within a task that came from outside is at 1.
    pub depth: u32,
    /// How many a minute may come of one task from outside.
    pub per_minute: u32,
}

/// What is kept of finished tasks; none is no such limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Time since a task ended.
    pub age: Option<Duration>,
    /// Number of finished tasks.
    pub count: Option<u64>,
    /// Size of their captured output, together.
    pub output: Option<Bytes>,
}

/// A name that no executor has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no executor `{name}`{} (`hob executors` lists them)", Meant(nearest.as_ref()))]
pub struct UnknownExecutor {
    /// The name.
    pub name: ExecutorName,
    /// What was probably meant.
    pub nearest: Option<ExecutorName>,
}

struct Meant<'a>(Option<&'a ExecutorName>);

impl std::fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |meant| write!(f, "; did you mean `{meant}`?"))
    }
}

impl Settings {
    /// Reads the configuration. A file that is not there is no error.
    pub fn load(places: &Places) -> Result<Self, Error> {
        let (source, seen) = fingerprint::read(&places.config)?;
        Self::resolve(source.as_ref(), vec![seen], places).map_err(|mut problems| {
            let more = problems.len() - 1;
            Error::Invalid { first: Box::new(problems.swap_remove(0)), more }
        })
    }

    /// Whether a command that finds work to do starts the daemon for it.
    pub fn starts_daemon(&self) -> bool {
        self.autostart && self.background_execution
    }

    /// The settings of a machine without any configuration.
    pub fn defaults(places: &Places) -> Self {
        Self::of(Layer::built_in(places), Vec::new(), Vec::new())
    }

    /// Everything that is wrong with the configuration; nothing if it can be loaded.
    pub fn check(places: &Places) -> Vec<Error> {
        let (source, seen) = match fingerprint::read(&places.config) {
            Ok(read) => read,
            Err(error) => return vec![error],
        };
        let problems = Self::resolve(source.as_ref(), vec![seen], places).err().unwrap_or_default();
        problems.into_iter().map(|problem| Error::Invalid { first: Box::new(problem), more: 0 }).collect()
    }

    pub(crate) fn resolve(
        source: Option<&Source>,
        mut files: Vec<Fingerprint>,
        places: &Places,
    ) -> Result<Self, Vec<crate::Problem>> {
        let mut layer = Layer::built_in(places);
        let own = source.map(|source| Layer::read(source, Some(&layer), places)).transpose()?.unwrap_or_default();
        let mut warnings = Vec::new();
        if let (Some(At { value: true, .. }), Some(home)) = (&own.general.import_claude_settings, &places.home) {
            let imported = claude::read(home);
            files.push(imported.seen);
            warnings = imported.warnings;
            layer.general = imported.layer.over(layer.general);
        }
        Ok(Self::of(own.over(layer), files, warnings))
    }

    fn of(layer: Layer, files: Vec<Fingerprint>, warnings: Vec<String>) -> Self {
        let general = &layer.general;
        let silent = layer.executors.keys().filter(|name| layer.is_silent(name)).cloned();
        let executors = layer.executors.keys().filter(|name| layer.has_component(name));
        Self {
            max_background_tasks: *default(general.max_background_tasks.as_ref()),
            default_executor: general.default_executor.as_ref().map(|at| at.value.clone()),
            notifications: layer.notifications.resolve(general, silent.collect()),
            background_execution: *default(general.background_execution.as_ref()),
            state_files: general.state_files.as_ref().map(|at| at.value.clone()),
            autostart: *default(general.autostart.as_ref()),
            lease: *default(general.lease.as_ref()),
            nesting: Nesting {
                depth: *default(general.nesting_depth.as_ref()),
                per_minute: *default(general.nesting_per_minute.as_ref()),
            },
            cancel_grace: *default(general.grace.as_ref()),
            retention: Retention {
                age: *default(general.age.as_ref()),
                count: *default(general.count.as_ref()),
                output: *default(general.output.as_ref()),
            },
            hook_bytes: *default(general.hook_bytes.as_ref()),
            advice_notes: *default(layer.advice.notes.as_ref()),
            executors: executors.map(|name| (name.clone(), OnceLock::new())).collect(),
            files,
            warnings,
            layer,
            presets: OnceLock::new(),
        }
    }

    /// The executor of that name.
    pub fn executor(&self, name: &ExecutorName) -> Result<Arc<ExecutorConfig>, UnknownExecutor> {
        self.executors.get_key_value(name).and_then(|named| self.put_together(named)).cloned().ok_or_else(|| {
            let known = self.executors.keys().map(ExecutorName::as_str);
            let nearest = nearest(name.as_str(), known).and_then(|meant| meant.parse().ok());
            UnknownExecutor { name: name.clone(), nearest }
        })
    }

    /// Every executor, by name.
    pub fn executors(&self) -> impl Iterator<Item = &Arc<ExecutorConfig>> {
        self.executors.iter().filter_map(|named| self.put_together(named))
    }

    fn put_together<'s>(
        &'s self,
        (name, config): (&ExecutorName, &'s OnceLock<Arc<ExecutorConfig>>),
    ) -> Option<&'s Arc<ExecutorConfig>> {
        if config.get().is_none() {
            let _ = config.set(Arc::new(executor_config(name, self.layer.extended_executor(name)?)?));
        }
        config.get()
    }

    /// The files that were looked for, and what they looked like.
    pub fn files(&self) -> &[Fingerprint] {
        &self.files
    }

    /// What is wrong with settings of other programs, which are then left out: a line for each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether a file is another now than when it was read.
    pub fn changed(&self) -> bool {
        self.files.iter().any(Fingerprint::changed)
    }

    /// Which work suits the background, and which somebody should watch.
    pub fn advice(&self) -> Advice {
        self.layer.advice.resolve()
    }

    fn sorts_of_work(&self) -> impl Iterator<Item = &WorkSort> {
        self.layer.advice.sorts.values().map(|at| &*at.value)
    }

    /// Every value in force with where it came from, in the order of `config/hob.toml`.
    pub fn shown(&self) -> Vec<Shown> {
        show::values(&self.layer, self.defined_presets())
    }
}

impl PartialEq for Settings {
    /// Whether both mean the same, wherever it was said.
    fn eq(&self, other: &Self) -> bool {
        self.max_background_tasks == other.max_background_tasks
            && self.default_executor == other.default_executor
            && self.notifications == other.notifications
            && self.background_execution == other.background_execution
            && self.state_files == other.state_files
            && self.autostart == other.autostart
            && self.lease == other.lease
            && self.nesting == other.nesting
            && self.cancel_grace == other.cancel_grace
            && self.retention == other.retention
            && self.hook_bytes == other.hook_bytes
            && self.advice_notes == other.advice_notes
            && self.sorts_of_work().eq(other.sorts_of_work())
            && self.executors().eq(other.executors())
            && self.presets() == other.presets()
    }
}

fn default<T>(at: Option<&At<T>>) -> &T {
    &at.expect("the built-in defaults have every key").value
}

fn executor_config(name: &ExecutorName, layer: ExecutorLayer) -> Option<ExecutorConfig> {
    let about = layer.about;
    let settings = layer.settings.into_iter().map(|(key, at)| (key, at.value));
    Some(ExecutorConfig {
        name: name.clone(),
        component: about.component?.value,
        summary: about.summary.map(|at| at.value),
        grant: layer.grant.resolve(),
        limits: layer.limits.resolve(),
        settings: Value::Object(settings.collect()),
        repeatable: about.repeatable.as_ref().is_some_and(|at| at.value),
    })
}
