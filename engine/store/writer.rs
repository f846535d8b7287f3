//! A thread that shares commits.

use crate::{
    claim::{Claim, Finished, FinishedAndClaimed},
    error::{Error, Result},
    open::DATABASE,
    store::Store,
    submit::Accepted,
    transaction::Changes,
};
use hob_core::{AttemptNumber, NewTask, Progress, TaskId, Timestamp, WorkerId};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    task::{Context, Poll, ready},
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;

/// Changes that wait for the writer. 1,024: far more than a process with five slots has under way, so that a
/// full queue means that the disk stands still, and then whoever asks for more waits.
const QUEUE: usize = 1_024;
/// Changes that share one commit. 256: a transaction of some ten milliseconds at most, so that other
/// processes hardly wait.
const GROUP: usize = 256;
/// The rest after which the write-ahead log is tidied once, if a captured environment was dropped since. One
/// second: tasks that follow one another do not pay for it.
const REST: Duration = Duration::from_secs(1);

/// Carries out changes of many callers on a thread of its own, as many as are waiting in one transaction.
///
/// A change that is refused undoes only itself. Everybody has the answer after the commit, never before. Cheap
/// to clone; the thread ends, with everything queued carried out, when the last clone is dropped.
#[derive(Clone)]
pub struct Writer {
    // In this order: the queue has to end before the thread is waited for.
    queue: SyncSender<Box<dyn Operation>>,
    _thread: Arc<Thread>,
}

struct Thread(Mutex<Option<JoinHandle<()>>>);

impl Drop for Thread {
    fn drop(&mut self) {
        let handle = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle
            && handle.thread().id() != thread::current().id()
            && handle.join().is_err()
        {
            tracing::error!("the thread that writes to the database panicked");
        }
    }
}

/// The answer to a change that was queued: a future, or waited for on a thread without async code.
pub struct Reply<T>(oneshot::Receiver<Result<T>>);

impl<T> Reply<T> {
    /// Waits on this thread. Not for threads that run async code.
    pub fn wait(self) -> Result<T> {
        self.0.blocking_recv().unwrap_or(Err(Error::Closed))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(context)).unwrap_or(Err(Error::Closed)))
    }
}

impl Writer {
    /// Starts the thread; it owns the store from here on.
    pub fn start(store: Store) -> Result<Self> {
        let (queue, waiting) = mpsc::sync_channel(QUEUE);
        let folder = store.folder().to_owned();
        let thread = thread::Builder::new()
            .name("writer".into())
            .spawn(move || serve(store, &waiting))
            .map_err(|error| Error::folder(folder, &error))?;
        Ok(Self { queue, _thread: Arc::new(Thread(Mutex::new(Some(thread)))) })
    }

    /// Queues a change. It is carried out in the order of queueing, whether or not the reply is waited for.
    pub fn change<T: Send + 'static>(&self, make: impl FnOnce(&Changes<'_>) -> Result<T> + Send + 'static) -> Reply<T> {
        let (reply, answer) = oneshot::channel();
        let operation = Change { make: Some(make), made: None, reply };
        // If the thread is gone, the reply is dropped with the operation, and reads as `Closed`.
        drop(self.queue.send(Box::new(operation)));
        Reply(answer)
    }

    /// [`Changes::submit`]
    pub fn submit(&self, tasks: Vec<NewTask>, at: Timestamp) -> Reply<Vec<Accepted>> {
        self.change(move |changes| changes.submit(&tasks, at))
    }

    /// [`Changes::claim`]
    pub fn claim(&self, worker: &WorkerId, max_running: u32, most: u32, at: Timestamp) -> Reply<Vec<Claim>> {
        let worker = worker.clone();
        self.change(move |changes| changes.claim(&worker, max_running, most, at))
    }

    /// [`Changes::finish_and_claim`]: the end of one task and the claim of the next share a commit.
    pub fn finish_and_claim(
        &self,
        ends: Vec<Finished>,
        worker: &WorkerId,
        max_running: u32,
        most: u32,
        at: Timestamp,
    ) -> Reply<FinishedAndClaimed> {
        let worker = worker.clone();
        self.change(move |changes| changes.finish_and_claim(ends, &worker, max_running, most, at))
    }

    /// [`Changes::finish`]
    pub fn finish(&self, end: Finished, at: Timestamp) -> Reply<()> {
        self.change(move |changes| changes.finish(end, at))
    }

    /// [`Changes::report`]
    pub fn report(&self, id: TaskId, attempt: AttemptNumber, progress: Progress) -> Reply<()> {
        self.change(move |changes| changes.report(&id, attempt, progress))
    }

    /// [`Changes::release`]
    pub fn release(&self, id: TaskId, attempt: AttemptNumber, blocked: Option<String>, at: Timestamp) -> Reply<()> {
        self.change(move |changes| changes.release(&id, attempt, blocked, at))
    }
}

/// A change of any type of answer.
trait Operation: Send {
    /// Carries it out; false if it failed and has to be undone.
    fn make(&mut self, changes: &Changes<'_>) -> bool;
    /// Answers; `instead` is what went wrong after it was carried out, or in place of it.
    fn answer(self: Box<Self>, instead: Option<&Error>);
    /// Why it failed, if it did.
    fn failure(&self) -> Option<&Error>;
}

struct Change<T, F> {
    make: Option<F>,
    made: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce(&Changes<'_>) -> Result<T> + Send> Operation for Change<T, F> {
    fn make(&mut self, changes: &Changes<'_>) -> bool {
        if let Some(make) = self.make.take() {
            self.made = Some(make(changes).map_err(|error| error.at(&changes.folder.join(DATABASE))));
        }
        matches!(self.made, Some(Ok(_)))
    }

    fn failure(&self) -> Option<&Error> {
        self.made.as_ref().and_then(|made| made.as_ref().err())
    }

    fn answer(self: Box<Self>, instead: Option<&Error>) {
        let answer = match (self.made, instead) {
            // A change that was refused had no effect, whatever the commit did.
            (Some(Err(error)), _) => Err(error),
            (_, Some(error)) => Err(error.clone()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(Error::Closed),
        };
        // Nobody may be waiting any more.
        let _ = self.reply.send(answer);
    }
}

type Group = Vec<Box<dyn Operation>>;

fn serve(mut store: Store, waiting: &Receiver<Box<dyn Operation>>) {
    let mut untidy = false;
    loop {
        let first = if untidy {
            match waiting.recv_timeout(REST) {
                Ok(operation) => operation,
                Err(RecvTimeoutError::Timeout) => {
                    untidy = false;
                    tidy(&mut store);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        } else {
            match waiting.recv() {
                Ok(operation) => operation,
                Err(_) => break,
            }
        };
        let mut group: Group = vec![first];
        group.extend(waiting.try_iter().take(GROUP - 1));
        untidy |= carry_out(&mut store, group);
    }
    if untidy {
        tidy(&mut store);
    }
}

/// Once; if somebody is busy, it is done after the next dropped environment, or when the last worker closes.
fn tidy(store: &mut Store) {
    match store.tidy() {
        Ok(done) => tracing::debug!(done, "tidied the write-ahead log"),
        Err(error) => tracing::warn!(%error, "the write-ahead log could not be tidied"),
    }
}

/// Carries out a group in one transaction and answers. True if an environment may have been dropped.
fn carry_out(store: &mut Store, group: Group) -> bool {
    if let Err(error) = store.begin() {
        for operation in group {
            operation.answer(Some(&error));
        }
        return false;
    }
    let mut made: Group = Vec::with_capacity(group.len());
    let mut freed = false;
    let mut left = group.into_iter();
    for mut operation in left.by_ref() {
        let outcome = one(store, operation.as_mut(), &mut freed);
        if outcome.is_ok() && store.has_begun() {
            made.push(operation);
            continue;
        }
        // The transaction is gone, or is of no more use, and with it what was made before.
        let detail = outcome.err().or_else(|| operation.failure().cloned());
        let detail = detail.map_or_else(String::new, |error| error.to_string());
        store.undo();
        let undone = Error::Undone { detail };
        for earlier in made {
            earlier.answer(Some(&undone));
        }
        operation.answer(Some(&undone));
        let left: Group = left.collect();
        return if left.is_empty() { false } else { carry_out(store, left) };
    }
    let failed = store.commit().err();
    for operation in made {
        operation.answer(failed.as_ref());
    }
    freed && failed.is_none()
}

/// Carries out one change so that it can be undone alone.
fn one(store: &Store, operation: &mut dyn Operation, freed: &mut bool) -> Result<()> {
    let changes = store.changes();
    changes.run("SAVEPOINT change", [])?;
    if !operation.make(&changes) && store.has_begun() {
        changes.run("ROLLBACK TO change", [])?;
    }
    if store.has_begun() {
        changes.run("RELEASE change", [])?;
    }
    *freed |= changes.freed.get();
    Ok(())
}
