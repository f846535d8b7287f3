//! One connection: what the rooms above use.

use crate::{
    backup::{self, BackedUp},
    cancel::CancelReply,
    claim::{Claim, Finished, FinishedAndClaimed, Held, WorkerKind},
    doorbell::Doorbell,
    error::{Error, Result},
    events::OutboxEvent,
    executors::Queue,
    group::AcceptedGroup,
    group_query::Member,
    open::{self, Opened, Role},
    os, output,
    prune::{self, Pruned, Retention},
    query::{Counts, Filter, Reference},
    rescue::{Lost, Worker},
    schema::{self, CURRENT},
    submit::Accepted,
    transaction::{Changes, View},
};
use hob_core::{
    AttemptNumber, ExecutorName, Group, NewGroup, NewTask, Progress, SessionId, StateName, Task, TaskId, Timestamp,
    WorkerId,
};
use rusqlite::Connection;
use std::{fs, path::Path, sync::atomic::Ordering};

/// The tasks of one state folder.
///
/// Each change is one transaction: when it returns, it is on the disk, and everybody who waits has been told.
/// Reads see everything that was committed before. It can be sent to another thread; for several
/// threads that change things in one process, use a [`crate::Writer`].
pub struct Store {
    opened: Opened,
    role: Role,
    doorbell: Doorbell,
    /// The names of the files survive a power cut: this connection has seen to it.
    named: bool,
    /// A commit failed: this connection is not to be used again.
    suspect: bool,
    /// Rows that this connection had changed at the last commit: without a change nobody is told.
    written: u64,
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method's path is of one lifetime of `View`; a closure is of any"
)]
impl Store {
    /// Opens the store of a state folder for a command that is over in a moment. Makes folder and
    /// database where there are none yet, however many processes do so at once.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_as(folder, Role::Client)
    }

    /// Opens it for a process that runs tasks: that one also tidies up the write-ahead log.
    pub fn open_for_worker(folder: &Path) -> Result<Self> {
        Self::open_as(folder, Role::Worker)
    }

    fn open_as(folder: &Path, role: Role) -> Result<Self> {
        Ok(Self {
            opened: open::open(folder, role)?,
            role,
            doorbell: Doorbell::of(folder),
            named: false,
            suspect: false,
            written: 0,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.opened.files.folder
    }

    /// Whether the state folder is still the one that was opened; false when it was removed or moved away.
    pub fn is_in_place(&self) -> bool {
        os::identity(&self.opened.files.database).is_ok_and(|found| found == self.opened.identity)
    }

    /// An error, of this database.
    fn at(&self, error: impl Into<Error>) -> Error {
        error.into().at(&self.opened.files.database)
    }

    fn is_current(&self, database: &Connection) -> Result<()> {
        match schema::version(database)? {
            CURRENT => Ok(()),
            found => Err(Error::Newer { path: self.opened.files.database.clone(), found, known: CURRENT }),
        }
    }

    /// Asks several questions about one moment.
    pub fn view<T>(&self, ask: impl FnOnce(&View<'_>) -> Result<T>) -> Result<T> {
        let database = &self.opened.database;
        self.undo();
        database.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).map_err(|error| self.at(error))?;
        let answer = self.is_current(database).and_then(|()| ask(&View::new(database)));
        self.undo();
        answer.map_err(|error| self.at(error))
    }

    /// Makes several changes in one transaction: all of them, or none if the closure returns an error.
    pub fn change<T>(&mut self, make: impl FnOnce(&Changes<'_>) -> Result<T>) -> Result<T> {
        self.begin()?;
        match make(&self.changes()) {
            Ok(value) => {
                self.commit()?;
                Ok(value)
            }
            Err(error) => {
                self.undo();
                Err(self.at(error))
            }
        }
    }

    /// The transaction that was begun.
    pub(crate) fn changes(&self) -> Changes<'_> {
        Changes::new(&self.opened.database, self.folder())
    }

    /// Begins a write transaction, unless the database is not ours to write any more.
    pub(crate) fn begin(&mut self) -> Result<()> {
        if self.suspect {
            self.reopen()?;
        }
        let path = || self.opened.files.database.clone();
        if self.opened.read_only {
            return Err(Error::ReadOnly { path: path() });
        }
        let in_place = || if self.is_in_place() { Ok(()) } else { Err(Error::Vanished { path: path() }) };
        in_place()?;
        self.undo();
        let database = &self.opened.database;
        let begun = database.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        begun.map_err(|error| self.at(error))?;
        // Again, for whoever restores a backup holds this lock while one database takes the place of the other.
        let current = in_place().and_then(|()| self.is_current(database));
        let begun = current.and_then(|()| self.name_log());
        if begun.is_err() {
            self.undo();
        }
        begun
    }

    /// Sees to it that the name of the log outlives a power cut, before anything is written to it. A log that has
    /// something in it was written to by somebody who has done so. `SQLite`'s own way (which the build leaves out) is to
    /// sync the folder once in each process, and to hide it if that fails.
    fn name_log(&mut self) -> Result<()> {
        if !self.named {
            let log = &self.opened.files.log;
            if fs::metadata(log).map_or(0, |data| data.len()) == 0 {
                os::sync_folder(self.folder()).map_err(|error| Error::folder(self.folder(), &error))?;
            }
            self.named = true;
        }
        Ok(())
    }

    /// Ends the transaction: on the disk when this returns without an error, and then everybody is told.
    pub(crate) fn commit(&mut self) -> Result<()> {
        let committed =
            self.opened.database.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]).map(drop));
        if let Err(error) = committed {
            let error = self.at(Error::of_commit(error));
            self.undo();
            if matches!(error, Error::OutcomeUnknown { .. }) {
                tracing::error!(%error, "a commit failed; opening the database again");
                self.suspect = true;
            }
            return Err(error);
        }
        let written = self.opened.database.total_changes();
        if written != self.written {
            self.written = written;
            self.doorbell.ring();
        }
        Ok(())
    }

    /// Undoes what was begun and not committed, if there is anything.
    pub(crate) fn undo(&self) {
        let database = &self.opened.database;
        if !database.is_autocommit()
            && let Err(error) = database.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a transaction could not be undone");
        }
    }

    /// Whether a transaction is open: some failures end it of themselves.
    pub(crate) fn has_begun(&self) -> bool {
        !self.opened.database.is_autocommit()
    }

    fn reopen(&mut self) -> Result<()> {
        let folder = self.folder().to_owned();
        self.opened = open::open(&folder, self.role)?;
        self.written = 0;
        self.named = false;
        self.suspect = false;
        Ok(())
    }

    /// Moves the write-ahead log into the database and empties it, if nobody is busy: for a moment of rest.
    /// After it, nothing of a dropped environment is left in any file. True if it was done.
    pub fn tidy(&mut self) -> Result<bool> {
        let patient = &self.opened.patient;
        patient.store(false, Ordering::Relaxed);
        let busy = self.opened.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        patient.store(true, Ordering::Relaxed);
        Ok(!busy?)
    }

    /// Whether there is a database, or was one; none is made. An error says why it cannot be used.
    pub fn is_begun(folder: &Path) -> Result<bool> {
        open::is_begun(folder)
    }

    /// Looks for damage; an empty answer is a sound database. Reads all of it.
    pub fn check(&self) -> Result<Vec<String>> {
        self.view(|view| view.check())
    }

    /// Copies everything that was committed when it began, and the output of its tasks, into a new folder, while
    /// others go on writing. The folder is there when it is whole and on the disk, and not before. `progress` is told
    /// the share of the database that is copied.
    pub fn back_up(&self, target: &Path, replace: bool, progress: impl FnMut(f64)) -> Result<BackedUp> {
        backup::back_up(&self.opened, target, replace, progress)
    }

    /// [`Changes::submit`]: durable when this returns.
    pub fn submit(&mut self, tasks: &[NewTask], at: Timestamp) -> Result<Vec<Accepted>> {
        self.change(|changes| changes.submit(tasks, at))
    }

    /// [`Changes::submit_group`]
    pub fn submit_group(&mut self, group: &NewGroup, at: Timestamp) -> Result<AcceptedGroup> {
        self.change(|changes| changes.submit_group(group, at))
    }

    /// [`View::group`]
    pub fn group(&self, id: &TaskId) -> Result<Option<Group>> {
        self.view(|view| view.group(id))
    }

    /// [`View::members`]
    pub fn members(&self, id: &TaskId) -> Result<Vec<Member>> {
        self.view(|view| view.members(id))
    }

    /// [`View::groups`]
    pub fn groups(&self, session: Option<&SessionId>, limit: Option<u32>) -> Result<Vec<Group>> {
        self.view(|view| view.groups(session, limit))
    }

    /// [`View::refer`]
    pub fn refer(&self, text: &str) -> Result<Reference> {
        self.view(|view| view.refer(text))
    }

    /// [`View::get`]
    pub fn get(&self, id: &TaskId) -> Result<Option<Task>> {
        self.view(|view| view.get(id))
    }

    /// [`View::resolve`]
    pub fn resolve(&self, text: &str) -> Result<TaskId> {
        self.view(|view| view.resolve(text))
    }

    /// [`View::states`]
    pub fn states(&self, ids: &[TaskId]) -> Result<Vec<Option<StateName>>> {
        self.view(|view| view.states(ids))
    }

    /// [`View::list`]
    pub fn list(&self, filter: &Filter) -> Result<Vec<Task>> {
        self.view(|view| view.list(filter))
    }

    /// [`View::counts`]
    pub fn counts(&self) -> Result<Counts> {
        self.view(|view| view.counts())
    }

    /// [`View::running`]
    pub fn running(&self) -> Result<Vec<Task>> {
        self.view(|view| view.running())
    }

    /// The task that has been running for longest.
    pub fn oldest_running(&self) -> Result<Option<Task>> {
        Ok(self.running()?.into_iter().next())
    }

    /// [`View::queues`]
    pub fn queues(&self) -> Result<Vec<Queue>> {
        self.view(|view| view.queues())
    }

    /// [`Changes::register_worker`]
    pub fn register_worker(&mut self, worker: &WorkerId, kind: WorkerKind, at: Timestamp) -> Result<()> {
        self.change(|changes| changes.register_worker(worker, kind, at))
    }

    /// [`Changes::remove_worker`]
    pub fn remove_worker(&mut self, worker: &WorkerId) -> Result<()> {
        self.change(|changes| changes.remove_worker(worker))
    }

    /// [`View::workers`]
    pub fn workers(&self) -> Result<Vec<Worker>> {
        self.view(|view| view.workers())
    }

    /// [`View::held_by`]
    pub fn held_by(&self, worker: &WorkerId) -> Result<Vec<Held>> {
        self.view(|view| view.held_by(worker))
    }

    /// [`Changes::claim`]; where there is nothing to take, it writes nothing and waits for nobody.
    pub fn claim(&mut self, worker: &WorkerId, max_running: u32, most: u32, at: Timestamp) -> Result<Vec<Claim>> {
        if most == 0 || !self.view(|view| view.claimable(worker, max_running))? {
            return Ok(Vec::new());
        }
        self.change(|changes| changes.claim(worker, max_running, most, at))
    }

    /// [`Changes::finish`]
    pub fn finish(&mut self, end: Finished, at: Timestamp) -> Result<()> {
        self.change(|changes| changes.finish(end, at))
    }

    /// [`Changes::finish_and_claim`]
    pub fn finish_and_claim(
        &mut self,
        ends: Vec<Finished>,
        worker: &WorkerId,
        max_running: u32,
        most: u32,
        at: Timestamp,
    ) -> Result<FinishedAndClaimed> {
        self.change(|changes| changes.finish_and_claim(ends, worker, max_running, most, at))
    }

    /// [`Changes::report`]
    pub fn report(&mut self, id: &TaskId, attempt: AttemptNumber, progress: Progress) -> Result<()> {
        self.change(|changes| changes.report(id, attempt, progress))
    }

    /// [`Changes::release`]
    pub fn release(
        &mut self,
        id: &TaskId,
        attempt: AttemptNumber,
        blocked: Option<String>,
        at: Timestamp,
    ) -> Result<()> {
        self.change(|changes| changes.release(id, attempt, blocked, at))
    }

    /// [`Changes::block_executor`]
    pub fn block_executor(&mut self, executor: &ExecutorName, reason: &str, at: Timestamp) -> Result<()> {
        self.change(|changes| changes.block_executor(executor, reason, at))
    }

    /// [`Changes::unblock`]
    pub fn unblock(&mut self, executors: &[ExecutorName]) -> Result<usize> {
        self.change(|changes| changes.unblock(executors))
    }

    /// [`Changes::let_go`]
    pub fn let_go(&mut self, executor: &ExecutorName) -> Result<bool> {
        self.change(|changes| changes.let_go(executor))
    }

    /// [`Changes::cancel`]
    pub fn cancel(&mut self, ids: &[TaskId], at: Timestamp) -> Result<Vec<CancelReply>> {
        self.change(|changes| changes.cancel(ids, at))
    }

    /// Cancels everything that is pending or running now, in slices of several transactions. Tasks that are
    /// submitted meanwhile are left alone.
    pub fn cancel_all(&mut self, at: Timestamp) -> Result<Vec<CancelReply>> {
        let newest = self.view(|view| view.newest())?;
        let mut replies = Vec::new();
        loop {
            let slice = self.change(|changes| changes.cancel_slice(newest, at))?;
            if slice.is_empty() {
                return Ok(replies);
            }
            replies.extend(slice);
        }
    }

    /// [`Changes::lose`]
    pub fn lose(
        &mut self,
        worker: &WorkerId,
        repeatable: impl Fn(&ExecutorName) -> bool,
        at: Timestamp,
    ) -> Result<Vec<Lost>> {
        self.change(|changes| changes.lose(worker, repeatable, at))
    }

    /// [`Changes::subscribe`]
    pub fn subscribe(&mut self, consumer: &str) -> Result<()> {
        self.change(|changes| changes.subscribe(consumer))
    }

    /// [`View::events_since`]
    pub fn events_since(&self, consumer: &str, limit: u32) -> Result<Vec<OutboxEvent>> {
        self.view(|view| view.events_since(consumer, limit))
    }

    /// [`Changes::acknowledge`]
    pub fn acknowledge(&mut self, consumer: &str, event: i64) -> Result<bool> {
        self.change(|changes| changes.acknowledge(consumer, event))
    }

    /// Prunes a slice of ended tasks and then removes their output and artifacts. Call it again as long as it
    /// says that there is more.
    pub fn prune(&mut self, retention: &Retention, at: Timestamp) -> Result<Pruned> {
        let pruned = self.change(|changes| changes.prune(retention, at))?;
        for task in &pruned.tasks {
            prune::remove_files(self.folder(), task);
        }
        Ok(pruned)
    }

    /// Output and artifacts of tasks that are not there any more: of a prune that died half-way, or of another
    /// database.
    pub fn orphans(&self) -> Result<output::Orphans> {
        self.view(|view| output::orphans(self.folder(), |sequence| view.whose(sequence)))
    }

    /// Removes output and artifacts of tasks that were pruned; how many files or folders went. Those of tasks that
    /// this database never knew stay.
    pub fn remove_orphans(&self) -> Result<usize> {
        self.orphans().map(|orphans| output::remove_orphans(&orphans))
    }

    /// [`View::value`]
    pub fn value(&self, executor: &ExecutorName, key: &str) -> Result<Option<Vec<u8>>> {
        self.view(|view| view.value(executor, key))
    }

    /// [`View::keys`]
    pub fn keys(&self, executor: &ExecutorName, prefix: &str) -> Result<Vec<String>> {
        self.view(|view| view.keys(executor, prefix))
    }

    /// [`Changes::note_denials`]
    pub fn note_denials(&mut self, executor: &ExecutorName, lines: &[String], at: Timestamp) -> Result<()> {
        self.change(|changes| changes.note_denials(executor, lines, at))
    }

    /// [`View::denials`]
    pub fn denials(&self, executor: &ExecutorName) -> Result<Vec<String>> {
        self.view(|view| view.denials(executor))
    }

    /// [`Changes::set_value`]
    pub fn set_value(&mut self, executor: &ExecutorName, key: &str, value: &[u8], quota: u64) -> Result<()> {
        self.change(|changes| changes.set_value(executor, key, value, quota))
    }

    /// [`Changes::delete_value`]
    pub fn delete_value(&mut self, executor: &ExecutorName, key: &str) -> Result<()> {
        self.change(|changes| changes.delete_value(executor, key))
    }
}
