//! The components that were accepted, and what has become of them.

use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
};
use hob_core::{CONTRACT_VERSION, ComponentSource, ExecutorConfig, ExecutorName, ProgramsGrant};
use hob_plugins::{Depot, DepotError, Entry, Lock, LockError, SourceError, State};
use hob_settings::EditError;
use serde_json::{Value, json};
use std::sync::Arc;

/// A component that was accepted.
pub struct Plugin {
    /// The executor that runs it.
    pub name: ExecutorName,
    /// As it was accepted.
    pub entry: Entry,
    /// What `hob.toml` says of the executor now.
    pub config: Option<Arc<ExecutorConfig>>,
    /// What is not as it was accepted, and what to type next.
    pub problem: Option<String>,
}

/// What was accepted.
pub struct Accepted<'c> {
    context: &'c Context,
    /// Where components are kept.
    pub depot: Depot,
    /// What was accepted.
    pub lock: Lock,
}

impl<'c> Accepted<'c> {
    /// Reads it.
    pub fn read(context: &'c Context) -> CommandResult<Self> {
        let places = &context.places;
        Ok(Self { context, depot: Depot::new(&places.state), lock: Lock::read(&places.config)? })
    }

    /// Every component, by executor.
    pub fn all(&self) -> CommandResult<Vec<Plugin>> {
        self.lock.entries.iter().map(|(name, entry)| self.plugin(name, entry)).collect()
    }

    /// The one of the executor `name`.
    pub fn find(&self, name: &str) -> CommandResult<Plugin> {
        let found = self.lock.entries.iter().find(|(known, _)| known.as_str() == name);
        let Some((name, entry)) = found else {
            let is_executor = self.context.settings()?.executors().any(|config| config.name.as_str() == name);
            if is_executor {
                let error = CommandError::not_found(format!("the executor `{name}` was not added as a plugin"));
                return Err(
                    error.hint(format!("`hob executors {name}` shows it, `hob config show` where it comes from"))
                );
            }
            let names = self.lock.entries.keys().map(ExecutorName::as_str);
            let meant = hob_settings::nearest(name, names).map(|meant| format!("; did you mean `{meant}`?"));
            let error = CommandError::not_found(format!("there is no plugin `{name}`{}", meant.unwrap_or_default()));
            return Err(error.hint("`hob plugin list` shows those that were added"));
        };
        self.plugin(name, entry)
    }

    fn plugin(&self, name: &ExecutorName, entry: &Entry) -> CommandResult<Plugin> {
        let config = self.context.settings()?.executor(name).ok();
        let problem = self.problem(name, entry, config.as_deref())?;
        Ok(Plugin { name: name.clone(), entry: entry.clone(), config, problem })
    }

    fn problem(
        &self,
        name: &ExecutorName,
        entry: &Entry,
        config: Option<&ExecutorConfig>,
    ) -> CommandResult<Option<String>> {
        let Some(config) = config else {
            return Ok(Some(format!(
                "hob.toml has no [executors.{name}] any more: `hob plugin remove {name}` forgets it, `hob plugin add \
                 {}` adds it again",
                entry.source
            )));
        };
        let accepted =
            ComponentSource::File { path: self.depot.path(&entry.sha256), sha256: Some(entry.sha256.clone()) };
        if config.component != accepted {
            return Ok(Some(format!(
                "hob.toml runs another component, {}: `hob plugin remove {name}` and `hob plugin add` put that right",
                config.component
            )));
        }
        let again = format!("`hob plugin update {name}` brings what was accepted again");
        Ok(match self.depot.state(&entry.sha256)? {
            State::Gone => Some(format!("its file {} is gone: {again}", config.component)),
            State::Changed(actual) => Some(format!(
                "its file {} was changed after it was accepted: it has the sha256 {actual}; {again}",
                config.component
            )),
            State::Whole if entry.contract != CONTRACT_VERSION => Some(format!(
                "it was built for hob:plugin@{}, and this hob serves hob:plugin@{CONTRACT_VERSION}: `hob plugin update \
                 {name} SOURCE` takes one that was built for this",
                entry.contract
            )),
            State::Whole => None,
        })
    }
}

/// The plugin object of docs/json.md.
pub fn object(plugin: &Plugin) -> Value {
    let Plugin { name, entry, config, problem } = plugin;
    json!({
        "executor": name,
        "name": entry.name,
        "version": entry.version,
        "source": entry.source,
        "sha256": entry.sha256,
        "contract": entry.contract,
        "asks": entry.asks,
        "grant": config.as_ref().map(|config| &config.grant),
        "problem": problem,
    })
}

/// Programs that are granted by a path which only stands for one, by their names: then they are those
/// of the PATH.
pub fn by_name(programs: &mut ProgramsGrant) {
    if let ProgramsGrant::Named(programs) = programs {
        for (name, program) in programs {
            if program.path == format!("/path/to/{name}") {
                program.path.clone_from(name);
            }
        }
    }
}

impl From<LockError> for CommandError {
    fn from(error: LockError) -> Self {
        Self::new(Exit::Configuration, anyhow::anyhow!("cannot {error}"))
    }
}

impl From<DepotError> for CommandError {
    fn from(error: DepotError) -> Self {
        Self::internal(anyhow::anyhow!("cannot {error}"))
    }
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        let (exit, prefix) = match &error {
            SourceError::Unknown(_)
            | SourceError::Missing(_)
            | SourceError::NotAFile(_)
            | SourceError::NoDigest(_)
            | SourceError::NotADigest(_)
            | SourceError::NoDigestOfTag { .. } => (Exit::Usage, ""),
            SourceError::Read { .. } | SourceError::Manifest(hob_plugins::ManifestError::Read { .. }) => {
                (Exit::Configuration, "cannot ")
            }
            SourceError::Depot(_) => (Exit::Internal, "cannot "),
            SourceError::NotBuilt { .. }
            | SourceError::Manifest(_)
            | SourceError::TooLarge { .. }
            | SourceError::Moved { .. }
            | SourceError::Digest { .. }
            | SourceError::NotAComponent { .. } => (Exit::Configuration, ""),
        };
        Self::new(exit, anyhow::anyhow!("{prefix}{error}"))
    }
}

impl From<EditError> for CommandError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Before(error) => error.into(),
            EditError::Write { .. } => Self::new(Exit::Configuration, anyhow::anyhow!("cannot {error}")),
            EditError::Meanwhile(_) => Self::new(Exit::Busy, error),
            EditError::After(_) | EditError::NoExecutor { .. } | EditError::NotText(_) => {
                Self::new(Exit::Configuration, error)
            }
        }
    }
}
