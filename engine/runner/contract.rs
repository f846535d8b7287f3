use hob_core::{AttemptNumber, Environment, ExecutorConfig, ExecutorName, Outcome, Progress, Task};
use hob_store::Retention;
use std::{path::PathBuf, pin::Pin, sync::Arc, time::Duration};
use tokio::sync::watch;

/// What runs tasks: the component host.
pub trait Executors: Send + Sync + 'static {
    /// Makes sure that the executor's component can run, compiling it if that was never done.
    /// Cheap when it is loaded already. May block for as long as compiling takes.
    fn load(&self, config: &ExecutorConfig) -> Result<(), NotLoaded>;

    /// Runs one attempt to its end, on the calling thread. Both clocks, the cancellation with its
    /// grace and the end of every native process are the implementation's business: when the
    /// future is ready, or dropped, nothing of the attempt lives.
    fn run<'a>(&'a self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Outcome> + 'a>>;
}

/// One attempt, as the runner hands it to the host.
pub struct Attempt {
    /// The task, in state `running`.
    pub task: Task,
    /// Counts from 1.
    pub number: AttemptNumber,
    /// What was captured of the dispatcher's environment.
    pub environment: Environment,
    /// The executor.
    pub config: Arc<ExecutorConfig>,
    /// The wall clock: the task's own timeout, else the executor's limit.
    pub wall: Option<Duration>,
    /// How long a component that was asked to stop may take.
    pub grace: Duration,
    /// Turns true when the task is to stop.
    pub cancel: watch::Receiver<bool>,
    /// Where output goes.
    pub output: Arc<dyn OutputSink>,
    /// Where progress goes.
    pub reporter: Arc<dyn Reporter>,
    /// The executor's own store.
    pub state: Arc<dyn KeyValue>,
    /// The folder for artifacts of this attempt; made when the first is.
    pub artifacts: PathBuf,
}

/// The captured output of an attempt. Bytes go in whole and in order; what exceeds the limit of
/// the attempt is dropped in the middle and counted, so a write only fails for want of disk.
pub trait OutputSink: Send + Sync {
    /// Appends bytes. The error is the operating system's, in words.
    fn write(&self, bytes: &[u8]) -> Result<(), String>;
}

/// Takes progress, and what was denied; coalesces, never blocks for long.
pub trait Reporter: Send + Sync {
    /// What the component last said.
    fn progress(&self, progress: Progress);
    /// What the attempt was denied, at its end: each as the configuration lines that would have allowed it.
    fn denied(&self, lines: Vec<String>);
}

/// The store of one executor. Errors are in words.
pub trait KeyValue: Send + Sync {
    /// The value of `key`.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
    /// Sets `key`, unless keys and values together would then exceed `quota` bytes.
    fn set(&self, key: &str, value: &[u8], quota: u64) -> Result<(), String>;
    /// Removes `key`, if it is there.
    fn delete(&self, key: &str) -> Result<(), String>;
    /// The keys that begin with `prefix`, sorted.
    fn keys(&self, prefix: &str) -> Result<Vec<String>, String>;
}

/// Why a component cannot run; its tasks stay pending and say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotLoaded(pub String);

/// What the runner needs to know of the configuration.
pub trait Configuration: Send + Sync + 'static {
    /// The executor of that name.
    fn executor(&self, name: &ExecutorName) -> Result<Arc<ExecutorConfig>, Unavailable>;
    /// How many tasks run at once, over all processes.
    fn max_running(&self) -> u32;
    /// Whether a daemon may take tasks; otherwise they are for whoever dispatches them.
    fn in_background(&self) -> bool;
    /// How long a component that was asked to stop may take.
    fn grace(&self) -> Duration;
    /// How long a worker that does not answer keeps its tasks while another one waits.
    fn lease(&self) -> Duration;
    /// Which ended tasks are kept.
    fn retention(&self) -> Retention;
    /// Reads the configuration again if its files changed; true if it is another now.
    fn reload(&self) -> bool;
}

/// Why there is no executor of a name; its tasks stay pending and say so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);
