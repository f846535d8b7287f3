//! One attempt, from its parameters to its outcome.

use crate::{
    bindings::hob::plugin::types,
    capability::{
        Cancel,
        http::{HttpClient, HttpOptions},
        process::Children,
    },
    component,
    console::Tail,
    folders::{self, Places},
    guest::{Guest, Surroundings},
    host::{Executor, Host},
    meter::LimitHit,
};
use hob_core::{Access, Denial, Environment, Failure, FailureKind, Mode, Outcome, Policy, format_duration};
use hob_runner::Attempt;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

type Answer = wasmtime::Result<Result<types::Success, types::TaskError>>;

/// Memory with which a guest can have made the host allocate much, for a list of a hundred thousand empty texts say.
/// 2 MiB: a small guest in Rust has less, and pays nothing for it.
const LARGE: usize = 2 << 20;

/// How a guest stopped running.
enum Ended {
    /// It returned, or its call failed.
    Answered(Answer),
    /// The host panicked while serving it.
    Panicked(String),
    /// Its wall clock ran out.
    TimedOut(Duration),
    /// It was asked to stop and did not in time.
    Stopped,
}

fn failed(kind: FailureKind, message: String) -> Outcome {
    Outcome::Failed(Failure::new(kind, message))
}

pub(crate) async fn run(host: &Host, attempt: Attempt) -> Outcome {
    match host.prepare(&attempt.config) {
        Ok(executor) => {
            let (policy, reporter) = (Arc::new(executor.policy.remembering()), Arc::clone(&attempt.reporter));
            let outcome = checked(host, attempt, &executor, Arc::clone(&policy)).await;
            reporter.denied(policy.denials().iter().filter_map(Denial::lines).map(str::to_owned).collect());
            outcome
        }
        Err(message) => failed(FailureKind::Internal, message),
    }
}

/// As [`run`], under `policy`, which remembers what it denies; telling that is left to whoever calls.
pub(crate) async fn checked(host: &Host, attempt: Attempt, executor: &Executor, policy: Arc<Policy>) -> Outcome {
    let complaints = match serde_json::from_str(&attempt.task.params) {
        Ok(params) => executor.component.complaints(&params),
        Err(error) => vec![(String::new(), format!("the parameters are no JSON: {error}"))],
    };
    if !complaints.is_empty() {
        return failed(FailureKind::InvalidParams, crate::schema::lines(&complaints));
    }
    unchecked(host, attempt, executor, policy).await
}

/// The same whatever the schema says of the parameters.
pub(crate) async fn unchecked(host: &Host, attempt: Attempt, executor: &Executor, policy: Arc<Policy>) -> Outcome {
    let places =
        Places { home: host.options.home.as_deref(), cwd: &attempt.task.cwd, protected: &host.options.protected };
    let folders = match folders::resolve(&policy, &places) {
        Ok(folders) => folders,
        Err(error) => return failed(FailureKind::Executor, error.to_string()),
    };
    let task = task(&attempt, executor, &folders);
    let (wall, grace) = (attempt.wall, attempt.grace);
    let cancel = Cancel(attempt.cancel);
    let limits = &attempt.config.limits;
    let http = HttpOptions {
        body_bytes: limits.http_body.0,
        per_host: limits.requests_per_host,
        secrets: Arc::clone(&host.secrets),
    };
    let surroundings = Arc::new(Surroundings {
        executor: attempt.config.name.clone(),
        task: attempt.task.id,
        policy: Arc::clone(&policy),
        limits: attempt.config.limits.clone(),
        environment: attempt.environment,
        cwd: attempt.task.cwd,
        folders,
        output: attempt.output,
        reporter: attempt.reporter,
        state: attempt.state,
        artifacts: Some(attempt.artifacts),
        http: Arc::new(HttpClient::new(Arc::clone(&host.network), http)),
        zygote: host.options.zygote.clone(),
    });
    // Outside the store, so that what it started can still be ended in order when the store is gone.
    let children = Arc::new(Children::default());
    let mut outcome = call(host, executor, surroundings, &task, &cancel, &children, wall, grace).await;
    children.end(grace).await;
    if let Outcome::Failed(failure) = &mut outcome {
        if let Some(most) = children.crowded() {
            // All that the component saw is a program that was killed.
            let hit = LimitHit::Processes { most, allowed: attempt.config.limits.processes };
            (failure.kind, failure.message) = (FailureKind::Limit, hit.explain(&attempt.config.name));
        }
        add_missing_folder(failure, &policy);
    }
    outcome
}

/// A component that reads files with its language's own means gets no more than "no such file" where
/// no folder was granted: WASI has no room for words. So its failure says what it had asked for.
fn add_missing_folder(failure: &mut Failure, policy: &Policy) {
    if !matches!(failure.kind, FailureKind::Executor | FailureKind::Trap) {
        return;
    }
    let missing = policy.asks().dirs.iter().find_map(|ask| {
        let access = Access::Dir { guest: &ask.guest, write: ask.mode == Mode::Rw };
        policy.decide(&access).err()
    });
    if let Some(denial) = missing {
        failure.message = format!("{}\n\nIt asked for a folder that it was not given: {denial}", failure.message);
    }
}

/// Calls `run` of a fresh instance, under both clocks.
#[expect(clippy::too_many_arguments, reason = "each is one fact of an attempt, and this is its only caller")]
async fn call(
    host: &Host,
    executor: &Executor,
    surroundings: Arc<Surroundings>,
    task: &types::Task,
    cancel: &Cancel,
    children: &Arc<Children>,
    wall: Option<Duration>,
    grace: Duration,
) -> Outcome {
    let runtime = match host.runtime() {
        Ok(runtime) => runtime,
        Err(message) => return Outcome::Failed(Failure::new(FailureKind::Internal, message)),
    };
    let stderr = Tail::default();
    let guest = match Guest::new(Arc::clone(&surroundings), cancel.clone(), Arc::clone(children), stderr.clone()) {
        Ok(guest) => guest,
        Err(error) => {
            let message = format!("a granted folder cannot be opened: {error:#}");
            return Outcome::Failed(Failure::new(FailureKind::Executor, message));
        }
    };
    let _running = runtime.ticker.run();
    let mut store = runtime.store(guest);
    let ended = {
        let answer = async {
            let plugin = executor.component.pre.instantiate_async(&mut store).await?;
            plugin.hob_plugin_executor().call_run(&mut store, task).await
        };
        let answer = pin!(answer);
        let stopped = async {
            cancel.clone().wait().await;
            // The trees are asked at once; the component has the same time to wind up.
            children.start_ending(grace);
            tokio::time::sleep(grace).await;
        };
        let deadline = async {
            match wall {
                Some(wall) => {
                    tokio::time::sleep(wall).await;
                    wall
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            answer = guarded(answer) => match answer {
                Ok(answer) => Ended::Answered(answer),
                Err(panic) => Ended::Panicked(words(panic.as_ref())),
            },
            () = stopped => Ended::Stopped,
            wall = deadline => Ended::TimedOut(wall),
        }
    };
    let limit = match &ended {
        Ended::Answered(Err(error)) => component::limit_of(&store, error),
        _ => None,
    };
    store.data_mut().note_dropped_lines();
    let memory = store.data().meter.memory();
    drop(store);
    if memory > LARGE {
        hob_process::return_memory();
    }
    conclude(ended, limit, &surroundings, cancel, &stderr)
}

fn conclude(
    ended: Ended,
    limit: Option<LimitHit>,
    surroundings: &Surroundings,
    cancel: &Cancel,
    stderr: &Tail,
) -> Outcome {
    let executor = &surroundings.executor;
    let mut failure = match ended {
        Ended::Answered(Ok(answer)) => {
            let mut outcome = component::outcome(answer, cancel.is_set());
            if let Outcome::Failed(failure) = &mut outcome {
                failure.trace = Some(stderr.text()).filter(|text| !text.is_empty());
            }
            return outcome;
        }
        Ended::Answered(Err(_)) | Ended::Stopped if cancel.is_set() => return Outcome::Cancelled,
        Ended::Stopped => return Outcome::Cancelled,
        Ended::Answered(Err(error)) => {
            let mut failure = component::explain(&error, stderr);
            if let Some(hit) = limit {
                (failure.kind, failure.message) = (FailureKind::Limit, hit.explain(executor));
            }
            return Outcome::Failed(failure);
        }
        Ended::Panicked(message) => {
            tracing::error!(task = %surroundings.task, %executor, "a capability panicked: {message}");
            Failure::new(FailureKind::Internal, format!("hob failed while it served {executor}: {message}"))
        }
        Ended::TimedOut(wall) => Failure::new(
            FailureKind::TimedOut,
            format!(
                "{executor} did not end within {}; `--timeout`, or `wall` in [executors.{executor}.limits], gives it longer",
                format_duration(wall)
            ),
        ),
    };
    failure.trace = Some(stderr.text()).filter(|text| !text.is_empty());
    Outcome::Failed(failure)
}

/// The future's output, or what it panicked with: a fault in one capability ends one task.
async fn guarded<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Box<dyn Any + Send>> {
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no words".to_owned())
}

/// The task as the component sees it.
fn task(attempt: &Attempt, executor: &Executor, folders: &[folders::Folder]) -> types::Task {
    let shell = shell(&attempt.environment);
    types::Task {
        id: attempt.task.id.as_str().to_owned(),
        executor: attempt.config.name.as_str().to_owned(),
        params: attempt.task.params.clone(),
        settings: executor.settings.clone(),
        attempt: attempt.number.0,
        deadline_ms: attempt.wall.map(|wall| u32::try_from(wall.as_millis()).unwrap_or(u32::MAX)),
        workdir: if folders.is_empty() { None } else { folders::to_guest(folders, &attempt.task.cwd) },
        meta: vec![
            ("shell".to_owned(), shell),
            ("cwd".to_owned(), attempt.task.cwd.to_string_lossy().into_owned()),
            ("utc-offset".to_owned(), utc_offset().to_string()),
        ],
    }
}

/// Seconds by which this machine's clocks on the wall are ahead of UTC.
fn utc_offset() -> i32 {
    jiff::Zoned::now().offset().seconds()
}

/// The dispatcher's shell.
fn shell(environment: &Environment) -> String {
    let named = environment.get("SHELL").and_then(|shell| std::str::from_utf8(shell).ok());
    named.filter(|shell| shell.starts_with('/')).unwrap_or("/bin/sh").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f58_a_panic_is_caught_with_its_words() {
        let tokio = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let caught = tokio.block_on(async {
            let fails = async {
                tokio::task::yield_now().await;
                let number: Result<u8, _> = "x".parse();
                number.expect("a fault in a capability")
            };
            guarded(pin!(fails)).await
        });
        let panic = caught.expect_err("caught");
        assert!(words(panic.as_ref()).starts_with("a fault in a capability"));
        let fine = tokio.block_on(async { guarded(pin!(async { 7 })).await });
        assert_eq!(fine.ok(), Some(7));
    }

    #[test]
    fn the_shell_is_that_of_the_dispatcher_where_it_is_a_path() {
        let with = |value: &[u8]| shell(&Environment(vec![(b"SHELL".to_vec(), value.to_vec())]));
        assert_eq!(with(b"/bin/zsh"), "/bin/zsh");
        assert_eq!(with(b"zsh"), "/bin/sh");
        assert_eq!(with(b"/\xff"), "/bin/sh");
        assert_eq!(shell(&Environment::default()), "/bin/sh");
    }
}
