//! From a claim to the end of its attempt. The daemon's slots and the lazy worker share it.

use crate::{Attempt, KeyValue, OutputSink, Reporter, reporter::LatestProgress, shared::Shared};
use hob_core::{AttemptNumber, ExecutorConfig, ExecutorName, Failure, FailureKind, Outcome, Progress, TaskId};
use hob_store::{
    Changes, Claim, Writer,
    output::{OutputWriter, Outputs},
};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::runtime::Runtime;

/// What came of a claim.
pub(crate) enum Ended {
    /// The attempt ran, and this is how it ended.
    Finished(Outcome),
    /// Its executor is missing or does not load: it goes back and waits for that.
    Blocked(String),
    /// The worker was shut down and the executor may run again: it simply goes back.
    Returned,
}

/// Runs one claimed task on this thread.
pub(crate) fn run_one(shared: &Shared, runtime: &Runtime, claim: Claim) -> Ended {
    let id = claim.task.id.clone();
    let config = match shared.configuration.executor(&claim.task.executor) {
        Ok(config) => config,
        Err(missing) => return Ended::Blocked(missing.to_string()),
    };
    if let Err(error) = shared.executors.load(&config) {
        return Ended::Blocked(error.to_string());
    }
    let repeatable = config.repeatable;
    let stopped = shared.begin(&id);
    // An attempt that panics inside the engine takes neither the worker nor another task with it.
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| attempt(shared, runtime, claim, config, stopped)))
        .unwrap_or_else(|panic| Outcome::Failed(Failure::new(FailureKind::Internal, words_of(&*panic))));
    let cancelled = shared.end(&id);
    match outcome {
        Outcome::Cancelled if cancelled => Ended::Finished(Outcome::Cancelled),
        Outcome::Cancelled if repeatable => Ended::Returned,
        Outcome::Cancelled => Ended::Finished(Outcome::Failed(Failure::new(
            FailureKind::WorkerLost,
            "hob was stopped while it ran this; what it had started was ended. `hob retry` runs it again",
        ))),
        outcome @ (Outcome::Completed(_) | Outcome::Failed(_)) => Ended::Finished(outcome),
    }
}

fn attempt(
    shared: &Shared,
    runtime: &Runtime,
    claim: Claim,
    config: Arc<ExecutorConfig>,
    cancel: tokio::sync::watch::Receiver<bool>,
) -> Outcome {
    let Claim { task, attempt: number, environment } = claim;
    let outputs = Outputs::of(&shared.state);
    let output = Arc::new(Output(outputs.writer(task.sequence, number, config.limits.output)));
    let reporter = Arc::new(LatestProgress::default());
    let (id, executor) = (task.id.clone(), task.executor.clone());
    let name = executor.clone();
    let attempt = Attempt {
        wall: task.timeout.or(config.limits.wall),
        number,
        environment,
        config,
        grace: shared.configuration.grace(),
        cancel,
        output: Arc::clone(&output) as Arc<dyn OutputSink>,
        reporter: Arc::clone(&reporter) as Arc<dyn Reporter>,
        state: Arc::new(ExecutorState { executor, writer: shared.writer.clone() }),
        artifacts: shared.state.join("artifacts").join(format!("{}-{number}", task.sequence)),
        task,
    };
    let outcome = runtime.block_on(async {
        let report = |progress| report(&shared.writer, &id, number, progress);
        tokio::select! {
            biased;
            outcome = shared.executors.run(attempt) => outcome,
            () = reporter.forward(report) => unreachable!("forwarding never ends"),
        }
    });
    if let Err(error) = output.0.finish() {
        tracing::warn!(%id, %error, "the end of the output was not written");
    }
    let dropped = reporter.dropped();
    if dropped > 0 {
        tracing::info!(%id, dropped, "progress reports dropped: ten a second are kept, the newest of each");
    }
    let denied = reporter.take_denied();
    if !denied.is_empty() {
        let at = shared.now();
        // It goes into the same commit as the end of the task, or one before; nobody waits for it.
        drop(shared.writer.change(move |changes| changes.note_denials(&name, &denied, at)));
    }
    outcome
}

async fn report(writer: &Writer, id: &TaskId, number: AttemptNumber, progress: Progress) {
    if let Err(error) = writer.report(id.clone(), number, progress).await {
        tracing::debug!(%id, %error, "progress was not stored");
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("hob itself failed while it ran this: {}", text.unwrap_or("a panic without words"))
}

struct Output(OutputWriter);

impl OutputSink for Output {
    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        self.0.write(bytes).map_err(|error| error.to_string())
    }
}

struct ExecutorState {
    executor: ExecutorName,
    writer: Writer,
}

impl ExecutorState {
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Changes<'_>, &ExecutorName) -> hob_store::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let executor = self.executor.clone();
        let reply = self.writer.change(move |changes| question(changes, &executor));
        // The host asks from within async code, where tokio refuses to block. The thread is a slot's
        // own, and the answer comes within a commit.
        pollster::block_on(reply).map_err(|error| error.to_string())
    }
}

impl KeyValue for ExecutorState {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let key = key.to_owned();
        self.ask(move |changes, executor| changes.value(executor, &key))
    }

    fn set(&self, key: &str, value: &[u8], quota: u64) -> Result<(), String> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.ask(move |changes, executor| changes.set_value(executor, &key, &value, quota))
    }

    fn delete(&self, key: &str) -> Result<(), String> {
        let key = key.to_owned();
        self.ask(move |changes, executor| changes.delete_value(executor, &key))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, String> {
        let prefix = prefix.to_owned();
        self.ask(move |changes, executor| changes.keys(executor, &prefix))
    }
}
