//! The worker's side of the zygote.

mod serve;

use crate::{
    child::Child,
    mark::{Mark, end_marked},
    oneself, os,
    spawn::{Prepared, SpawnError, SpawnRequest},
    wire::{Report, ask},
};
use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, sendmsg},
    unistd::ForkResult,
};
use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io::{self, IoSlice, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd, OwnedFd},
        unix::{fs::OpenOptionsExt as _, net::UnixStream},
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long a tree that is only known by its mark is tried to be ended.
const MARKED_PATIENCE: Duration = Duration::from_secs(10);

/// The process that starts programs for this worker. Cheap to clone, for any thread and runtime.
/// It ends after the last clone was dropped and the last tree is gone.
#[derive(Clone, Debug)]
pub struct Zygote(Arc<Socket>);

#[derive(Debug)]
struct Socket {
    stream: UnixStream,
    pid: i32,
    mark: Option<Mark>,
}

/// Why there is no zygote.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Forking a process that has threads leaves it with the locks they held.
    #[error("start the zygote before any thread: this process has {0} threads")]
    Threads(usize),
    /// The lock file of the guards cannot be made.
    #[error("open the lock file {}: {source}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// Guards of another worker hold the lock.
    #[error("lock {}: guards of another worker hold it", .0.display())]
    Locked(PathBuf),
    /// Any other error of the operating system.
    #[error("fork the zygote: {0}")]
    Os(#[from] io::Error),
}

impl Zygote {
    /// Forks the zygote. To be called first of all in a worker, while it has one thread.
    ///
    /// The file at `guard_lock_path` (made if need be, 0600) is locked by the zygote and its guards
    /// until all of them are gone, also when this process is killed; see
    /// [`wait_for_guards`](crate::wait_for_guards).
    pub fn start(guard_lock_path: &Path) -> Result<Self, StartError> {
        Self::fork(guard_lock_path, None)
    }

    /// As [`Zygote::start`]; and should this process be killed, the zygote, once every tree is gone, runs
    /// `successor` (a program and its arguments) in its place. A process that ends in order says so
    /// with [`Zygote::farewell`]; one that lived for less than a second has no successor, so that what
    /// kills it at once does not do so for ever.
    pub fn start_with_successor(guard_lock_path: &Path, successor: Vec<OsString>) -> Result<Self, StartError> {
        Self::fork(guard_lock_path, Some(successor))
    }

    fn fork(guard_lock_path: &Path, successor: Option<Vec<OsString>>) -> Result<Self, StartError> {
        match os::thread_count() {
            // Without /proc nobody knows; the caller's word has to do.
            Ok(1) | Err(_) => {}
            Ok(threads) => return Err(StartError::Threads(threads)),
        }
        let lock = open_lock(guard_lock_path)?;
        let mark = Mark::new();
        if let Some(mark) = mark {
            let failed = |source| StartError::LockFile { path: guard_lock_path.to_owned(), source };
            mark.record(&lock).map_err(failed)?;
        }
        // What this process holds is as secret as what it gives to programs.
        oneself::leave_no_core()?;
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        // SAFETY: this process has one thread, as checked above, so the copy has every lock of the
        // standard library and the allocator free and may run any code. `serve` never returns: no
        // destructor and no exit routine of this process runs twice.
        #[expect(unsafe_code, reason = "the zygote is a copy of this process, made while it is small")]
        let forked = unsafe { nix::unistd::fork() }.map_err(io::Error::from)?;
        match forked {
            ForkResult::Child => serve::serve(&theirs, &lock, mark, successor),
            ForkResult::Parent { child } => Ok(Self(Arc::new(Socket { stream: ours, pid: child.as_raw(), mark }))),
        }
    }

    /// Says that this process ends in order, so that nobody is started in its place.
    pub fn farewell(&self) -> io::Result<()> {
        (&self.0.stream).write_all(&[ask::FAREWELL])
    }

    /// Whether the zygote is gone, which it is not before the worker unless it was killed.
    pub fn is_gone(&self) -> bool {
        os::wait_readable([Some(self.0.stream.as_fd())], Some(Duration::ZERO)).is_ok_and(|[is_gone]| is_gone)
    }

    /// Blocks until the zygote is gone, which it is not before the worker unless it was killed. For a thread that has
    /// nothing else to do.
    pub fn until_gone(&self) -> io::Result<()> {
        // It never writes: what can be read is the end.
        while !os::wait_readable([Some(self.0.stream.as_fd())], None)?[0] {}
        Ok(())
    }

    /// The number of the zygote's process.
    pub fn pid(&self) -> u32 {
        self.0.pid.unsigned_abs()
    }

    /// Starts a program under a guard of its own. To be called within a tokio runtime that has I/O;
    /// that runtime follows the child's life. Dropping the future ends what was started.
    pub async fn spawn(&self, request: SpawnRequest) -> Result<Child, SpawnError> {
        let Prepared { program, cwd, encoded, ours, theirs } = request.prepare()?;
        let fail = |error: io::Error| match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPIPE | Errno::ECONNRESET | Errno::ENOTCONN) | None => {
                SpawnError::Lost { program: program.clone() }
            }
            Some(errno) => SpawnError::from_errno(&program, &cwd, errno),
        };
        let (near, far) = UnixStream::pair().map_err(fail)?;
        near.set_nonblocking(true).map_err(fail)?;
        let mut stream = tokio::net::UnixStream::from_std(near).map_err(fail)?;
        let mut descriptors = vec![OwnedFd::from(far)];
        descriptors.extend(theirs);
        self.ask(ask::SPAWN, &descriptors).await.map_err(fail)?;
        // The ends that are open here too would keep pipes and the guard's socket open for ever.
        drop(descriptors);
        // A guard that could not be forked has hung up, but has left a report.
        let written = stream.write_all(&encoded).await;
        let mut guard = 0;
        loop {
            let mut report = [0; Report::SIZE];
            if let Err(error) = stream.read_exact(&mut report).await {
                return Err(fail(written.err().unwrap_or(error)));
            }
            return match Report::decode(report) {
                Some(Report::Guard { number }) => {
                    guard = number;
                    continue;
                }
                Some(Report::Spawned { pid }) => {
                    Ok(Child::new(pid, stream, ours, Keeper { zygote: self.clone(), guard }))
                }
                Some(Report::Failed { errno }) => Err(SpawnError::from_errno(&program, &cwd, Errno::from_raw(errno))),
                _ => Err(SpawnError::Lost { program }),
            };
        }
    }

    async fn ask(&self, what: u8, descriptors: &[OwnedFd]) -> io::Result<()> {
        let raw: Vec<_> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&raw)];
        loop {
            let byte = [what];
            match sendmsg::<()>(self.0.stream.as_raw_fd(), &[IoSlice::new(&byte)], &rights, os::SEND, None) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    // Hundreds of requests wait already. A copy of the descriptor, because another
                    // runtime may be waiting for it too.
                    tokio::net::UnixStream::from_std(self.0.stream.try_clone()?)?.writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Who answers for a tree whose guard is lost.
pub(crate) struct Keeper {
    zygote: Zygote,
    guard: i32,
}

impl Keeper {
    /// Ends what the guard left behind; returns when it is gone. The zygote does so by itself when it
    /// loses a guard; this is how to wait for it.
    pub(crate) async fn sweep(&self) -> io::Result<()> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        let mut answer = tokio::net::UnixStream::from_std(near)?;
        // First, so that the zygote, which reads it at once, need not wait.
        answer.write_all(&self.guard.to_le_bytes()).await?;
        self.zygote.ask(ask::SWEEP, &[far.into()]).await?;
        answer.read_u8().await.map(drop)
    }

    /// The same where there is no zygote any more, by the mark; false if something of the tree is left, or it bears none.
    pub(crate) async fn end_marked(&self) -> bool {
        let Some(tree) = self.zygote.0.mark.map(|mark| mark.of_tree(self.guard)) else { return false };
        let end = move || end_marked(|worn| worn == tree, false, MARKED_PATIENCE);
        tokio::task::spawn_blocking(end).await.unwrap_or(false)
    }
}

/// Opens and locks the guards' file. The lock belongs to the open file, which the zygote and its
/// guards inherit by fork and programs, for it closes on exec, do not.
fn open_lock(path: &Path) -> Result<File, StartError> {
    let error = |source| StartError::LockFile { path: path.to_owned(), source };
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(error(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_forks_no_zygote() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let second = std::thread::spawn(move || stopped.recv());
        let error = Zygote::start(&lock).expect_err("two threads");
        assert!(matches!(error, StartError::Threads(2..)), "{error}");
        assert!(!lock.exists(), "nothing was touched");
        drop(stop);
        let _ = second.join();
    }
}
