//! Trials: attempts of a component that no store knows of, on the way that every attempt takes.

use crate::{attempt, describe, host::Host};
use hob_core::{
    AttemptNumber, Bytes, Denial, Environment, ExecutorConfig, Failure, FailureKind, Outcome, Priority, State, Task,
    TaskId, Timestamp,
};
use hob_runner::{Attempt, KeyValue, OutputSink, Reporter};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// The id under which a component runs that is tried.
const ID: &str = "trial";

/// What is to be tried, and who listens.
pub struct Trial {
    /// The executor, as a configuration would have it.
    pub config: Arc<ExecutorConfig>,
    /// JSON text.
    pub params: String,
    /// Whether the parameters are held against the component's schema first, as those of every task are.
    /// Otherwise the component gets what no task could have.
    pub checked: bool,
    /// The folder it is about. Absolute.
    pub cwd: PathBuf,
    /// What the grant says of the environment.
    pub environment: Environment,
    /// The wall clock.
    pub wall: Option<Duration>,
    /// How long the component may take to stop when it is asked to.
    pub grace: Duration,
    /// Turns true when it is to stop.
    pub cancel: watch::Receiver<bool>,
    /// Where output goes.
    pub output: Arc<dyn OutputSink>,
    /// Where progress goes.
    pub reporter: Arc<dyn Reporter>,
    /// The folder for artifacts; made when the first is.
    pub artifacts: PathBuf,
}

/// What a trial came to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// How it ended.
    pub outcome: Outcome,
    /// What was denied, in order and each once, whatever the component made of it.
    pub denials: Vec<Denial>,
    /// From its start to its end, without the time that loading the component took.
    pub took: Duration,
}

impl Host {
    /// Runs a component once, on the calling thread. What it keeps in its store is gone afterwards.
    pub async fn try_out(&self, trial: Trial) -> Tried {
        let failed = |kind, message| Tried {
            outcome: Outcome::Failed(Failure::new(kind, message)),
            denials: Vec::new(),
            took: Duration::ZERO,
        };
        let executor = match self.prepare(&trial.config) {
            Ok(executor) => executor,
            Err(message) => return failed(FailureKind::Internal, message),
        };
        let id: TaskId = match ID.parse() {
            Ok(id) => id,
            Err(error) => return failed(FailureKind::Internal, format!("{error}")),
        };
        let policy = Arc::new(executor.policy.remembering());
        let start = Instant::now();
        let attempt = trial.attempt(id);
        let outcome = if trial.checked {
            attempt::checked(self, attempt, &executor, Arc::clone(&policy)).await
        } else {
            attempt::unchecked(self, attempt, &executor, Arc::clone(&policy)).await
        };
        Tried { outcome, denials: policy.denials(), took: start.elapsed() }
    }

    /// What a fresh instance of the executor's component says of itself: JSON text, however often it was asked before.
    /// The error is why it does not, in words.
    pub fn ask(&self, config: &ExecutorConfig) -> Result<String, String> {
        let executor = self.prepare(config)?;
        describe::describe(self.runtime()?, &executor.component.pre)
    }
}

impl Trial {
    fn attempt(&self, id: TaskId) -> Attempt {
        let number = AttemptNumber(1);
        Attempt {
            task: Task {
                id,
                sequence: 1,
                executor: self.config.name.clone(),
                params: self.params.clone(),
                priority: Priority::default(),
                cwd: self.cwd.clone(),
                timeout: self.wall,
                session: None,
                retry_of: None,
                created: Timestamp(0),
                group: None,
                state: State::accepted(),
            },
            number,
            environment: self.environment.clone(),
            config: Arc::clone(&self.config),
            wall: self.wall,
            grace: self.grace,
            cancel: self.cancel.clone(),
            output: Arc::clone(&self.output),
            reporter: Arc::clone(&self.reporter),
            state: Arc::new(Memory::default()),
            artifacts: self.artifacts.clone(),
        }
    }
}

/// A store of an executor that ends with its trial.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyValue for Memory {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.lock().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8], quota: u64) -> Result<(), String> {
        let mut held = self.lock();
        let others = held.iter().filter(|(other, _)| *other != key).map(|(key, value)| key.len() + value.len());
        let bytes = others.sum::<usize>() + key.len() + value.len();
        if u64::try_from(bytes).unwrap_or(u64::MAX) > quota {
            return Err(format!("the store would hold more than the {} that are granted", Bytes(quota)));
        }
        held.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        self.lock().remove(key);
        Ok(())
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        Ok(self.lock().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}
