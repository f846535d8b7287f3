//! The host: components loaded once, attempts run by the hundred.

use crate::{
    admission::{AdmissionError, Admitted, Bundled, Catalog},
    attempt,
    bindings::PluginPre,
    capability::http::{Network, SecretLookup},
    contract,
    guest::Guest,
    runtime::Runtime,
    schema,
};
use hob_core::{ExecutorConfig, ExecutorName, Outcome, Policy};
use hob_runner::{Attempt, Executors, NotLoaded};
use jsonschema::Validator;
use std::{
    collections::HashMap,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

/// What a host needs from its surroundings.
pub struct HostOptions {
    /// hob's cache folder: compiled components and what is known of them.
    pub cache: PathBuf,
    /// The program that runs [`crate::admission_child`] when its first argument is `admit`.
    pub exe: PathBuf,
    /// Finds the components that are part of the program.
    pub bundled: Bundled,
    /// What starts native programs; without it none can be started.
    pub zygote: Option<hob_process::Zygote>,
    /// The person's home folder, for `~/` in grants.
    pub home: Option<PathBuf>,
    /// Folders that no grant may reach, wherever `{cwd}` and links lead.
    pub protected: hob_core::Protected,
}

/// Runs components. One for a worker, shared by its slots.
pub struct Host {
    pub(crate) options: HostOptions,
    catalog: Catalog,
    pub(crate) network: Arc<Network>,
    pub(crate) secrets: SecretLookup,
    runtime: OnceLock<Result<Runtime, String>>,
    components: Mutex<HashMap<String, Arc<Slot>>>,
    executors: Mutex<HashMap<ExecutorName, Arc<Executor>>>,
}

/// A place for one component, locked by whoever loads it.
type Slot = Mutex<Option<Arc<Component>>>;

/// A component, ready for instances.
pub(crate) struct Component {
    pub(crate) pre: PluginPre<Guest>,
    params: Validator,
    settings: Validator,
}

/// An executor, ready for attempts.
pub(crate) struct Executor {
    config: ExecutorConfig,
    admitted: Admitted,
    pub(crate) component: Arc<Component>,
    pub(crate) policy: Arc<Policy>,
    /// `settings`, as JSON text.
    pub(crate) settings: String,
}

/// Why an executor cannot run.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    #[error("start the component engine: {0}")]
    Engine(String),
    #[error("the component {component} {refusal}")]
    Refused { component: String, refusal: contract::Refusal },
    #[error("load the component {component}: it was compiled, but what was kept of it in {} cannot be used", cache.display())]
    Artefact { component: String, cache: PathBuf },
    #[error("use the component {component}: {message}")]
    Schema { component: String, message: String },
    #[error("[executors.{executor}.settings] does not fit its component:\n{complaints}")]
    Settings { executor: ExecutorName, complaints: String },
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// A host. Cheap: the engine is built when the first component is loaded.
    pub fn new(options: HostOptions) -> Self {
        let catalog = Catalog::new(options.cache.clone(), options.exe.clone(), options.bundled);
        Self {
            options,
            catalog,
            network: Arc::new(Network::new()),
            secrets: Arc::new(|name| std::env::var(name).ok()),
            runtime: OnceLock::new(),
            components: Mutex::default(),
            executors: Mutex::default(),
        }
    }

    /// What is known of components.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    pub(crate) fn runtime(&self) -> Result<&Runtime, String> {
        let build = || Runtime::build(self.catalog.cache()).map_err(|error| format!("{error:#}"));
        self.runtime.get_or_init(build).as_ref().map_err(Clone::clone)
    }

    /// The executor, ready to run. A file that changed is looked at again; everything else is
    /// answered from memory.
    pub(crate) fn prepare(&self, config: &ExecutorConfig) -> Result<Arc<Executor>, String> {
        self.try_prepare(config).map_err(|error| error.to_string())
    }

    fn try_prepare(&self, config: &ExecutorConfig) -> Result<Arc<Executor>, Error> {
        let admitted = self.catalog.admit(config)?;
        let known = lock(&self.executors).get(&config.name).cloned();
        if let Some(executor) =
            known.filter(|known| known.admitted.digest == admitted.digest && known.config == *config)
        {
            return Ok(executor);
        }
        let component = self.component(config, &admitted)?;
        let complaints = schema::complaints(&component.settings, &config.settings);
        if !complaints.is_empty() {
            return Err(Error::Settings { executor: config.name.clone(), complaints: schema::lines(&complaints) });
        }
        let asks = admitted.description.asks.clone();
        let executor = Arc::new(Executor {
            policy: Arc::new(Policy::new(config.name.clone(), asks, config.grant.clone())),
            settings: config.settings.to_string(),
            config: config.clone(),
            admitted,
            component,
        });
        lock(&self.executors).insert(config.name.clone(), Arc::clone(&executor));
        Ok(executor)
    }

    /// The component with this digest, loaded at most once however many ask for it.
    fn component(&self, config: &ExecutorConfig, admitted: &Admitted) -> Result<Arc<Component>, Error> {
        let slot = Arc::clone(lock(&self.components).entry(admitted.digest.clone()).or_default());
        let mut slot = lock(&slot);
        if let Some(component) = &*slot {
            return Ok(Arc::clone(component));
        }
        let runtime = self.runtime().map_err(Error::Engine)?;
        let name = config.component.to_string();
        let load = || runtime.artefacts.load(&runtime.engine, &admitted.digest);
        let loaded = if let Some(loaded) = load() {
            loaded
        } else {
            self.catalog.compile(&config.component)?;
            let missing = || Error::Artefact { component: name.clone(), cache: self.options.cache.clone() };
            load().ok_or_else(missing)?
        };
        let refused = |refusal| Error::Refused { component: name.clone(), refusal };
        let pre = contract::check(&runtime.engine, &runtime.linker, &loaded).map_err(refused)?;
        let broken = |message| Error::Schema { component: name.clone(), message };
        let params = schema::compile(&admitted.description.params).map_err(broken)?;
        let settings = schema::compile(&admitted.description.settings).map_err(broken)?;
        let component = Arc::new(Component { pre, params, settings });
        *slot = Some(Arc::clone(&component));
        Ok(component)
    }
}

impl Component {
    /// What is wrong with `params`.
    pub(crate) fn complaints(&self, params: &serde_json::Value) -> Vec<(String, String)> {
        schema::complaints(&self.params, params)
    }
}

impl Executors for Host {
    fn load(&self, config: &ExecutorConfig) -> Result<(), NotLoaded> {
        self.prepare(config).map(drop).map_err(NotLoaded)
    }

    fn run<'a>(&'a self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Outcome> + 'a>> {
        Box::pin(attempt::run(self, attempt))
    }
}
