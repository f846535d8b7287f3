//! The proof that a worker lives: an exclusive lock on a file of its own.
//!
//! The kernel drops the lock when the process dies, however it dies. Pids and clocks were rejected:
//! a pid is used again, and a clock jumps.
//!
//! A process that is frozen keeps its lock. So the file also says which process it is, and whoever waits for
//! its tasks may ask it to show itself: it makes a file beside the lock and rings the bell, and the worker removes
//! that one and makes its own longer. Nobody has to wake up to show anything unless somebody asks.

use crate::os::private;
pub use crate::os::private_folder;
use hob_core::WorkerId;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

const GUARDS: &str = "guards";
const WORKERS: &str = "workers";

/// Held by a worker for as long as it may run tasks.
pub struct Life {
    path: PathBuf,
    _lock: File,
}

impl Life {
    /// Takes the lock of a new worker, the process of that identity. Has to happen before its first claim.
    pub fn begin(state: &Path, worker: &WorkerId, identity: &str) -> io::Result<Self> {
        let path = lock_path(state, worker);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        let mut lock = private().create(true).truncate(false).write(true).open(&path)?;
        lock.try_lock().map_err(io::Error::from)?;
        lock.set_len(0)?;
        writeln!(lock, "{identity}")?;
        Ok(Self { path, _lock: lock })
    }

    /// What answers those who ask whether this worker is frozen.
    pub(crate) fn answers(&self) -> Answers {
        Answers { lock: self.path.clone(), asked: asked_path(&self.path) }
    }
}

/// Answers those who ask whether a worker is frozen.
pub(crate) struct Answers {
    lock: PathBuf,
    asked: PathBuf,
}

impl Answers {
    /// Shows itself if somebody asked for it since the last time; true if so.
    pub(crate) fn give(&self) -> bool {
        // A longer file needs no room on a disk that is full.
        let answer = || {
            let lock = OpenOptions::new().write(true).open(&self.lock)?;
            lock.set_len(lock.metadata()?.len() + 1)
        };
        fs::remove_file(&self.asked).is_ok() && answer().is_ok()
    }
}

/// A worker that was asked to show itself, and what its file was like then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    lock: PathBuf,
    identity: String,
    length: u64,
}

/// Asks a worker to show itself; the bell is to be rung after that. None where it is an old one that does not
/// know the question.
pub(crate) fn ask(state: &Path, worker: &WorkerId) -> io::Result<Option<Asked>> {
    let lock = lock_path(state, worker);
    let text = fs::read_to_string(&lock)?;
    let Some((identity, _)) = text.split_once('\n') else { return Ok(None) };
    private().create(true).truncate(false).write(true).open(asked_path(&lock))?;
    Ok(Some(Asked { identity: identity.to_owned(), length: text.len() as u64, lock }))
}

impl Asked {
    /// Whether the worker has shown itself, or is gone.
    pub(crate) fn is_answered(&self) -> bool {
        fs::metadata(&self.lock).map_or(true, |now| now.len() != self.length)
    }

    /// The process that it is.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }
}

fn asked_path(lock: &Path) -> PathBuf {
    lock.with_extension("asked")
}

impl Drop for Life {
    fn drop(&mut self) {
        // A file that stays behind is only clutter: whoever finds it unlocked removes it.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(asked_path(&self.path));
    }
}

/// What a look at a worker's lock shows.
pub enum Pulse {
    /// It lives.
    Alive,
    /// It is dead, and whoever holds this is the one who rescues its tasks.
    Dead(Rescue),
}

/// The right to rescue a dead worker's tasks: its lock, or the knowledge that it has no file.
pub struct Rescue {
    path: PathBuf,
    _lock: Option<File>,
}

impl Rescue {
    /// Removes the dead worker's files.
    pub fn finish(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(asked_path(&self.path));
    }
}

/// Looks whether `worker` lives.
pub fn pulse(state: &Path, worker: &WorkerId) -> io::Result<Pulse> {
    let path = lock_path(state, worker);
    let lock = match OpenOptions::new().write(true).open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Pulse::Dead(Rescue { path, _lock: None }));
        }
        Err(error) => return Err(error),
    };
    match lock.try_lock() {
        Ok(()) => Ok(Pulse::Dead(Rescue { path, _lock: Some(lock) })),
        Err(TryLockError::WouldBlock) => Ok(Pulse::Alive),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Looks whether `worker` is dead, without taking the right to rescue its tasks.
pub fn is_dead(state: &Path, worker: &WorkerId) -> io::Result<bool> {
    let lock = match File::open(lock_path(state, worker)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Blocks until `worker` is dead. For a thread that has nothing else to do.
pub fn until_dead(state: &Path, worker: &WorkerId) -> io::Result<()> {
    match File::open(lock_path(state, worker)) {
        Ok(lock) => lock.lock_shared(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The file that the guards of a worker's native programs hold locked until their trees are gone.
pub fn guards_path(state: &Path, worker: &WorkerId) -> PathBuf {
    state.join(GUARDS).join(format!("{worker}.lock"))
}

fn lock_path(state: &Path, worker: &WorkerId) -> PathBuf {
    state.join(WORKERS).join(format!("{worker}.lock"))
}

/// The folders that hold such files and nothing else.
pub(crate) fn lock_folders(state: &Path) -> [PathBuf; 2] {
    [GUARDS, WORKERS].map(|name| state.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_alive_while_its_lock_is_held() {
        let state = tempfile::tempdir().expect("a folder");
        let worker: WorkerId = "w-1".parse().expect("an id");
        let life = Life::begin(state.path(), &worker, "1 2 boot").expect("a lock");
        assert!(matches!(pulse(state.path(), &worker), Ok(Pulse::Alive)));
        drop(life);
        assert!(matches!(pulse(state.path(), &worker), Ok(Pulse::Dead(_))));
        until_dead(state.path(), &worker).expect("dead already");
    }

    #[test]
    fn one_of_two_rescuers_has_the_right() {
        let state = tempfile::tempdir().expect("a folder");
        let worker: WorkerId = "w-1".parse().expect("an id");
        let path = lock_path(state.path(), &worker);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        File::create(&path).expect("left behind by a dead worker");
        let Ok(Pulse::Dead(rescue)) = pulse(state.path(), &worker) else { panic!("dead") };
        assert!(matches!(pulse(state.path(), &worker), Ok(Pulse::Alive)), "the right is taken");
        rescue.finish();
        assert!(!path.exists());
    }

    #[test]
    fn a_worker_that_is_asked_shows_itself_once() {
        let state = tempfile::tempdir().expect("a folder");
        let worker: WorkerId = "w-1".parse().expect("an id");
        let life = Life::begin(state.path(), &worker, "1 2 boot").expect("a lock");
        assert!(!life.answers().give(), "nobody asked");
        let asked = ask(state.path(), &worker).expect("asked").expect("it knows the question");
        assert_eq!(asked.identity(), "1 2 boot");
        assert!(!asked.is_answered());
        assert!(life.answers().give() && asked.is_answered());
        let again = ask(state.path(), &worker).expect("asked").expect("it knows the question");
        assert!(asked.is_answered() && !again.is_answered(), "an answer is to those who asked before it");
        drop(life);
        assert!(again.is_answered(), "one that is gone is not frozen");
        assert_eq!(fs::read_dir(state.path().join(WORKERS)).expect("a folder").count(), 0);
    }
}
