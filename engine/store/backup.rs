//! Backups: a folder with the database and the output of its tasks, as it is restored from.

use crate::{
    error::{Error, Result},
    open::{self, Opened},
    os,
    output::{self, How},
    query::Counts,
    transaction::View,
};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// The database in a backup; in a state folder it has the same name.
pub(crate) const DATABASE: &str = "hob.db";

/// Pages between two reports of the progress. 4,096: 16 MB, which take some tens of milliseconds.
const STEP: i32 = 4_096;

/// What a backup has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// How many tasks.
    pub counts: Counts,
    /// Files of output, and folders of artifacts.
    pub outputs: u64,
    /// All of it.
    pub bytes: u64,
}

/// A folder that gets its name when it is whole.
pub(crate) struct Unfinished {
    target: PathBuf,
    pub(crate) folder: PathBuf,
    replace: bool,
}

impl Unfinished {
    /// Begins it beside its place. `replace`: a backup that is there goes when this one is whole.
    pub(crate) fn begin(target: &Path, replace: bool) -> Result<Self> {
        let target = std::path::absolute(target).map_err(|error| Error::folder(target, &error))?;
        let name = target.file_name().ok_or_else(|| Error::Unlike { path: target.clone() })?.to_owned();
        if fs::symlink_metadata(&target).is_ok() {
            if !replace {
                return Err(Error::Exists { path: target });
            }
            if !target.join(DATABASE).is_file() {
                return Err(Error::Unlike { path: target });
            }
        }
        let mut partial = name;
        partial.push(".part");
        let folder = target.with_file_name(partial);
        let failed = |error: io::Error| Error::folder(&folder, &error);
        // Of a backup that died; whoever makes the same one at the same time fails in what follows.
        remove(&folder).map_err(failed)?;
        os::make_folder(&folder).map_err(failed)?;
        Ok(Self { target, folder, replace })
    }

    /// Syncs all of it and gives it its name.
    pub(crate) fn finish(self) -> Result<()> {
        let Self { target, folder, replace } = self;
        let failed = |error: io::Error| Error::folder(&target, &error);
        os::sync_tree(&folder).map_err(failed)?;
        let replaced = folder.with_extension("replaced");
        if replace && target.exists() {
            remove(&replaced).map_err(failed)?;
            fs::rename(&target, &replaced).map_err(failed)?;
        } else if fs::symlink_metadata(&target).is_ok() {
            return Err(Error::Exists { path: target });
        }
        fs::rename(&folder, &target).map_err(failed)?;
        if let Some(parent) = target.parent() {
            os::sync_folder(parent).map_err(failed)?;
        }
        remove(&replaced).map_err(failed)
    }

    /// Removes what there is of it.
    pub(crate) fn drop_it(&self) {
        if let Err(error) = remove(&self.folder) {
            tracing::warn!(path = %self.folder.display(), %error, "what was begun could not be removed");
        }
    }
}

/// Removes a folder with all that is in it, if it is there.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn back_up(opened: &Opened, target: &Path, replace: bool, progress: impl FnMut(f64)) -> Result<BackedUp> {
    let unfinished = Unfinished::begin(target, replace)?;
    match fill(opened, &unfinished.folder, progress) {
        Ok(backed_up) => unfinished.finish().map(|()| backed_up),
        Err(error) => {
            unfinished.drop_it();
            Err(error)
        }
    }
}

fn fill(opened: &Opened, folder: &Path, mut progress: impl FnMut(f64)) -> Result<BackedUp> {
    let path = folder.join(DATABASE);
    let mut copy = new_database(&path)?;
    copy_database(&opened.database, &mut copy, &mut progress)?;
    let found = View::new(&copy).check()?;
    if !found.is_empty() {
        return Err(Error::Corrupt { detail: found.join("; ") });
    }
    let counts = View::new(&copy).counts()?;
    let outputs = output::carry(&copy, &opened.files.folder, folder, How::Copied)?;
    close(copy)?;
    let bytes = fs::metadata(&path).map_or(0, |data| data.len()) + outputs.bytes;
    Ok(BackedUp { counts, outputs: outputs.count, bytes })
}

/// An empty file for a database, for this user alone.
pub(crate) fn new_database(path: &Path) -> Result<Connection> {
    let failed = |error: io::Error| Error::folder(path, &error);
    let file = os::private().create(true).truncate(true).write(true).open(path).map_err(failed)?;
    os::protect(&file).map_err(failed)?;
    drop(file);
    let database = open::connect(path)?;
    // Nobody else knows this file, and it is synced as a whole before it gets its name.
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    Ok(database)
}

/// Closes a database that is to be moved: with everything in its one file.
pub(crate) fn close(database: Connection) -> Result<()> {
    // The last one to close it moves its log into it.
    database.execute_batch("PRAGMA journal_mode = WAL;")?;
    Ok(database.close().map_err(|(_, error)| error)?)
}

/// Copies what was committed when it begins, whoever writes meanwhile.
pub(crate) fn copy_database(database: &Connection, copy: &mut Connection, mut progress: impl FnMut(f64)) -> Result<()> {
    // All steps read of one moment, or each commit of somebody else would make the copy begin again.
    let moment = database.unchecked_transaction()?;
    moment.query_row("PRAGMA user_version", [], |_| Ok(()))?;
    let backup = Backup::new(database, copy)?;
    loop {
        match backup.step(STEP)? {
            StepResult::Done => break,
            StepResult::More => {
                let left = backup.progress();
                progress(1.0 - f64::from(left.remaining) / f64::from(left.pagecount.max(1)));
            }
            _ => return Err(Error::Busy),
        }
    }
    drop(backup);
    Ok(moment.finish()?)
}

/// Copies a database to `target`, whole or not at all, and synced.
pub(crate) fn copy_to(database: &Connection, target: &Path) -> Result<()> {
    let partial = target.with_extension("part");
    let mut copy = new_database(&partial)?;
    copy_database(database, &mut copy, |_| {})?;
    copy.close().map_err(|(_, error)| error)?;
    let failed = |error: io::Error| Error::folder(&partial, &error);
    File::open(&partial).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&partial, target).map_err(failed)?;
    if let Some(folder) = target.parent() {
        os::sync_folder(folder).map_err(failed)?;
    }
    Ok(())
}
