//! Trials: a component that runs in this process, without a store, a daemon or a line of configuration.

use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Known, captured_environment, read_params},
    start::note,
    verb::dispatch::options::folder,
    wire,
};
use hob_conformance::Stage;
use hob_core::{Asks, ComponentSource, ExecutorConfig, ExecutorName, Grant, Limits};
use hob_host::{AdmissionError, Host, Trial, Tried};
use hob_plugins::Manifest;
use hob_process::Zygote;
use hob_runner::{OutputSink, Reporter};
use serde_json::{Map, Value};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch};

/// The name of an executor whose file has no name that could be one.
const NAMELESS: &str = "trial";
/// In front of the name of a component that is part of hob.
const BUILT_IN: &str = "builtin:";
/// What every trial can say.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Trial")]
pub struct Options {
    /// A .wasm file, the folder of a project with a hob-plugin.toml, or builtin:NAME [default: this folder].
    #[arg(value_name = "COMPONENT")]
    pub component: Option<PathBuf>,
    /// The parameters as a JSON object, @FILE or @- for standard input [default: those of the project].
    #[arg(long, value_name = "JSON")]
    pub params: Option<String>,
    /// What it may do, as in hob.toml: KEY=VALUE, or `all` that it asks for [default: that of the project, else nothing].
    #[arg(long, value_name = "GRANT")]
    pub grant: Vec<String>,
    /// A limit, as in hob.toml: KEY=VALUE, such as 'memory="64MiB"'.
    #[arg(long, value_name = "LIMIT")]
    pub limit: Vec<String>,
    /// Its settings as a JSON object or @FILE.
    #[arg(long, value_name = "JSON")]
    pub settings: Option<String>,
    /// The folder it is about [default: this one].
    #[arg(long, value_name = "FOLDER")]
    pub cwd: Option<PathBuf>,
}

/// A component that is to be tried: nothing of it was looked at yet.
pub struct Subject {
    /// Without a grant, which may depend on what it asks for.
    pub config: ExecutorConfig,
    /// The parameters that were given, or those of its project.
    pub params: Params,
    /// The folder it is about.
    pub cwd: PathBuf,
    grant: Vec<String>,
}

impl Options {
    /// Finds the component.
    pub fn subject(&self) -> CommandResult<Subject> {
        let given = self.component.as_deref().unwrap_or(Path::new("."));
        let (name, component, project) = match given.to_str().and_then(|text| text.strip_prefix(BUILT_IN)) {
            Some(name) => (name.to_owned(), ComponentSource::Bundled(name.to_owned()), None),
            None if given.is_dir() => {
                let manifest = Manifest::read(given).map_err(|error| CommandError::new(Exit::Configuration, error))?;
                let file = built(&manifest)?;
                (manifest.name.to_string(), file, Some(manifest.trial))
            }
            None => {
                let name = given.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                (name, file(given)?, None)
            }
        };
        let name = name.parse::<ExecutorName>().or_else(|_| NAMELESS.parse()).map_err(CommandError::internal)?;
        let settings = self.settings.as_deref().map(read_params).transpose()?.unwrap_or_default();
        let params = self.params.as_deref().map(read_params).transpose()?;
        let (tried_params, tried_grant) = project.map(|trial| (Some(trial.params), trial.grant)).unwrap_or_default();
        Ok(Subject {
            config: ExecutorConfig {
                name,
                component,
                summary: None,
                grant: Grant::default(),
                limits: self.limits()?,
                settings: Value::Object(settings),
                repeatable: false,
            },
            params: params.or(tried_params),
            cwd: folder(self.cwd.as_deref())?,
            grant: if self.grant.is_empty() { tried_grant } else { self.grant.clone() },
        })
    }

    fn limits(&self) -> CommandResult<Limits> {
        hob_settings::limit_flags(&self.limit).map_err(usage)
    }
}

/// What is wrong with a flag is no matter of the configuration.
fn usage(error: hob_settings::Error) -> CommandError {
    CommandError::from(error).with_exit(Exit::Usage)
}

fn file(path: &Path) -> CommandResult<ComponentSource> {
    let path =
        std::path::absolute(path).map_err(|error| CommandError::usage(format!("{}: {error}", path.display())))?;
    Ok(ComponentSource::File { path, sha256: None })
}

/// The component that a project has built.
fn built(manifest: &Manifest) -> CommandResult<ComponentSource> {
    let path = manifest.component();
    if path.is_file() {
        return file(&path);
    }
    let error = CommandError::not_found(format!("{} was not built yet", path.display()));
    Err(error.hint(format!("hob plugin build {}", manifest.folder.display())))
}

impl Subject {
    /// Has it looked at, and grants what is to be granted; the parameters that were given besides, and its folder.
    pub fn admit(mut self, context: &Context) -> CommandResult<(Known, Params, PathBuf)> {
        let admitted = context.catalog()?.admit(&self.config).map_err(cannot_use)?;
        self.config.grant = self.granted(&admitted.description.asks, context)?;
        let known = Known { config: Arc::new(self.config), description: admitted.description };
        Ok((known, self.params, self.cwd))
    }

    /// The grant that was given, for a component that asks for `asks`.
    pub fn granted(&self, asks: &Asks, context: &Context) -> CommandResult<Grant> {
        let flags = context.grant_flags(&self.grant)?;
        let (grant, open) = flags.resolve(asks);
        open.iter().try_for_each(|line| note(&format!("`all` leaves this to you: --grant '{line}'")))?;
        Ok(grant)
    }
}

/// Why a component cannot be tried.
pub fn cannot_use(error: AdmissionError) -> CommandError {
    let exit = match error {
        AdmissionError::Missing(_) | AdmissionError::UnknownBundled(_) => Exit::NotFound,
        _ => Exit::Configuration,
    };
    CommandError::new(exit, error)
}

/// Parameters, if any were given.
pub type Params = Option<Map<String, Value>>;

/// What trials run in.
pub struct Rig {
    /// Runs components.
    pub host: Host,
    /// How long a component that was asked to stop may take.
    pub grace: Duration,
    tokio: Runtime,
    zygote: Zygote,
    scratch: TempDir,
}

/// Who listens to a trial, and asks it to stop.
pub struct Ears {
    /// Gets the output.
    pub output: Arc<dyn OutputSink>,
    /// Gets the progress.
    pub reporter: Arc<dyn Reporter>,
    /// Turns true when it is to stop.
    pub cancel: watch::Sender<bool>,
}

impl Rig {
    /// Makes it ready. To be called before the process has a second thread.
    pub fn new(context: &Context) -> CommandResult<Self> {
        let scratch = tempfile::Builder::new().prefix("hob-trial-").tempdir()?;
        let zygote = Zygote::start(&scratch.path().join("guards"))
            .map_err(|error| CommandError::internal(error).context("cannot begin to work"))?;
        Ok(Self {
            host: wire::host(&context.places, &zygote)?,
            grace: context.settings()?.cancel_grace,
            tokio: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            zygote,
            scratch,
        })
    }

    /// A folder that is gone when the trials are over.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Runs one trial. Whoever asks this process to end ends the trial, and who asks twice ends both at once.
    pub fn run(&self, known: &Known, params: &Map<String, Value>, how: &How, ears: &Ears) -> CommandResult<Tried> {
        let trial = Trial {
            environment: captured_environment(&known.config.grant),
            config: Arc::clone(&known.config),
            params: serde_json::to_string(params).map_err(CommandError::internal)?,
            checked: true,
            cwd: how.cwd.clone(),
            wall: how.wall.or(known.config.limits.wall),
            grace: self.grace,
            cancel: ears.cancel.subscribe(),
            output: Arc::clone(&ears.output),
            reporter: Arc::clone(&ears.reporter),
            artifacts: how.artifacts.clone(),
        };
        self.tokio.block_on(async {
            let mut shutdown = hob_process::shutdown_signal()?;
            let mut tried = std::pin::pin!(self.host.try_out(trial));
            let mut is_asked = false;
            loop {
                tokio::select! {
                    biased;
                    tried = &mut tried => return Ok(tried),
                    () = shutdown.requested() => {
                        if std::mem::replace(&mut is_asked, true) {
                            let why = anyhow::anyhow!("was asked a second time to end, and did at once");
                            return Err(CommandError::internal(why));
                        }
                        ears.cancel.send_replace(true);
                    }
                }
            }
        })
    }
}

impl Stage for Rig {
    fn host(&self) -> &Host {
        &self.host
    }

    fn play(&self, trial: Trial) -> Option<Tried> {
        self.tokio.block_on(async {
            let mut shutdown = hob_process::shutdown_signal().ok()?;
            tokio::select! {
                biased;
                tried = self.host.try_out(trial) => Some(tried),
                // To drop a trial is to end it.
                () = shutdown.requested() => None,
            }
        })
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // What it started has ended with its trials; should it be gone, so much the better.
        let _ = self.zygote.farewell();
    }
}

/// The circumstances of one trial.
pub struct How {
    /// The folder it is about.
    pub cwd: PathBuf,
    /// Its wall clock, in place of the executor's limit.
    pub wall: Option<Duration>,
    /// Where its artifacts go.
    pub artifacts: PathBuf,
}
