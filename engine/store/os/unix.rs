use crate::error::{Error, Result};
use nix::{
    sys::resource::{RLIM_INFINITY, Resource, getrlimit},
    unistd::{AccessFlags, eaccess, geteuid},
};
use std::{
    ffi::OsStr,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

/// Tells whether a path still leads to the same file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
}

pub(crate) fn identity(path: &Path) -> io::Result<FileIdentity> {
    fs::metadata(path).map(|data| FileIdentity { device: data.dev(), inode: data.ino() })
}

/// Makes a folder, and those above it, for this user alone.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Refuses a folder of somebody else; closes one of ours that others could enter.
pub(crate) fn check_owner(path: &Path) -> Result<()> {
    let data = fs::metadata(path).map_err(|error| Error::folder(path, &error))?;
    if !data.is_dir() {
        return Err(Error::Folder { path: path.into(), reason: "it is no folder".into() });
    }
    let user = geteuid().as_raw();
    if data.uid() != user {
        return Err(Error::ForeignFolder { path: path.into(), owner: data.uid(), user });
    }
    if data.mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could enter the state folder; closing it");
        match fs::set_permissions(path, Permissions::from_mode(0o700)) {
            // It can still be read.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {}
            changed => changed.map_err(|error| Error::folder(path, &error))?,
        }
    }
    Ok(())
}

/// Says why this user cannot read a file, if that is so.
pub(crate) fn check_readable(path: &Path) -> io::Result<()> {
    eaccess(path, AccessFlags::R_OK).map_err(io::Error::from)
}

/// Whether this user can write there; not, if there is nothing.
pub(crate) fn is_writable(path: &Path) -> bool {
    eaccess(path, AccessFlags::W_OK).is_ok()
}

/// Options under which a new file is for this user alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Takes from a file just made what an odd umask may have done to its mode.
pub(crate) fn protect(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// The limit on the size of files of this process, if there is one.
pub(crate) fn file_size_limit() -> Option<u64> {
    let (soft, _) = getrlimit(Resource::RLIMIT_FSIZE).ok()?;
    (soft != RLIM_INFINITY).then_some(soft)
}

/// Makes the names in a folder and in those above it survive a power cut, as far as they are this user's.
pub(crate) fn sync_ancestors(path: &Path) -> io::Result<()> {
    let user = geteuid().as_raw();
    let is_own = |folder: &&Path| fs::metadata(folder).is_ok_and(|data| data.uid() == user);
    path.ancestors().take_while(is_own).try_for_each(sync_folder)
}

/// Makes the names in a folder survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a folder with all that is in it survive a power cut: in one go, for each file by itself waits for the disk, and
/// there are thousands. An error is reported since Linux 5.8.
#[cfg(target_os = "linux")]
pub(crate) fn sync_tree(path: &Path) -> io::Result<()> {
    Ok(nix::unistd::syncfs(File::open(path)?)?)
}

/// Makes a folder with all that is in it survive a power cut.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?.path();
        if entry.is_dir() {
            sync_tree(&entry)?;
        } else {
            File::open(entry)?.sync_all()?;
        }
    }
    sync_folder(path)
}

/// Writes at the beginning of a file, wherever its cursor is.
pub(crate) fn write_first(file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, 0)
}

pub(crate) fn path_to(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

pub(crate) fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
