//! What dead workers left behind, for a person who looks after it without a worker of their own.

use crate::life::{self, Pulse};
use hob_core::{ExecutorName, Timestamp, WorkerId};
use hob_store::{Lost, Store, Worker};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// A lock file that is younger may belong to a worker that is only just signing on. A minute: that takes
/// milliseconds.
const SIGNED_ON: Duration = Duration::from_mins(1);

/// Workers that signed on, did not sign off, and are dead. Looks only.
pub fn dead_workers(state: &Path, store: &Store) -> Result<Vec<Worker>, hob_store::Error> {
    let mut workers = store.workers()?;
    workers.retain(|worker| life::is_dead(state, &worker.id).unwrap_or(false));
    Ok(workers)
}

/// Workers that live, and what looks after the programs of others, by the names of their locks.
pub fn at_work(state: &Path) -> Vec<String> {
    let files = life::lock_folders(state).into_iter().flat_map(|folder| lock_files(&folder));
    let held = files.filter(|path| path.exists() && free(path).is_none());
    let mut names: Vec<String> =
        held.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    names.dedup();
    names
}

/// Why a dead worker's tasks could not be rescued.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It lives, or another process rescues them just now.
    #[error("{0} lives, or somebody looks after what it left at this moment")]
    Alive(WorkerId),
    /// Its lock cannot be looked at.
    #[error("look at the lock of {worker}: {source}")]
    Lock {
        /// Who.
        worker: WorkerId,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Programs that it had started still run.
    #[error("programs that {0} had started have not ended")]
    TreesRemain(WorkerId),
    /// The store.
    #[error(transparent)]
    Store(#[from] hob_store::Error),
}

/// Does for a dead worker what another worker would do: waits for the end of what it had started, ends its
/// attempts, and signs it off. A task that is repeatable goes back to the queue, any other failed.
pub fn rescue(
    state: &Path,
    store: &mut Store,
    worker: &WorkerId,
    repeatable: impl Fn(&ExecutorName) -> bool,
    trees_gone: impl Fn(&Path) -> bool,
    now: Timestamp,
) -> Result<Vec<Lost>, Error> {
    let right = match life::pulse(state, worker) {
        Ok(Pulse::Dead(right)) => right,
        Ok(Pulse::Alive) => return Err(Error::Alive(worker.clone())),
        Err(source) => return Err(Error::Lock { worker: worker.clone(), source }),
    };
    let guards = life::guards_path(state, worker);
    if !trees_gone(&guards) {
        return Err(Error::TreesRemain(worker.clone()));
    }
    let lost = store.lose(worker, repeatable, now)?;
    let _ = fs::remove_file(guards);
    right.finish();
    Ok(lost)
}

/// Lock files of nobody: of no worker that signed on, and not locked. Looks only.
pub fn stray_locks(state: &Path, store: &Store) -> Result<Vec<PathBuf>, hob_store::Error> {
    let files = life::lock_folders(state).into_iter().flat_map(|folder| lock_files(&folder));
    let mut files: Vec<PathBuf> = files.filter(|path| is_settled(path) && free(path).is_some()).collect();
    // After the files, so that the worker of a file that was seen has signed on by now, or is gone.
    let workers = store.workers()?;
    files.retain(|path| {
        let name = path.file_stem().unwrap_or_default();
        !workers.iter().any(|worker| *worker.id.as_str() == *name)
    });
    files.sort();
    Ok(files)
}

/// Removes a lock file of nobody; false if somebody has it after all.
pub fn remove_stray_lock(path: &Path) -> io::Result<bool> {
    // Held while the file goes, so that nobody takes a lock that nobody else would see.
    let Some(_lock) = free(path).filter(|_| is_settled(path)) else { return Ok(false) };
    fs::remove_file(path).map(|()| true)
}

fn lock_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "lock")).collect()
}

fn is_settled(path: &Path) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > SIGNED_ON))
}

/// The file with its lock, if nobody has that.
fn free(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => Some(file),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old_lock(state: &Path, folder: &str, name: &str) -> PathBuf {
        let path = state.join(folder).join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let file = File::create(&path).expect("made");
        file.set_modified(SystemTime::now() - 2 * SIGNED_ON).expect("set");
        path
    }

    #[test]
    fn only_a_lock_that_is_old_and_free_and_nobodys_is_stray() {
        let state = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(state.path()).expect("a store");
        let signed_on: WorkerId = "w-2".parse().expect("an id");
        store.register_worker(&signed_on, hob_store::WorkerKind::Lazy, Timestamp(1)).expect("signed on");
        let stray = [old_lock(state.path(), "guards", "w-1.lock"), old_lock(state.path(), "workers", "w-1.lock")];
        old_lock(state.path(), "workers", "w-2.lock");
        let held = old_lock(state.path(), "workers", "w-3.lock");
        let lock = File::open(&held).expect("opened");
        lock.lock().expect("locked");
        File::create(state.path().join("workers/w-4.lock")).expect("made just now");

        assert_eq!(stray_locks(state.path(), &store).expect("looked"), stray);
        assert!(!remove_stray_lock(&held).expect("looked") && held.exists());
        for path in stray {
            assert!(remove_stray_lock(&path).expect("removed") && !path.exists());
        }
    }

    #[test]
    fn a_dead_worker_is_signed_off_and_a_living_one_is_left_alone() {
        let state = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(state.path()).expect("a store");
        let ids: [WorkerId; 2] = ["alive", "dead"].map(|id| id.parse().expect("an id"));
        for id in &ids {
            store.register_worker(id, hob_store::WorkerKind::Lazy, Timestamp(1)).expect("signed on");
        }
        let life = life::Life::begin(state.path(), &ids[0], "").expect("a lock");
        let dead = dead_workers(state.path(), &store).expect("looked");
        assert_eq!(dead.iter().map(|worker| &worker.id).collect::<Vec<_>>(), [&ids[1]]);

        let rescued = rescue(state.path(), &mut store, &ids[0], |_| false, |_| true, Timestamp(2));
        assert!(matches!(rescued, Err(Error::Alive(_))));
        let rescued = rescue(state.path(), &mut store, &ids[1], |_| false, |_| false, Timestamp(2));
        assert!(matches!(rescued, Err(Error::TreesRemain(_))));
        let rescued = rescue(state.path(), &mut store, &ids[1], |_| false, |_| true, Timestamp(2));
        assert!(rescued.expect("rescued").is_empty());
        assert!(dead_workers(state.path(), &store).expect("looked").is_empty());
        drop(life);
    }
}
