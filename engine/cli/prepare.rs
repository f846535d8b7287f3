use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    schema,
};
use hob_core::{Description, EnvGrant, Environment, ExecutorConfig, ExecutorName, Grant, InheritEnv};
use hob_host::{AdmissionError, Catalog};
use serde_json::{Map, Value};
use std::{
    cell::RefCell,
    collections::HashMap,
    env,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

/// An executor, and what its component says of itself.
#[derive(Clone)]
pub struct Known {
    /// As the configuration has it.
    pub config: Arc<ExecutorConfig>,
    /// As its component describes itself.
    pub description: Arc<Description>,
}

/// Finds executors; asks each component once.
pub struct Executors<'a> {
    context: &'a Context,
    catalog: Catalog,
    seen: RefCell<HashMap<ExecutorName, Known>>,
}

impl<'a> Executors<'a> {
    /// Those of the configuration in force.
    pub fn new(context: &'a Context) -> CommandResult<Self> {
        Ok(Self { context, catalog: context.catalog()?, seen: RefCell::default() })
    }

    /// The executor of that name.
    pub fn find(&self, name: &str) -> CommandResult<Known> {
        let settings = self.context.settings()?;
        let Ok(name) = name.parse::<ExecutorName>() else {
            let known = settings.executors().map(|config| config.name.as_str());
            let meant = hob_settings::nearest(name, known).map(|meant| format!("; did you mean `{meant}`?"));
            let meant = meant.unwrap_or_default();
            return Err(CommandError::not_found(format!("there is no executor `{name}`{meant}"))
                .hint("`hob executors` lists them"));
        };
        if let Some(known) = self.seen.borrow().get(&name) {
            return Ok(known.clone());
        }
        let config = settings.executor(&name).map_err(|error| CommandError::new(Exit::NotFound, error))?;
        let description = self.describe(&config)?;
        let known = Known { config, description };
        self.seen.borrow_mut().insert(name, known.clone());
        Ok(known)
    }

    /// What the component of `config` says of itself.
    pub fn describe(&self, config: &ExecutorConfig) -> CommandResult<Arc<Description>> {
        let admitted = self.catalog.admit(config).map_err(|error| cannot_use(config, error))?;
        Ok(admitted.description)
    }
}

fn cannot_use(config: &ExecutorConfig, error: AdmissionError) -> CommandError {
    CommandError::new(Exit::Configuration, error)
        .context(format!("cannot use the executor `{}`", config.name))
        .hint(format!("`hob config show` says where `executors.{}.component` comes from", config.name))
}

/// The parameters as the text that is stored, if they fit.
pub fn checked_params(known: &Known, params: &Map<String, Value>) -> CommandResult<String> {
    let problems = schema::check(&known.description.params, params)?;
    let name = &known.config.name;
    match problems.as_slice() {
        [] => Ok(serde_json::to_string(params).map_err(CommandError::internal)?),
        [first, others @ ..] => {
            let error = CommandError::usage(format!("{name}: {first}"));
            let error = others.iter().fold(error, |error, problem| error.hint(format!("{name}: {problem}")));
            Err(error.hint(format!("`hob dispatch {name} --help` shows its parameters")))
        }
    }
}

/// What the grant says of this process's environment, and nothing more of it but the `PATH` where
/// programs are to be looked up in it; the component and its programs do not see that one.
pub fn captured_environment(grant: &Grant) -> Environment {
    let pair = |name: &std::ffi::OsStr, value: &std::ffi::OsStr| {
        (name.as_encoded_bytes().to_vec(), value.as_encoded_bytes().to_vec())
    };
    Environment(match &grant.env {
        EnvGrant::Inherit(InheritEnv::Inherit) => env::vars_os().map(|(name, value)| pair(&name, &value)).collect(),
        EnvGrant::Names(names) => {
            let path = "PATH".to_owned();
            let path = (grant.programs.needs_path() && !names.contains(&path)).then_some(&path);
            let names = names.iter().chain(path);
            names.filter_map(|name| env::var_os(name).map(|value| pair(name.as_ref(), &value))).collect()
        }
    })
}

/// Reads what `--params` was given: JSON, `@FILE`, or `@-` for standard input.
pub fn read_params(given: &str) -> CommandResult<Map<String, Value>> {
    let text = match given.strip_prefix('@') {
        None => given.to_owned(),
        Some(file) => read_file(Path::new(file))?,
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(params)) => Ok(params),
        Ok(_) => Err(CommandError::usage("--params: a JSON object is wanted, such as {\"pattern\": [\"TODO\"]}")),
        Err(error) => Err(CommandError::usage(format!("--params: this is no JSON: {error}"))),
    }
}

/// The text of a file, or of standard input where it is `-`.
pub fn read_file(path: &Path) -> CommandResult<String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let failed = |reason: String| CommandError::usage(format!("cannot read {}: {reason}", path.display()));
    let bytes = read.map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()))
}
