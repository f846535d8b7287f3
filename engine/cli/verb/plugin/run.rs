use crate::{
    answer,
    captured::Screen,
    context::{Context, now},
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Known, checked_params},
    render::{self, BOLD, DIM, Gauge, styled},
    schema::{self, Parameters},
    trial::{Ears, How, Options, Rig},
};
use clap::Command;
use hob_core::{AttemptNumber, Outcome, Progress, State, Task, Timestamp, parse_duration, sanitize};
use hob_host::Tried;
use hob_runner::{OutputSink, Reporter};
use serde_json::{Map, Value, json};
use std::{
    ffi::OsString,
    io::{self, Stdout, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// Bytes of output that stand in the JSON. 64 KiB, as in that of a group.
const MOST: usize = 64 << 10;

/// Run a component once, here and now: no configuration, no queue, no daemon.
///
/// It runs as it would for `hob dispatch`: the same sandbox, policy, limits and clocks. Its output comes on stdout as
/// it is written; on stderr its progress, what it logs (`HOB_LOG=hob::component=debug` for more), and what it came to.
/// What it keeps in its store is gone afterwards. Ctrl-c asks it to stop.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin run ./word-count.wasm -- README.md
  hob plugin run ./word-count.wasm -- --help                    its parameters
  hob plugin run ./lint.wasm --grant all                        with everything that it asks for
  hob plugin run ./lint.wasm --grant 'dirs=[{host=\"{cwd}\", guest=\"/project\"}]'
  hob plugin run --params '{\"depth\": 2}'                         the project in this folder
  hob plugin run builtin:shell --grant all -- 'make test'

What is granted here is granted for this run only.")]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    /// The time that it may take, such as 90s.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Where its artifacts go [default: they are named, and removed].
    #[arg(long, value_name = "FOLDER")]
    artifacts: Option<PathBuf>,
    /// Print JSON: the task object, with output, artifacts and denials.
    #[arg(long)]
    json: bool,
    /// Its own parameters, as `hob dispatch` would take them.
    #[arg(last = true, value_name = "ARGUMENT")]
    words: Vec<OsString>,
}

/// Runs it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let subject = arguments.options.subject()?;
    let (known, base, cwd) = subject.admit(&context)?;
    let Some(params) = params(&known, &arguments.words, base.unwrap_or_default())? else { return Ok(Exit::Ok) };
    checked_params(&known, &params)?;
    let rig = Rig::new(&context)?;
    let artifacts = arguments.artifacts.clone().unwrap_or_else(|| rig.scratch().join("artifacts"));
    // Before there is a second thread, which a gauge has.
    let listener = Arc::new(Listener::new(&known, &params, &cwd, arguments.json)?);
    let ears = Ears { output: listener.clone(), reporter: listener.clone(), cancel: listener.cancel.clone() };
    let how = How { cwd, wall: arguments.timeout, artifacts };
    let tried = rig.run(&known, &params, &how, &ears)?;
    listener.finish()?;
    let task = listener.ended(&tried);
    let artifacts = files(&how.artifacts)?;
    if arguments.json {
        let mut object = render::task_object(&task, now());
        object.insert("output".to_owned(), listener.output());
        let files = artifacts.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes }));
        object.insert("artifacts".to_owned(), files.collect());
        let denials =
            tried.denials.iter().map(|denial| json!({ "message": denial.to_string(), "grant": denial.lines() }));
        object.insert("denials".to_owned(), denials.collect());
        render::write_json(&mut anstream::stdout().lock(), &object)?;
    } else {
        write(&mut anstream::stderr().lock(), &task, &tried, &artifacts)?;
        if arguments.artifacts.is_none() && !artifacts.is_empty() {
            writeln!(anstream::stderr().lock(), "{}", styled(DIM, "--artifacts FOLDER keeps them"))?;
        }
    }
    Ok(answer::exit(&task))
}

/// The parameters in `words` laid over `base`; none if help was all that was wanted.
fn params(known: &Known, words: &[OsString], base: Map<String, Value>) -> CommandResult<Option<Map<String, Value>>> {
    let parameters = Parameters::of(&known.description.params);
    let name = known.config.name.as_str();
    let command = Command::new(name.to_owned())
        .bin_name(format!("hob plugin run {} --", known.config.component))
        .about(sanitize(&known.description.summary).into_owned())
        .no_binary_name(true)
        .max_term_width(110);
    let command = schema::add_arguments(command, &Command::new(name.to_owned()), &parameters);
    match command.try_get_matches_from(words) {
        Ok(matches) => Ok(Some(schema::collect(&matches, &parameters, base))),
        Err(error) => crate::app::explain(&error).map(|_| None),
    }
}

/// Shows a trial as it goes, and keeps what is told at its end.
struct Listener {
    cancel: watch::Sender<bool>,
    gauge: Gauge,
    task: Mutex<Task>,
    /// None where all goes into one JSON object.
    screen: Mutex<Option<Screen<Stdout>>>,
    kept: Mutex<Kept>,
    started: Timestamp,
}

#[derive(Default)]
struct Kept {
    begin: Vec<u8>,
    bytes: u64,
    /// Why the output could not be shown.
    error: Option<CommandError>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    fn new(known: &Known, params: &Map<String, Value>, cwd: &Path, as_json: bool) -> CommandResult<Self> {
        let started = now();
        let task = Task {
            id: known.config.name.as_str().parse().map_err(CommandError::internal)?,
            sequence: 1,
            executor: known.config.name.clone(),
            params: Value::Object(params.clone()).to_string(),
            priority: hob_core::Priority::default(),
            cwd: cwd.to_owned(),
            timeout: None,
            session: None,
            retry_of: None,
            created: started,
            group: None,
            state: running(started, None)?,
        };
        Ok(Self {
            cancel: watch::channel(false).0,
            gauge: Gauge::new(),
            task: Mutex::new(task),
            screen: Mutex::new((!as_json).then(|| Screen::shared(true))),
            kept: Mutex::default(),
            started,
        })
    }

    /// Nothing more is shown. The error is what went wrong with showing.
    fn finish(&self) -> CommandResult<()> {
        if let Some(error) = lock(&self.kept).error.take() {
            return Err(error);
        }
        let screen = lock(&self.screen).take();
        self.gauge.suspend(|| screen.map_or(Ok(()), Screen::finish))?;
        self.gauge.clear();
        Ok(())
    }

    fn output(&self) -> Value {
        let kept = lock(&self.kept);
        let text = String::from_utf8_lossy(&kept.begin);
        json!({ "bytes": kept.bytes, "text": text, "left_out_bytes": kept.bytes - kept.begin.len() as u64 })
    }

    /// The task as it would be in the store.
    fn ended(&self, tried: &Tried) -> Task {
        let (attempt, started, finished) = (AttemptNumber(1), self.started, now());
        let mut task = lock(&self.task).clone();
        task.state = match &tried.outcome {
            Outcome::Completed(result) => State::Completed { attempt, started, finished, result: result.clone() },
            Outcome::Failed(failure) => State::Failed { attempt, started, finished, failure: failure.clone() },
            Outcome::Cancelled => State::Cancelled { stopped: Some((attempt, started)), finished, reason: None },
        };
        task
    }
}

fn running(started: Timestamp, progress: Option<Progress>) -> CommandResult<State> {
    let worker = "trial".to_owned().try_into().map_err(CommandError::internal)?;
    Ok(State::Running { attempt: AttemptNumber(1), worker, started, cancel_requested: None, progress })
}

impl OutputSink for Listener {
    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        let shown = match &mut *lock(&self.screen) {
            Some(screen) => self.gauge.suspend(|| screen.write(bytes)),
            None => Ok(()),
        };
        let mut kept = lock(&self.kept);
        kept.bytes += bytes.len() as u64;
        let room = MOST.saturating_sub(kept.begin.len()).min(bytes.len());
        kept.begin.extend_from_slice(&bytes[..room]);
        shown.map_err(|error| {
            let words = error.message();
            kept.error.get_or_insert(error);
            // Nobody is left to see what else it says.
            self.cancel.send_replace(true);
            words
        })
    }
}

impl Reporter for Listener {
    fn progress(&self, progress: Progress) {
        let mut task = lock(&self.task);
        if let Ok(state) = running(self.started, Some(progress)) {
            task.state = state;
            self.gauge.show_task(&task);
        }
    }

    // The trial itself knows them, with their words.
    fn denied(&self, _: Vec<String>) {}
}

/// The finished files in the folder of artifacts, with their sizes.
fn files(folder: &Path) -> CommandResult<Vec<(String, u64)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // No artifact begins with a dot: those are hob's own, and what was never finished.
        if !name.starts_with('.') {
            files.push((name, entry.metadata()?.len()));
        }
    }
    files.sort();
    Ok(files)
}

/// What it came to, for a person.
fn write(out: &mut dyn Write, task: &Task, tried: &Tried, artifacts: &[(String, u64)]) -> CommandResult<()> {
    answer::write_words(out, task)?;
    let (data, trace, message) = match &tried.outcome {
        Outcome::Completed(result) => (result.data.as_ref(), None, ""),
        Outcome::Failed(failure) => (failure.data.as_ref(), failure.trace.as_deref(), failure.message.as_str()),
        Outcome::Cancelled => (None, None, ""),
    };
    if let Some(data) = data {
        block(out, "data", &serde_json::to_string_pretty(data).map_err(CommandError::internal)?)?;
    }
    if let Some(trace) = trace {
        block(out, "trace", trace)?;
    }
    for denial in &tried.denials {
        let text = denial.to_string();
        if !message.contains(&text) {
            block(out, "denied", &text)?;
        }
        if let Some(lines) = denial.lines() {
            writeln!(out, "{}", styled(DIM, format!("for a run only: --grant '{}'", sanitize(lines))))?;
        }
    }
    if !artifacts.is_empty() {
        let line = |(name, bytes): &(String, u64)| format!("{name}  ({})", render::size(*bytes));
        block(out, "artifacts", &artifacts.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(())
}

/// A heading, and below it a text that may have several lines.
fn block(out: &mut dyn Write, name: &str, text: &str) -> CommandResult<()> {
    writeln!(out, "\n{}", styled(BOLD, name))?;
    for line in sanitize(text).trim_end().lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
