//! Writing the files: under a lock, so that an older view never replaces a newer one, and each by renaming.

use super::content::{self, LONGEST, MOST};
use hob_runner::life::private_folder;
use hob_store::{EndStamp, Glance, Store};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// In the state folder: who writes, and below the lock why the last attempt failed.
const LOCK: &str = "state-files.lock";
const ACTIVE: &str = "active.json";
const COMPLETED: &str = "completed.json";
const FAILED: &str = "failed.json";

/// The folder, and what was written into it.
pub struct Folder {
    path: PathBuf,
    lock: PathBuf,
    /// Of the tasks in the last two files.
    stamp: Option<EndStamp>,
    active: Written,
    completed: Written,
    failed: Written,
}

/// Those that completed, those that did not, and the stamp of both.
type Ends = (EndStamp, Vec<Glance>, Vec<Glance>);

/// What a file was when it was written.
#[derive(Default)]
struct Written {
    text: Option<String>,
    seen: Option<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    file: u64,
    len: u64,
    changed: (i64, i64),
}

impl Seen {
    fn of(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        Some(Self { file: found.ino(), len: found.len(), changed: (found.mtime(), found.mtime_nsec()) })
    }
}

impl Folder {
    pub fn new(state: &Path, path: PathBuf) -> Self {
        let lock = state.join(LOCK);
        let [active, completed, failed] = <[Written; 3]>::default();
        Self { path, lock, stamp: None, active, completed, failed }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is not as it has to be. The error is in words, and is remembered for `hob doctor`.
    pub fn update(&mut self, store: &Store) -> Result<(), String> {
        let mut lock = open(&self.lock)
            .and_then(|lock| lock.lock().map(|()| lock))
            .map_err(|error| format!("{}: {error}", self.lock.display()))?;
        let done = self.write(store);
        // Only a change is written: this happens with every update.
        let reason = done.as_ref().err().map(String::as_str).unwrap_or_default();
        let mut before = String::new();
        if lock.read_to_string(&mut before).is_err() || before != reason {
            let note = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| lock.write_all(reason.as_bytes()));
            if let Err(error) = note {
                tracing::debug!(%error, "how the state files are is not noted");
            }
        }
        done
    }

    fn write(&mut self, store: &Store) -> Result<(), String> {
        let at = |name: &str| self.path.join(name);
        let is_as_written = |written: &Written, name| written.seen.is_some() && Seen::of(&at(name)) == written.seen;
        let are_ends_there = is_as_written(&self.completed, COMPLETED) && is_as_written(&self.failed, FAILED);
        let known = self.stamp.filter(|_| are_ends_there);
        let (active, ends): (_, Option<Ends>) = store
            .view(|view| {
                let stamp = view.end_stamp()?;
                let ends = if Some(stamp) == known {
                    None
                } else {
                    Some((stamp, view.glance_at_completed(MOST, LONGEST)?, view.glance_at_failed(MOST, LONGEST)?))
                };
                Ok((view.glance_at_running(MOST, LONGEST)?, ends))
            })
            .map_err(|error| format!("cannot {error}"))?;
        private_folder(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.active.replace(&self.path, ACTIVE, content::text(&active))?;
        if let Some((stamp, completed, failed)) = ends {
            self.completed.replace(&self.path, COMPLETED, content::text(&completed))?;
            self.failed.replace(&self.path, FAILED, content::text(&failed))?;
            self.stamp = Some(stamp);
        }
        Ok(())
    }
}

impl Written {
    fn replace(&mut self, folder: &Path, name: &str, text: String) -> Result<(), String> {
        let path = folder.join(name);
        if self.text.as_ref() == Some(&text) && self.seen.is_some() && Seen::of(&path) == self.seen {
            return Ok(());
        }
        *self = Self::default();
        replace(&path, text.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))?;
        *self = Self { seen: Seen::of(&path), text: Some(text) };
        Ok(())
    }
}

/// Writes beside and renames. The other name is always the same, so that nothing of a writer that was killed
/// stays for long; whoever writes holds the lock.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("json.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Made anew, so that no link is followed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)
}

/// Why the files were not written the last time, if they were not.
pub fn trouble(state: &Path) -> Option<String> {
    fs::read_to_string(state.join(LOCK)).ok().filter(|reason| !reason.is_empty())
}

/// Why nothing can be written into that folder, as far as a look at it tells.
pub fn look(folder: &Path) -> Result<(), String> {
    let nearest = folder.ancestors().find_map(|path| Some((path, path.metadata().ok()?)));
    match nearest {
        Some((path, found)) if !found.is_dir() => Err(format!("{} is no folder", path.display())),
        Some((path, found)) if found.permissions().readonly() => Err(format!("{} is read-only", path.display())),
        _ => Ok(()),
    }
}
