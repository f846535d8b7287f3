//! Output and artifacts that go where their tasks go.

use super::{ARTIFACTS, FOLDER, parse};
use crate::{
    error::{Error, Result},
    os,
};
use hob_core::AttemptNumber;
use rusqlite::{Connection, OptionalExtension as _};
use std::{fs, io, path::Path};

/// How files get to their new place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// As files of their own.
    Copied,
    /// As other names of the same files, where the file system can: for what nobody writes to any more.
    Linked,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Files of output, and folders of artifacts.
    pub(crate) count: u64,
    /// All of it.
    pub(crate) bytes: u64,
}

const LAST_ATTEMPT: &str = "SELECT attempt FROM tasks WHERE seq = ?1";

/// Brings what belongs to the tasks of `database` from one folder to another. What is pruned meanwhile does not come.
pub(crate) fn carry(database: &Connection, from: &Path, to: &Path, how: How) -> Result<Carried> {
    let mut carried = Carried::default();
    let mut last = database.prepare(LAST_ATTEMPT)?;
    for name in [FOLDER, ARTIFACTS] {
        let source = from.join(name);
        let entries = match fs::read_dir(&source) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::folder(source, &error)),
        };
        let target = to.join(name);
        os::make_folder(&target).map_err(|error| Error::folder(&target, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Error::folder(&source, &error))?;
            let Some((sequence, AttemptNumber(attempt))) = entry.file_name().to_str().and_then(parse) else { continue };
            // An attempt that began after the database was copied is none of its own.
            let known: Option<u32> = last.query_row([sequence], |row| row.get(0)).optional()?;
            if known.is_none_or(|known| attempt > known) {
                continue;
            }
            match bring(&entry.path(), &target.join(entry.file_name()), how) {
                Ok(bytes) => carried = Carried { count: carried.count + 1, bytes: carried.bytes + bytes },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::folder(entry.path(), &error)),
            }
        }
    }
    Ok(carried)
}

/// One file, or a folder with what is in it; the bytes that went.
fn bring(from: &Path, to: &Path, how: How) -> io::Result<u64> {
    let data = fs::symlink_metadata(from)?;
    if data.is_dir() {
        os::make_folder(to)?;
        let mut bytes = 0;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            bytes += bring(&entry.path(), &to.join(entry.file_name()), how)?;
        }
        return Ok(bytes);
    }
    if !data.is_file() {
        return Ok(0);
    }
    if how == How::Linked && fs::hard_link(from, to).is_ok() {
        return Ok(data.len());
    }
    let mut source = fs::File::open(from)?;
    let mut target = os::private().create(true).truncate(true).write(true).open(to)?;
    os::protect(&target)?;
    io::copy(&mut source, &mut target)
}
