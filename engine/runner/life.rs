//! The proof that a worker lives: an exclusive lock on a file of its own.
//!
//! The kernel drops the lock when the process dies, however it dies. Pids and clocks were rejected:
//! a pid is used again, and a clock jumps.

use crate::os::private;
pub use crate::os::private_folder;
use hob_core::WorkerId;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
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
    /// Takes the lock of a new worker. Has to happen before its first claim.
    pub fn begin(state: &Path, worker: &WorkerId) -> io::Result<Self> {
        let path = lock_path(state, worker);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        let lock = private().create(true).truncate(false).write(true).open(&path)?;
        lock.try_lock().map_err(io::Error::from)?;
        Ok(Self { path, _lock: lock })
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // A file that stays behind is only clutter: whoever finds it unlocked removes it.
        let _ = fs::remove_file(&self.path);
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
    /// Removes the dead worker's file.
    pub fn finish(self) {
        let _ = fs::remove_file(&self.path);
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
        let life = Life::begin(state.path(), &worker).expect("a lock");
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
}
