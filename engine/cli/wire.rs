//! Where the rooms meet: the configuration, the host and the store become a worker.

use crate::{
    configuration_watch::ConfigurationWatch,
    context::{Context, WallClock, bundled, now},
    error::{CommandError, CommandResult},
    logging,
    start::start_daemon,
    state_files::StateFiles,
};
use hob_core::{ComponentSource, ExecutorConfig, ExecutorName, TaskId, WorkerId};
use hob_host::{Host, HostOptions};
use hob_notify::Notifier;
use hob_process::Zygote;
use hob_runner::{
    Configuration, Handle, Mode, Unavailable, WorkReport, Worker, WorkerOptions,
    daemon::{self, Seat},
    life,
};
use hob_settings::{Places, Settings};
use hob_store::{Retention, Store, Waiter};
use std::{
    env,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// A daemon that lived for less has no successor.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// How long the last notifications, and the last state files, may take when a worker ends.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The same where a command is told: one that hangs is ended after 5 s, and before the worker is gone.
const LAST_COMMAND: Duration = Duration::from_secs(7);

/// Works in this process until `mode` says that it is over. To be called before the process has a
/// second thread; `seat` follows the fork of the zygote at once and may refuse.
pub fn work(
    context: &Context,
    mode: Mode,
    seat: impl FnOnce() -> CommandResult<Option<Seat>>,
) -> CommandResult<WorkReport> {
    let begun = Instant::now();
    let crew = Crew::prepare(context, mode)?;
    let zygote = crew.zygote.clone();
    let seat = seat()?;
    match mode {
        Mode::Daemon => logging::to_file(&context.places)?,
        Mode::Drain | Mode::Once | Mode::Foreground => logging::to_stderr(),
    }
    let worked = crew.work(Vec::new(), Handle::stop);
    drop(seat);
    // Nobody asked this daemon to end: it lost who starts programs for it. One that did so at once would do it for ever.
    if mode == Mode::Daemon && zygote.is_gone() && begun.elapsed() > SHORT_LIFE {
        start_daemon(context)?;
    }
    worked
}

/// Leaves nothing in the write-ahead log, where what was dropped is still to be read. The last notifications and state
/// files come after the worker has seen to that, and their connections leave it as it is.
fn tidy(state: &Path) {
    match Store::open_for_worker(state).and_then(|mut store| store.tidy()) {
        Ok(true) => {}
        Ok(false) => tracing::debug!("somebody reads the database; its write-ahead log stays"),
        Err(error) => tracing::debug!(%error, "the write-ahead log stays"),
    }
}

/// A worker before it begins: its name, and the zygote, which has to be forked while the process has one thread.
pub struct Crew {
    places: Places,
    settings: Settings,
    mode: Mode,
    worker: WorkerId,
    zygote: Zygote,
}

impl Crew {
    /// Forks the zygote. Makes the state folder, and says what is wrong with it while stderr is still a person's.
    pub fn prepare(context: &Context, mode: Mode) -> CommandResult<Self> {
        let settings = context.settings()?.clone();
        let places = context.places.clone();
        drop(context.store()?);
        let worker: WorkerId = worker_name(mode).parse().map_err(CommandError::internal)?;
        let zygote = start_zygote(&places, &worker, mode)?;
        Ok(Self { places, settings, mode, worker, zygote })
    }

    /// Works. `asked` is what happens when somebody asks this process to end; asked again, it ends at once.
    pub fn work(self, tasks: Vec<TaskId>, asked: impl Fn(&Handle)) -> CommandResult<WorkReport> {
        let Self { places, settings, mode, worker, zygote } = self;
        hob_process::raise_descriptor_limit()?;
        if mode == Mode::Daemon {
            // For the others they were said when the settings were read.
            settings.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        let notifier = notifier(&places, &settings);
        let configuration = Arc::new(Live {
            places: places.clone(),
            current: RwLock::new(Arc::new(settings)),
            complaint: Mutex::default(),
            notifier: Mutex::new(notifier),
            watch: Mutex::default(),
            state_files: Mutex::default(),
        });
        configuration.follow_state_files();
        let host = host(&places, &zygote)?;
        let options = WorkerOptions {
            state: places.state.clone(),
            id: worker.clone(),
            mode,
            tasks,
            configuration: Arc::clone(&configuration) as Arc<dyn Configuration>,
            executors: Arc::new(host),
            clock: Arc::new(WallClock),
            trees_gone: |lock, within| hob_process::wait_for_guards(lock, within).unwrap_or(false),
            identity: hob_process::identity(),
            free_descriptors: hob_process::free_descriptors,
            end_worker: hob_process::end_identified,
        };
        tracing::info!(%worker, version = env!("CARGO_PKG_VERSION"), "begins");
        if mode != Mode::Daemon && !hob_process::is_within_a_task() {
            grant_wishes(Waiter::new(&places.state)?)?;
        }
        let ended = run(options, &configuration, &zygote, asked);
        // Where a newer hob has taken the database over, one of that is to go on in this one's place.
        if !matches!(ended, Ok(Err(hob_runner::Error::Store(hob_store::Error::Newer { .. })))) {
            let _ = zygote.farewell();
        }
        let report = ended.and_then(|ended| ended.map_err(failed));
        match &report {
            Ok(WorkReport { ran }) => tracing::info!(%worker, ran, "ends"),
            Err(error) => tracing::error!(%worker, "ends: {}", error.message()),
        }
        if let Some(notifier) = configuration.take_notifier() {
            let is_command = !configuration.settings().notifications.command.is_empty();
            notifier.finish(if is_command { LAST_COMMAND } else { LAST_WORDS });
        }
        if let Some(files) = configuration.take_state_files() {
            files.finish(LAST_WORDS);
        }
        if report.is_ok() {
            tidy(&places.state);
        }
        report
    }
}

/// What runs components, for a worker or a trial.
pub fn host(places: &Places, zygote: &Zygote) -> CommandResult<Host> {
    Ok(Host::new(HostOptions {
        cache: places.cache.clone(),
        exe: env::current_exe()?,
        bundled,
        zygote: Some(zygote.clone()),
        home: places.home.clone(),
        protected: places.protected(),
    }))
}

fn worker_name(mode: Mode) -> String {
    let kind = match mode {
        Mode::Daemon => "daemon",
        Mode::Drain | Mode::Once => "lazy",
        Mode::Foreground => "foreground",
    };
    // A process number is used again at some time, but not in the same millisecond.
    format!("{kind}-{}-{}", std::process::id(), now().0)
}

fn start_zygote(places: &Places, worker: &WorkerId, mode: Mode) -> CommandResult<Zygote> {
    let lock = life::guards_path(&places.state, worker);
    if let Some(folder) = lock.parent() {
        life::private_folder(folder)?;
    }
    let zygote = match mode {
        // A daemon that is killed is followed by another, whoever notices.
        Mode::Daemon => {
            let successor = vec![env::current_exe()?.into_os_string(), "daemon".into(), "start".into()];
            Zygote::start_with_successor(&lock, successor)
        }
        Mode::Drain | Mode::Once | Mode::Foreground => Zygote::start(&lock),
    };
    zygote.map_err(|error| CommandError::internal(error).context("cannot begin to work"))
}

fn notifier(places: &Places, settings: &Settings) -> Option<Notifier> {
    let started = Notifier::start(&places.state, &settings.notifications);
    started.inspect_err(|error| tracing::warn!(%error, "there will be no notifications")).ok()
}

/// How often a wish is looked for though nobody rang.
const SLOW_LOOK: Duration = Duration::from_secs(10);

/// Starts the daemon when a task of this worker asks for it. The thread ends with the process.
fn grant_wishes(mut bell: Waiter) -> CommandResult<()> {
    let context = Context::discover()?;
    let thread = thread::Builder::new().name("wishes".to_owned());
    thread.spawn(move || {
        loop {
            if daemon::is_wanted(&context.places.state)
                && let Err(error) = start_daemon(&context)
            {
                tracing::warn!("a task wants a daemon: {}", error.message());
            }
            bell.wait(Instant::now() + SLOW_LOOK);
        }
    })?;
    Ok(())
}

fn failed(error: hob_runner::Error) -> CommandError {
    match error {
        hob_runner::Error::Store(error) => error.into(),
        error => CommandError::internal(anyhow::anyhow!("cannot {error}")),
    }
}

/// Runs the worker on a thread of its own, while this one listens for requests to end.
fn run(
    options: WorkerOptions,
    live: &Live,
    zygote: &Zygote,
    asked: impl Fn(&Handle),
) -> CommandResult<Result<WorkReport, hob_runner::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut shutdown = {
        let _entered = runtime.enter();
        hob_process::shutdown_signal()?
    };
    let worker = match Worker::new(options) {
        Ok(worker) => worker,
        Err(error) => return Ok(Err(error)),
    };
    let handle = worker.handle();
    live.watch(&handle);
    watch(zygote.clone(), handle.clone())?;
    let (tell, ended) = oneshot::channel();
    thread::Builder::new().name("worker".to_owned()).spawn(move || tell.send(worker.run()))?;
    runtime.block_on(until_ended(ended, &mut shutdown, || asked(&handle)))
}

/// Without its zygote a worker could only let every task fail; so it ends, and another one goes on. The thread ends
/// with the process.
fn watch(zygote: Zygote, worker: Handle) -> CommandResult<()> {
    thread::Builder::new().name("zygote".to_owned()).spawn(move || {
        if zygote.until_gone().is_ok() {
            tracing::error!("the process that starts programs for this worker was killed; it ends");
            worker.stop();
        }
    })?;
    Ok(())
}

async fn until_ended<T>(
    mut ended: oneshot::Receiver<T>,
    shutdown: &mut hob_process::Shutdown,
    asked: impl Fn(),
) -> CommandResult<T> {
    let mut is_asked = false;
    loop {
        tokio::select! {
            result = &mut ended => {
                return result.map_err(|_| CommandError::internal(anyhow::anyhow!("the worker's thread died")));
            }
            () = shutdown.requested() => {
                if std::mem::replace(&mut is_asked, true) {
                    // Its guards end what still runs as soon as this process is gone.
                    return Err(CommandError::internal(anyhow::anyhow!("was asked a second time to end, and did at once")));
                }
                tracing::info!("asked to end");
                asked();
            }
        }
    }
}

/// The configuration of a worker: read again when its files change, and kept as it was when they
/// are broken.
struct Live {
    places: Places,
    current: RwLock<Arc<Settings>>,
    /// What was wrong at the last look, so that it is said once.
    complaint: Mutex<Option<String>>,
    notifier: Mutex<Option<Notifier>>,
    /// Tells the worker of changes at once; without it they are seen at its next look.
    watch: Mutex<Option<ConfigurationWatch>>,
    /// There once a folder was named.
    state_files: Mutex<Option<StateFiles>>,
}

/// The files of the configuration and of the components that it names: one that is missing may come back.
fn watched(settings: &Settings) -> impl Iterator<Item = &Path> {
    let components = settings.executors().filter_map(|config| match &config.component {
        ComponentSource::File { path, .. } => Some(path.as_path()),
        ComponentSource::Bundled(_) => None,
    });
    settings.files().iter().map(|file| file.path.as_path()).chain(components)
}

impl Live {
    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn watch(&self, handle: &Handle) {
        let handle = handle.clone();
        let watch = ConfigurationWatch::start(watched(&self.settings()), move || handle.look_at_configuration());
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = watch;
    }

    fn take_notifier(&self) -> Option<Notifier> {
        self.notifier.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn take_state_files(&self) -> Option<StateFiles> {
        self.state_files.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Tasks do without them, whatever goes wrong.
    fn follow_state_files(&self) {
        let folder = self.settings().state_files.clone();
        let mut files = self.state_files.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*files, folder) {
            (Some(files), folder) => files.follow(folder),
            (None, None) => {}
            (None, Some(folder)) => {
                let started = StateFiles::start(&self.places.state, folder);
                *files = started.inspect_err(|error| tracing::warn!("there will be no state files: {error}")).ok();
            }
        }
    }

    fn complain(&self, error: &hob_settings::Error) {
        let text = error.to_string();
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if complaint.as_ref() != Some(&text) {
            tracing::warn!("the configuration stays as it was: {text}");
            *complaint = Some(text);
        }
    }

    fn replace(&self, settings: Settings) -> bool {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(notifier) = &*self.notifier.lock().unwrap_or_else(PoisonError::into_inner) {
            notifier.follow(&settings.notifications);
        }
        if let Some(watch) = &mut *self.watch.lock().unwrap_or_else(PoisonError::into_inner) {
            watch.follow(watched(&settings));
        }
        for warning in settings.warnings() {
            tracing::warn!("{warning}");
        }
        tracing::info!("the configuration is read again");
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_another = **current != settings;
        *current = Arc::new(settings);
        drop(current);
        self.follow_state_files();
        is_another
    }
}

impl Configuration for Live {
    fn executor(&self, name: &ExecutorName) -> Result<Arc<ExecutorConfig>, Unavailable> {
        // A look at the file takes a microsecond, and a task is often dispatched right after its
        // executor was written down.
        self.reload();
        self.settings().executor(name).map_err(|error| Unavailable(error.to_string()))
    }

    fn max_running(&self) -> u32 {
        self.settings().max_background_tasks
    }

    fn in_background(&self) -> bool {
        self.settings().background_execution
    }

    fn grace(&self) -> Duration {
        self.settings().cancel_grace
    }

    fn lease(&self) -> Duration {
        self.settings().lease
    }

    fn retention(&self) -> Retention {
        let hob_settings::Retention { age, count, output } = self.settings().retention;
        Retention { age, count, output }
    }

    fn reload(&self) -> bool {
        if !self.settings().changed() {
            return false;
        }
        match Settings::load(&self.places) {
            Ok(settings) => self.replace(settings),
            Err(error) => {
                self.complain(&error);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(places: &Places) -> Live {
        Live {
            places: places.clone(),
            current: RwLock::new(Arc::new(Settings::load(places).expect("good"))),
            complaint: Mutex::default(),
            notifier: Mutex::default(),
            watch: Mutex::default(),
            state_files: Mutex::default(),
        }
    }

    #[test]
    fn a_changed_configuration_is_read_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_owned();
        let places = Places::discover(|name| (name == "HOB_HOME").then(|| home.clone().into())).expect("places");
        let live = live(&places);
        let name: ExecutorName = "again".parse().expect("a name");
        assert_eq!(live.max_running(), 5);
        assert!(live.executor(&name).is_err());
        assert!(!live.reload(), "nothing has changed");

        let text = "max_background_tasks = 7\n[executors.again]\ncomponent = \"builtin:shell\"\n";
        std::fs::write(&places.config, text).expect("written");
        assert!(live.executor(&name).is_ok(), "a new executor is found at once");
        assert_eq!(live.max_running(), 7);

        std::fs::write(&places.config, "max_background_tasks = \"many\"\n").expect("written");
        assert!(!live.reload(), "the broken one is not taken");
        assert_eq!(live.max_running(), 7);
        assert!(live.executor(&name).is_ok());
    }
}
