//! Elsewhere the user's own profile folder keeps others out, and paths are stored as UTF-8.

use crate::error::{Error, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Tells whether a path still leads to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    created: Option<SystemTime>,
}

pub(crate) fn identity(path: &Path) -> io::Result<FileIdentity> {
    fs::metadata(path).map(|data| FileIdentity { created: data.created().ok() })
}

pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub(crate) fn check_owner(path: &Path) -> Result<()> {
    let data = fs::metadata(path).map_err(|error| Error::folder(path, &error))?;
    if data.is_dir() { Ok(()) } else { Err(Error::Folder { path: path.into(), reason: "it is no folder".into() }) }
}

pub(crate) fn private() -> OpenOptions {
    OpenOptions::new()
}

#[expect(clippy::unnecessary_wraps, reason = "the same signature as where there is something to do")]
pub(crate) fn protect(_file: &File) -> io::Result<()> {
    Ok(())
}

/// A folder cannot be synced there; the file system's own journal has to do.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as where there is something to do")]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn sync_ancestors(path: &Path) -> io::Result<()> {
    sync_folder(path)
}

/// There is no such limit.
pub(crate) fn file_size_limit() -> Option<u64> {
    None
}

pub(crate) fn check_readable(path: &Path) -> io::Result<()> {
    fs::metadata(path).map(drop)
}

pub(crate) fn is_writable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| !data.permissions().readonly())
}

pub(crate) fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        if entry.is_dir() {
            sync_tree(&entry)?;
        } else {
            OpenOptions::new().write(true).open(entry)?.sync_all()?;
        }
    }
    Ok(())
}

pub(crate) fn write_first(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)
}

pub(crate) fn path_to(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

pub(crate) fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
