//! A state folder of a test's own, and tasks to put into it.

use hob_core::{
    Environment, ExecutorName, Failure, FailureKind, NewTask, Outcome, Priority, TaskId, TaskResult, Timestamp,
    WorkerId,
};
use hob_store::{Store, WorkerKind};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// When everything happens where the time does not matter.
pub const NOW: Timestamp = Timestamp(1_000_000);

pub struct House {
    folder: TempDir,
}

impl House {
    pub fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    /// The state folder; it is not there before the first opening.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.state().join(name)
    }

    pub fn open(&self) -> Store {
        Store::open(&self.state()).expect("opens")
    }
}

pub fn id(text: &str) -> TaskId {
    text.parse().expect("a task id")
}

pub fn executor(name: &str) -> ExecutorName {
    name.parse().expect("an executor's name")
}

pub fn worker(name: &str) -> WorkerId {
    name.parse().expect("a worker's id")
}

pub fn task(name: &str) -> NewTask {
    NewTask {
        id: Some(id(name)),
        executor: executor("shell"),
        params: "{\"command\":\"true\"}".into(),
        priority: Priority::Medium,
        cwd: Path::new("/project").into(),
        environment: Environment::default(),
        timeout: None,
        session: None,
        retry_of: None,
    }
}

pub fn completed() -> Outcome {
    Outcome::Completed(TaskResult { summary: "done".into(), data: None })
}

pub fn failed() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Executor, "it exited with 1"))
}

/// Signs a worker on.
pub fn sign_on(store: &mut Store, name: &str) -> WorkerId {
    let worker = worker(name);
    store.register_worker(&worker, WorkerKind::Lazy, NOW).expect("signs on");
    worker
}
