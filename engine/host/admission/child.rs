//! The child process of an admission: everything that handles bytes nobody has looked at yet happens
//! here, under limits.

use super::{
    Bundled,
    record::{Record, Report},
};
use crate::{
    contract::{self, Refusal},
    describe, engine, os,
    runtime::Runtime,
};
use hob_core::{Bytes, Description};
use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use wasmtime::component::Component;

/// Computing time of all threads. Four minutes: eight times what the largest component met needs.
const CPU: Duration = Duration::from_mins(4);
/// Memory. 3 GiB: compiling a Python component of 40 MB takes a third of it.
const MEMORY: Bytes = Bytes(3 << 30);
/// Bytes of a component. 128 MiB: three times the largest met.
pub const LARGEST_COMPONENT: u64 = 128 << 20;

/// Which limit a child met that ended with `signal` instead of a report, having said `words`, for a person.
pub(super) fn limit(signal: i32, words: &str) -> String {
    let time = || format!("{} of computing time", hob_core::format_duration(CPU));
    if signal == nix::sys::signal::Signal::SIGXCPU as i32 {
        time()
    } else if words.starts_with("memory allocation of ") {
        // What Rust's allocator says before it aborts.
        format!("{MEMORY} of memory")
    } else {
        // Somebody else may have ended it, as the kernel does when no memory is left at all.
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        format!("{} and {MEMORY} of memory (ended by signal {signal}{words})", time())
    }
}

enum Error {
    Refused(Refusal),
    Failed(String),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<wasmtime::Error> for Error {
    fn from(error: wasmtime::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

struct Arguments {
    what: OsString,
    out: PathBuf,
    cache: PathBuf,
    pin: Option<String>,
}

impl Arguments {
    fn parse(args: &[OsString]) -> Option<Self> {
        let (what, options) = args.split_first()?;
        let option = |name: &str| {
            let mut pairs = options.chunks_exact(2);
            pairs.find(|pair| pair[0] == OsStr::new(name)).map(|pair| pair[1].clone())
        };
        let pin = option("--sha256").and_then(|pin| pin.into_string().ok());
        Some(Self { what: what.clone(), out: option("--out")?.into(), cache: option("--cache")?.into(), pin })
    }
}

/// What the program does when it was started as `PROGRAM admit …`; `args` are what follows `admit`.
/// It sets limits on itself, so it may be called only where the process ends afterwards.
pub fn admission_child(args: &[OsString], bundled: Bundled) -> ExitCode {
    let Some(arguments) = Arguments::parse(args) else { return ExitCode::from(2) };
    if hob_process::limit_self(CPU, MEMORY.0).is_err() {
        return ExitCode::from(70);
    }
    let report = match look_at(&arguments, bundled) {
        Ok(record) => Report::Admitted(record),
        Err(Error::Refused(refusal)) => Report::Refused(refusal),
        Err(Error::Failed(message)) => Report::Failed(message),
    };
    let written = serde_json::to_vec(&report).map(|bytes| std::fs::write(&arguments.out, bytes));
    if matches!(written, Ok(Ok(()))) { ExitCode::SUCCESS } else { ExitCode::from(70) }
}

fn look_at(arguments: &Arguments, bundled: Bundled) -> Result<Record, Error> {
    let path = Path::new(&arguments.what);
    let name = arguments.what.to_str().and_then(|text| text.strip_prefix("builtin:"));
    let (bytes, fingerprint) = match name {
        Some(name) => {
            let found = bundled(name).ok_or_else(|| Error::Failed(format!("there is no bundled component {name}")))?;
            (found.wasm.to_vec(), [0; 3])
        }
        None => read(path)?,
    };
    // Before anything else is said of them: other bytes than those that were accepted are just that.
    let digest = engine::digest(&bytes);
    if let Some(expected) = arguments.pin.as_ref().filter(|pin| !pin.eq_ignore_ascii_case(&digest)) {
        return Err(Refusal::Digest { expected: expected.clone(), actual: digest }.into());
    }
    let runtime = Runtime::build_compiler(&arguments.cache)?;
    let (description, component) = examine(&runtime, &bytes)?;
    let code = component.serialize()?;
    runtime.artefacts.store(&digest, &code).map_err(|error| Error::Failed(error.to_string()))?;
    Ok(Record::new(path, fingerprint, digest, description))
}

/// What `describe` of these bytes returns, if they are a component that may run.
fn examine(runtime: &Runtime, bytes: &[u8]) -> Result<(String, Component), Error> {
    contract::sniff(bytes)?;
    let malformed = |error: wasmtime::Error| Refusal::Malformed { message: error.root_cause().to_string() };
    let component = Component::from_binary(&runtime.engine, bytes).map_err(malformed)?;
    let pre = contract::check(&runtime.engine, &runtime.linker, &component)?;
    let refused = |message| Refusal::Describe { message };
    let description = describe::describe(runtime, &pre).map_err(refused)?;
    Description::parse(&description).map_err(|error| refused(error.to_string()))?;
    Ok((description, component))
}

/// What an admission finds out about bytes, in the calling process and without its limits: for fuzzing only. Whoever is
/// handed bytes by somebody else calls [`Catalog::admit`](super::Catalog::admit).
pub struct Examiner(Runtime);

impl Examiner {
    /// One that compiles for the cache folder `cache`, into which it writes nothing.
    ///
    /// # Errors
    /// The engine's words, if it cannot be made.
    pub fn new(cache: &Path) -> Result<Self, String> {
        Runtime::build_compiler(cache).map(Self).map_err(|error| format!("{error:#}"))
    }

    /// The description of a component that may run.
    ///
    /// # Errors
    /// Why it may not.
    pub fn examine(&self, bytes: &[u8]) -> Result<String, String> {
        examine(&self.0, bytes).map(|(description, _)| description).map_err(|error| match error {
            Error::Refused(refusal) => refusal.to_string(),
            Error::Failed(message) => message,
        })
    }
}

/// The file's bytes and the state they were read in.
fn read(path: &Path) -> Result<(Vec<u8>, [u64; 3]), Error> {
    let failed = |error: std::io::Error| Error::Failed(format!("read it: {error}"));
    let mut file = File::open(path).map_err(failed)?;
    let before = file.metadata().map_err(failed)?;
    if !before.is_file() {
        return Err(Error::Failed("it is not a file".to_owned()));
    }
    if before.len() > LARGEST_COMPONENT {
        return Err(Refusal::TooLarge { size: before.len(), limit: LARGEST_COMPONENT }.into());
    }
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST_COMPONENT + 1).read_to_end(&mut bytes).map_err(failed)?;
    let after = os::fingerprint(&file.metadata().map_err(failed)?);
    if os::fingerprint(&before) != after {
        return Err(Error::Failed("it changed while it was read; is it still being written?".to_owned()));
    }
    Ok((bytes, after))
}
