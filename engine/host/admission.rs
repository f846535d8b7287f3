//! Admission: what a component is and says of itself, found out once, in a limited child process.
//!
//! Nothing here builds an engine in the calling process, so the command line can ask for the
//! parameters of an executor at the price of reading a small file.

mod child;
mod record;

pub use child::{Examiner, LARGEST_COMPONENT, admission_child};

use crate::{contract::Refusal, os};
use hob_core::{ComponentSource, Description, DescriptionError, ExecutorConfig, ExitStatus};
use hob_process::OwnProgram;
use record::{Record, Report};
use std::{
    collections::HashMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Wall clock of admitting one component. Five minutes: the largest met, a Python with its
/// libraries, takes half of one on a slow machine.
const WALL: Duration = Duration::from_mins(5);

/// A component that is part of the binary.
#[derive(Clone, Copy, Debug)]
pub struct BundledComponent {
    /// Its bytes.
    pub wasm: &'static [u8],
    /// Hexadecimal SHA-256 of them.
    pub sha256: &'static str,
    /// What its `describe` returns.
    pub description: &'static str,
}

/// Finds a bundled component by its name.
pub type Bundled = fn(&str) -> Option<BundledComponent>;

/// A component that may run.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// Hexadecimal SHA-256 of the component.
    pub digest: String,
    /// What it says of itself.
    pub description: Arc<Description>,
}

/// Why a component may not run, or could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// There is no bundled component of that name.
    #[error("hob has no bundled component `{0}`; `hob executors` lists what there is")]
    UnknownBundled(String),
    /// The file is not there.
    #[error("the component {} does not exist", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("read the component {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A folder, a device, a pipe.
    #[error("the component {} is not a file", .0.display())]
    NotAFile(PathBuf),
    /// It was looked at and refused.
    #[error("the component {component} {refusal}")]
    Refused {
        /// The file, or `builtin:NAME`.
        component: String,
        /// Why.
        refusal: Refusal,
    },
    /// What it says of itself cannot be used.
    #[error("the component {component}: {source}")]
    Description {
        /// The file, or `builtin:NAME`.
        component: String,
        /// What is wrong with it.
        source: DescriptionError,
    },
    /// The cache folder cannot be used.
    #[error("keep what is known of components in {}: {source}", folder.display())]
    Cache {
        /// The folder.
        folder: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The child process that looks at components failed.
    #[error("look at the component {component}: {message}")]
    Child {
        /// The file, or `builtin:NAME`.
        component: String,
        /// What happened.
        message: String,
    },
}

/// Knows components. Cheap to make; remembers what it has seen.
pub struct Catalog {
    cache: PathBuf,
    exe: PathBuf,
    bundled: Bundled,
    known: Mutex<HashMap<PathBuf, ([u64; 3], Admitted)>>,
    known_bundled: Mutex<HashMap<String, Admitted>>,
    /// Held while a child process looks at a file.
    looking: Mutex<()>,
}

impl Catalog {
    /// `cache` is hob's cache folder; `exe` the program that runs [`admission_child`] when its first
    /// argument is `admit`; `bundled` finds the components that are part of it.
    pub fn new(cache: PathBuf, exe: PathBuf, bundled: Bundled) -> Self {
        Self {
            cache,
            exe,
            bundled,
            known: Mutex::default(),
            known_bundled: Mutex::default(),
            looking: Mutex::default(),
        }
    }

    /// The digest and the description of the executor's component. A file that has not been seen in
    /// this state is looked at first, by a child process; that may take as long as compiling it.
    pub fn admit(&self, config: &ExecutorConfig) -> Result<Admitted, AdmissionError> {
        match &config.component {
            ComponentSource::Bundled(name) => self.admit_bundled(name),
            ComponentSource::File { path, sha256 } => self.admit_file(path, sha256.as_deref()),
        }
    }

    /// The bundled component of that name.
    pub(crate) fn bundled(&self, name: &str) -> Result<BundledComponent, AdmissionError> {
        (self.bundled)(name).ok_or_else(|| AdmissionError::UnknownBundled(name.to_owned()))
    }

    /// hob's cache folder.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    fn admit_bundled(&self, name: &str) -> Result<Admitted, AdmissionError> {
        let mut known = self.known_bundled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(admitted) = known.get(name) {
            return Ok(admitted.clone());
        }
        let bundled = self.bundled(name)?;
        let description = Description::parse(bundled.description)
            .map_err(|source| AdmissionError::Description { component: format!("builtin:{name}"), source })?;
        let admitted = Admitted { digest: bundled.sha256.to_owned(), description: Arc::new(description) };
        known.insert(name.to_owned(), admitted.clone());
        Ok(admitted)
    }

    fn admit_file(&self, path: &Path, pin: Option<&str>) -> Result<Admitted, AdmissionError> {
        let fingerprint = fingerprint(path)?;
        let admitted = if let Some(admitted) = self.remembered(path, fingerprint)? {
            admitted
        } else {
            // One at a time: five slots that meet a new component compile it once.
            let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
            match self.remembered(path, fingerprint)? {
                Some(admitted) => admitted,
                None => self.remember(path, self.look_at(path, pin)?)?,
            }
        };
        match pin {
            Some(expected) if !expected.eq_ignore_ascii_case(&admitted.digest) => Err(AdmissionError::Refused {
                component: path.display().to_string(),
                refusal: Refusal::Digest { expected: expected.to_owned(), actual: admitted.digest },
            }),
            _ => Ok(admitted),
        }
    }

    /// What is known of the file in this state, here or in the cache.
    fn remembered(&self, path: &Path, fingerprint: [u64; 3]) -> Result<Option<Admitted>, AdmissionError> {
        let seen = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        match seen {
            Some((then, admitted)) if then == fingerprint => Ok(Some(admitted)),
            _ => Record::read(&self.cache, path, fingerprint).map(|record| self.remember(path, record)).transpose(),
        }
    }

    fn remember(&self, path: &Path, record: Record) -> Result<Admitted, AdmissionError> {
        let fingerprint = record.fingerprint;
        let admitted = parse(record)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(path.to_owned(), (fingerprint, admitted.clone()));
        Ok(admitted)
    }

    /// Has a child process look at a file, compile it, and keep what it found.
    fn look_at(&self, path: &Path, pin: Option<&str>) -> Result<Record, AdmissionError> {
        let record = self.run_child(path.as_os_str().to_owned(), &path.display().to_string(), pin)?;
        // Losing the record costs another look next time, nothing more.
        if let Err(source) = record.write(&self.cache) {
            tracing::warn!(cache = %self.cache.display(), "what is known of {} was not kept: {source}", path.display());
        }
        Ok(record)
    }

    /// Compiles the executor's component again: its artefact is not there or was damaged.
    pub(crate) fn compile(&self, source: &ComponentSource) -> Result<Admitted, AdmissionError> {
        match source {
            ComponentSource::Bundled(name) => {
                let admitted = self.admit_bundled(name)?;
                let argument = format!("builtin:{name}");
                self.run_child(argument.clone().into(), &argument, Some(&admitted.digest))?;
                Ok(admitted)
            }
            ComponentSource::File { path, sha256 } => {
                let record = self.look_at(path, sha256.as_deref())?;
                self.remember(path, record)
            }
        }
    }

    fn run_child(&self, what: OsString, component: &str, pin: Option<&str>) -> Result<Record, AdmissionError> {
        let cache = |source| AdmissionError::Cache { folder: self.cache.clone(), source };
        os::create_private(&self.cache).map_err(cache)?;
        let folder = tempfile::Builder::new().prefix("admit-").tempdir_in(&self.cache).map_err(cache)?;
        let out = folder.path().join("report.json");
        let mut args: Vec<OsString> = vec!["admit".into(), what, "--out".into(), out.clone().into()];
        args.extend(["--cache".into(), self.cache.clone().into()]);
        if let Some(pin) = pin {
            args.extend(["--sha256".into(), pin.into()]);
        }
        let failed = |message: String| AdmissionError::Child { component: component.to_owned(), message };
        let refused = |refusal| AdmissionError::Refused { component: component.to_owned(), refusal };
        run(&self.exe, &args).map_err(|error| match error {
            Ended::Limit(limit) => refused(Refusal::CompileLimit { limit }),
            Ended::Failed(message) => failed(message),
        })?;
        let report = std::fs::read(&out).map_err(|error| failed(format!("it left no report: {error}")))?;
        match serde_json::from_slice(&report) {
            Ok(Report::Admitted(record)) => Ok(record),
            Ok(Report::Refused(refusal)) => Err(refused(refusal)),
            Ok(Report::Failed(message)) => Err(failed(message)),
            Err(error) => Err(failed(format!("its report cannot be read: {error}"))),
        }
    }
}

/// Why the child process left nothing.
enum Ended {
    /// The limit that it met, in words.
    Limit(String),
    Failed(String),
}

/// Runs the child process to its end.
fn run(exe: &Path, args: &[OsString]) -> Result<(), Ended> {
    let own = OwnProgram { program: exe, args, env: &[], stdin: &[], wall: WALL, max_output: 4 << 10 };
    let output = hob_process::run_to_end(&own).map_err(|error| Ended::Failed(error.to_string()))?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    match output.status {
        None => Err(Ended::Limit(hob_core::format_duration(WALL))),
        Some(ExitStatus::Code(0)) => Ok(()),
        Some(ExitStatus::Code(code)) => {
            let words = if words.is_empty() { words } else { format!(": {words}") };
            Err(Ended::Failed(format!("{} exited with code {code}{words}", exe.display())))
        }
        // What compiles a component ends on its own when a limit stops it, and has no code for that.
        Some(ExitStatus::Signal(signal)) => Err(Ended::Limit(child::limit(signal, &words))),
    }
}

fn fingerprint(path: &Path) -> Result<[u64; 3], AdmissionError> {
    let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => AdmissionError::Missing(path.to_owned()),
        _ => AdmissionError::Unreadable { path: path.to_owned(), source },
    })?;
    if metadata.is_file() { Ok(os::fingerprint(&metadata)) } else { Err(AdmissionError::NotAFile(path.to_owned())) }
}

fn parse(record: Record) -> Result<Admitted, AdmissionError> {
    let description = Description::parse(&record.description)
        .map_err(|source| AdmissionError::Description { component: record.component.clone(), source })?;
    Ok(Admitted { digest: record.digest, description: Arc::new(description) })
}
