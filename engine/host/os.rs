//! What differs between operating systems.

use std::{fs::Metadata, path::Path, time::Duration};

/// Computing time of the calling thread so far, where the system tells.
#[cfg(unix)]
pub(crate) fn thread_time() -> Option<Duration> {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok().map(Duration::from)
}

#[cfg(not(unix))]
pub(crate) fn thread_time() -> Option<Duration> {
    None
}

/// Whether the file or folder belongs to this user and nobody else may change it.
#[cfg(unix)]
pub(crate) fn is_ours_alone(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == nix::unistd::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

/// Elsewhere the cache lies in the user's own profile, which others cannot write to.
#[cfg(not(unix))]
pub(crate) fn is_ours_alone(_: &Metadata) -> bool {
    true
}

/// Makes `folder`, for this user only.
pub(crate) fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        builder.mode(0o700).create(folder)?;
        // One that was there already, perhaps with more.
        let metadata = std::fs::symlink_metadata(folder)?;
        if metadata.is_dir() && is_ours_alone_but_for_mode(&metadata) && metadata.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(folder)
}

#[cfg(unix)]
fn is_ours_alone_but_for_mode(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == nix::unistd::geteuid().as_raw()
}

/// Makes the names in a folder survive a power cut.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// A folder cannot be synced there; the file system's own journal has to do.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// What tells one state of a file from another without reading it: size, time of the last change
/// in nanoseconds, and the file's number.
pub(crate) fn fingerprint(metadata: &Metadata) -> [u64; 3] {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let nanoseconds = modified.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let number = 0;
    [metadata.len(), nanoseconds, number]
}
