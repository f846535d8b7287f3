//! A host with everything around it that a runner would provide.

use hob_core::{
    AttemptNumber, Bytes, ComponentSource, Environment, ExecutorConfig, Failure, FailureKind, Grant, Limits, Outcome,
    Progress, State, Task, TaskResult, Timestamp,
};
use hob_host::{BundledComponent, Host, HostOptions};
use hob_process::Zygote;
use hob_runner::{Attempt, Executors as _, KeyValue, OutputSink, Reporter};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch;

/// What the tests share: one host, as a worker has one.
pub struct World {
    pub host: Host,
    pub folder: PathBuf,
    pub zygote: Zygote,
}

pub fn no_bundled(_: &str) -> Option<BundledComponent> {
    None
}

impl World {
    pub fn new(folder: &Path, zygote: Zygote) -> Self {
        let host = Host::new(Self::options(&folder.join("cache"), &zygote));
        Self { host, folder: folder.canonicalize().expect("a path"), zygote }
    }

    pub fn options(cache: &Path, zygote: &Zygote) -> HostOptions {
        HostOptions {
            cache: cache.to_owned(),
            exe: std::env::current_exe().expect("this program"),
            bundled: no_bundled,
            zygote: Some(zygote.clone()),
            home: None,
            protected: hob_core::Protected::new(&[], [cache.to_owned()]),
        }
    }

    /// A fresh folder for one test.
    pub fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    pub fn task(&self, guest: &str, params: Value) -> Run<'_> {
        Run {
            world: self,
            config: ExecutorConfig {
                name: "tested".parse().expect("a name"),
                component: ComponentSource::File { path: guest_file(guest), sha256: None },
                summary: None,
                grant: Grant::default(),
                limits: Limits::default(),
                settings: json!({}),
                repeatable: false,
            },
            params,
            cwd: self.folder.clone(),
            environment: Vec::new(),
            wall: None,
            grace: Duration::from_secs(2),
            cancel: watch::channel(false),
            seen: Arc::default(),
            on_progress: None,
        }
    }
}

/// The component of one of the guests in tests/guests.
pub fn guest_file(guest: &str) -> PathBuf {
    let folder = std::env::var_os("HOB_TEST_GUESTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-guests"), PathBuf::from);
    let file = folder.join(format!("{guest}.wasm"));
    assert!(file.is_file(), "{} is not there; build it with `cargo xtask guests`", file.display());
    file.canonicalize().expect("a path")
}

/// One attempt.
pub struct Run<'a> {
    pub world: &'a World,
    pub config: ExecutorConfig,
    pub params: Value,
    pub cwd: PathBuf,
    pub environment: Vec<(&'static str, String)>,
    pub wall: Option<Duration>,
    pub grace: Duration,
    pub cancel: (watch::Sender<bool>, watch::Receiver<bool>),
    pub seen: Arc<Seen>,
    pub on_progress: Option<fn(&Progress, &watch::Sender<bool>)>,
}

/// What came out of an attempt beside its outcome.
#[derive(Default)]
pub struct Seen {
    pub output: Mutex<Vec<u8>>,
    pub progress: Mutex<Vec<Progress>>,
    pub state: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Seen {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("a lock")).into_owned()
    }
}

struct Sinks {
    seen: Arc<Seen>,
    cancel: watch::Sender<bool>,
    on_progress: Option<fn(&Progress, &watch::Sender<bool>)>,
}

impl OutputSink for Sinks {
    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        self.seen.output.lock().expect("a lock").extend_from_slice(bytes);
        Ok(())
    }
}

impl Reporter for Sinks {
    fn progress(&self, progress: Progress) {
        if let Some(act) = self.on_progress {
            act(&progress, &self.cancel);
        }
        self.seen.progress.lock().expect("a lock").push(progress);
    }

    fn denied(&self, _: Vec<String>) {}
}

impl KeyValue for Sinks {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.seen.state.lock().expect("a lock").get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8], quota: u64) -> Result<(), String> {
        let mut state = self.seen.state.lock().expect("a lock");
        let others: usize = state.iter().filter(|(k, _)| *k != key).map(|(k, v)| k.len() + v.len()).sum();
        if (others + key.len() + value.len()) as u64 > quota {
            return Err(format!("the store would hold more than {}", Bytes(quota)));
        }
        state.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        self.seen.state.lock().expect("a lock").remove(key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        Ok(self.seen.state.lock().expect("a lock").keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}

impl Run<'_> {
    pub fn grant(mut self, toml: Value) -> Self {
        self.config.grant = serde_json::from_value(toml).expect("a grant");
        self
    }

    pub fn attempt(&self) -> Attempt {
        let sinks = Arc::new(Sinks {
            seen: Arc::clone(&self.seen),
            cancel: self.cancel.0.clone(),
            on_progress: self.on_progress,
        });
        let task = Task {
            id: "a-task".parse().expect("an id"),
            sequence: 1,
            executor: self.config.name.clone(),
            params: self.params.to_string(),
            priority: hob_core::Priority::default(),
            cwd: self.cwd.clone(),
            timeout: None,
            session: None,
            retry_of: None,
            created: Timestamp(0),
            group: None,
            state: State::Pending { last_attempt: AttemptNumber::default(), blocked: None },
        };
        let environment =
            self.environment.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.clone().into_bytes()));
        Attempt {
            task,
            number: AttemptNumber(1),
            environment: Environment(environment.collect()),
            config: Arc::new(self.config.clone()),
            wall: self.wall,
            grace: self.grace,
            cancel: self.cancel.1.clone(),
            output: sinks.clone(),
            reporter: sinks.clone(),
            state: sinks,
            artifacts: self.world.folder.join("artifacts"),
        }
    }

    /// Runs it on a runtime of its own, as a slot does.
    pub fn outcome(&self) -> Outcome {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        tokio.block_on(self.world.host.run(self.attempt()))
    }

    #[track_caller]
    pub fn completes(&self) -> TaskResult {
        match self.outcome() {
            Outcome::Completed(result) => result,
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    #[track_caller]
    pub fn fails(&self, kind: FailureKind) -> Failure {
        match self.outcome() {
            Outcome::Failed(failure) if failure.kind == kind => failure,
            other => panic!("expected a failure of kind {kind}, got {other:?}"),
        }
    }
}
