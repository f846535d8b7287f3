use crate::os;
use hob_core::{ExecutorName, IllegalTransition, TaskId, WorkerId};
use rusqlite::{ErrorCode, ffi};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the store did not do what it was asked.
///
/// Unless it is [`Error::OutcomeUnknown`], nothing was changed. Cloneable, because one failed
/// commit is reported to everybody who shared it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The `SQLite` that this was built with has known faults.
    #[error("use SQLite {found}: hob needs 3.51.3 or newer; build it with its bundled SQLite")]
    SqliteTooOld {
        /// The version found.
        found: &'static str,
    },
    /// The state folder or a file in it cannot be used.
    #[error("use {path}: {reason}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The state folder belongs to somebody else.
    #[error(
        "use {path}: it belongs to user {owner}, and this is user {user}; set HOB_HOME to a folder of your own, \
         or run hob as that user"
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Who runs this.
        user: u32,
    },
    /// The database was there once and is not any more.
    #[error("open {path}: it was here before and is gone; put a copy of it back, or remove {marker} to begin afresh")]
    Missing {
        /// The database.
        path: PathBuf,
        /// What says that it was there.
        marker: PathBuf,
    },
    /// The database is empty although it was not before.
    #[error(
        "open {path}: it is empty and was not before; put a copy of it back, or remove it and {marker} to begin afresh"
    )]
    Emptied {
        /// The database.
        path: PathBuf,
        /// What says that it was there.
        marker: PathBuf,
    },
    /// A write-ahead log without its database: beginning afresh would throw away what it holds.
    #[error("open {path}: only its write-ahead log is here; put the database back beside it, or move {log} away")]
    LogWithoutDatabase {
        /// The database.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// Not an `SQLite` database.
    #[error("open {path}: it is no database; move it away, or set HOB_HOME to another folder")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database of another program.
    #[error("open {path}: it is the database of another program; move it away, or set HOB_HOME to another folder")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer hob.
    #[error("open {path}: a newer hob has written it (schema {found}, this hob knows {known}); update this hob")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// The database is damaged.
    #[error("read the database: it is damaged ({detail}); its files were left as they are")]
    Corrupt {
        /// What `SQLite` said.
        detail: String,
    },
    /// The state folder was removed or moved away while it was in use.
    #[error("write to {path}: it was removed or moved away while in use")]
    Vanished {
        /// The database.
        path: PathBuf,
    },
    /// Another process has kept the database locked for longer than the wait for it.
    #[error("write to the database: another process keeps it locked; try again")]
    Busy,
    /// No room.
    #[error("write to {}: the disk is full; make room and try again", named(path.as_deref()))]
    DiskFull {
        /// The database, once it is known which.
        path: Option<PathBuf>,
    },
    /// This process may not make files that large.
    #[error(
        "write to {}: no file may grow beyond {limit} bytes here (`ulimit -f`); raise that and try again",
        named(path.as_deref())
    )]
    FileTooLarge {
        /// The database, once it is known which.
        path: Option<PathBuf>,
        /// Bytes.
        limit: u64,
    },
    /// It cannot be written to.
    #[error("write to {path}: it is read-only for this user, or its file system is")]
    ReadOnly {
        /// The database, or its folder.
        path: PathBuf,
    },
    /// It can only be read, and that not as it is.
    #[error("read {path}: the folder is read-only, and {reason}")]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// What would have to be written first.
        reason: &'static str,
    },
    /// Something is where a backup was to go.
    #[error("write {path}: it is there already; name another place, or replace it with --force")]
    Exists {
        /// The place.
        path: PathBuf,
    },
    /// What is to be replaced by a backup is none.
    #[error("replace {path}: it is no backup of hob's; name another place")]
    Unlike {
        /// The place.
        path: PathBuf,
    },
    /// A backup that is not whole, or none at all.
    #[error("restore {path}: {reason}; nothing was changed")]
    NotABackup {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state folder is in use.
    #[error("use {path} alone: the worker {by} works in it")]
    InUse {
        /// The state folder.
        path: PathBuf,
        /// Who does.
        by: String,
    },
    /// The operating system failed before the change was committed.
    #[error("use the database: {detail}")]
    Io {
        /// What `SQLite` said.
        detail: String,
    },
    /// The commit itself failed: the change may or may not be there after a restart.
    #[error("commit: {detail}; the outcome is unknown: it may be there or not")]
    OutcomeUnknown {
        /// What `SQLite` said.
        detail: String,
    },
    /// The same transaction held a change that failed in a way that undid it all.
    #[error("commit: it shared a commit with a change that failed ({detail}); nothing was changed, try again")]
    Undone {
        /// What `SQLite` said.
        detail: String,
    },
    /// A fault of hob: the statement or the stored value is wrong.
    #[error("use the database: {detail}")]
    Internal {
        /// What is wrong.
        detail: String,
    },
    /// The thread that writes has ended.
    #[error("write to the database: this process is shutting down")]
    Closed,
    /// There is no such task.
    #[error("find a task `{id}`{}", NotFoundHint { nearest, retired: *retired })]
    NotFound {
        /// What was asked for.
        id: String,
        /// Ids that look like it.
        nearest: Vec<TaskId>,
        /// It was there and has been pruned.
        retired: bool,
    },
    /// It is a group of tasks and not a task.
    #[error("use the task `{id}`: it is a group of tasks; `hob list --group {id}` shows its tasks")]
    IsGroup {
        /// The group.
        id: TaskId,
    },
    /// A group keeps a task of another that has not completed.
    #[error("keep the task `{id}`: it has not completed; only a completed task is kept")]
    NotCompleted {
        /// The task.
        id: TaskId,
    },
    /// The abbreviation fits several tasks.
    #[error("tell which task `{prefix}` is: it could be {}", joined(candidates))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The tasks that it fits, the newest first; not all of them when they are many.
        candidates: Vec<TaskId>,
    },
    /// The id belongs to another task.
    #[error("accept the task `{id}`: another task or group has that id; choose another one")]
    IdTaken {
        /// The id.
        id: TaskId,
    },
    /// The id belonged to a task that was pruned.
    #[error(
        "accept the task `{id}`: a task that was pruned had that id, and ids are never used twice; choose another one"
    )]
    IdRetired {
        /// The id.
        id: TaskId,
    },
    /// The task is not in a state for that, or another attempt is on.
    #[error("change the task `{id}`: cannot {illegal}")]
    Illegal {
        /// The task.
        id: TaskId,
        /// What does not fit.
        illegal: IllegalTransition,
    },
    /// The worker is not registered: it was taken for dead, or never was.
    #[error("work as `{worker}`: it is not registered, or was taken for dead")]
    UnknownWorker {
        /// The worker.
        worker: WorkerId,
    },
    /// The worker still holds tasks.
    #[error("sign the worker `{worker}` off: it still holds {running} running tasks")]
    WorkerHoldsTasks {
        /// The worker.
        worker: WorkerId,
        /// How many.
        running: u64,
    },
    /// The consumer of events never subscribed.
    #[error("read events for `{consumer}`: it has not subscribed")]
    UnknownConsumer {
        /// Its name.
        consumer: String,
    },
    /// The value would exceed what the executor may store.
    #[error("store the value: `{executor}` would then hold {needed} bytes of {quota}")]
    QuotaExceeded {
        /// The executor.
        executor: ExecutorName,
        /// Bytes that would be needed.
        needed: u64,
        /// Bytes that it may use.
        quota: u64,
    },
    /// A task of a task of a task.
    #[error("hand in a task from within {chain}: tasks go {most} deep at most (nesting.depth)")]
    TooDeep {
        /// From the one that came from outside to the one that wanted more.
        chain: String,
        /// The limit.
        most: u32,
    },
    /// Tasks that hand in tasks without end.
    #[error(
        "hand in a task from within {chain}: {most} a minute have come of the first of them already \
         (nesting.per_minute)"
    )]
    TooMany {
        /// From the one that came from outside to the one that wanted more.
        chain: String,
        /// The limit.
        most: u32,
    },
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

struct NotFoundHint<'a> {
    nearest: &'a [TaskId],
    retired: bool,
}

impl std::fmt::Display for NotFoundHint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.retired {
            f.write_str(": it has been pruned")
        } else if self.nearest.is_empty() {
            f.write_str(": there is none; `hob list` shows those there are")
        } else {
            write!(f, ": there is none; did you mean {}?", joined(self.nearest))
        }
    }
}

fn named(path: Option<&Path>) -> String {
    path.map_or_else(|| "the database".to_owned(), |path| path.display().to_string())
}

fn joined(ids: &[TaskId]) -> String {
    ids.iter().map(TaskId::as_str).collect::<Vec<_>>().join(", ")
}

impl Error {
    pub(crate) fn folder(path: impl Into<PathBuf>, reason: &io::Error) -> Self {
        let path = path.into();
        match reason.kind() {
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Folder { path, reason: reason.to_string() },
        }
    }

    /// The same, of this database.
    pub(crate) fn at(mut self, database: &Path) -> Self {
        if let Self::DiskFull { path } | Self::FileTooLarge { path, .. } = &mut self {
            path.get_or_insert_with(|| database.to_owned());
        }
        self
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::Internal { detail: detail.into() }
    }

    /// What a failed COMMIT means: a full disk and a lock leave it undone for certain, anything
    /// else that the operating system reports leaves the outcome open.
    pub(crate) fn of_commit(error: rusqlite::Error) -> Self {
        match Self::from(error) {
            Self::Io { detail } | Self::Corrupt { detail } => Self::OutcomeUnknown { detail },
            other => other,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DiskFull) => Self::DiskFull { path: None },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path: PathBuf::from("the database") },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt { detail },
            Some(ErrorCode::SystemIoFailure) if is_growth(&error) => match os::file_size_limit() {
                Some(limit) => Self::FileTooLarge { path: None, limit },
                // Of what hob writes, only this fails for want of room without SQLite's saying so.
                None if extended_code(&error) == Some(ffi::SQLITE_IOERR_SHMSIZE) => Self::DiskFull { path: None },
                None => Self::Io { detail },
            },
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::Io { detail }
            }
            _ => Self::Internal { detail },
        }
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// Whether a file could not be made larger, or not be written to. What was to be committed with such a write was
/// not: its last page is not whole.
fn is_growth(error: &rusqlite::Error) -> bool {
    matches!(
        extended_code(error),
        Some(ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_TRUNCATE)
    )
}
