//! Opening files by WASI: with the rules of `wasmtime-wasi`, but without ever waiting.
//!
//! Opening a named pipe waits for its other end, and a device waits for whatever it likes. The slot's thread would be
//! in the kernel meanwhile, and nobody would see to clocks and cancellation. So these two functions take the place of
//! those of `wasmtime-wasi`, and what is neither a file nor a folder is not opened.

use crate::guest::Guest;
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsMaybeDirExt as _};
use cap_std::fs::OpenOptions;
use std::{
    fs, io,
    time::{Duration, SystemTime},
};
use wasmtime::{
    Result, StoreContextMut,
    component::{Linker, Resource},
};
use wasmtime_wasi::{
    OpenMode,
    filesystem::{Descriptor, Dir, File},
    p2::bindings::filesystem::types::{DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags},
};

/// The interface as `wasmtime-wasi` has it.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

type Answer<T> = std::result::Result<T, ErrorCode>;
type OpenAt = (Resource<Descriptor>, PathFlags, String, OpenFlags, DescriptorFlags);
type SetTimesAt = (Resource<Descriptor>, PathFlags, String, NewTimestamp, NewTimestamp);

/// Takes the place of what would wait.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[method]descriptor.open-at", |mut store: StoreContextMut<'_, Guest>, call: OpenAt| {
        let (parent, path_flags, path, open, flags) = call;
        let guest = store.data_mut();
        let opened = match guest.table.get(&parent)? {
            Descriptor::Dir(dir) => open_at(dir, follow(path_flags), &path, open, flags),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory),
        };
        Ok((match opened {
            Ok(descriptor) => Answer::Ok(guest.table.push(descriptor)?),
            Err(code) => Err(code),
        },))
    })?;
    types.func_wrap("[method]descriptor.set-times-at", |store: StoreContextMut<'_, Guest>, call: SetTimesAt| {
        let (parent, path_flags, path, accessed, modified) = call;
        Ok((match store.data().table.get(&parent)? {
            Descriptor::Dir(dir) => set_times_at(dir, follow(path_flags), &path, accessed, modified),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory),
        },))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn follow(flags: PathFlags) -> FollowSymlinks {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) { FollowSymlinks::Yes } else { FollowSymlinks::No }
}

fn open_at(
    dir: &Dir,
    follow: FollowSymlinks,
    path: &str,
    open: OpenFlags,
    flags: DescriptorFlags,
) -> Answer<Descriptor> {
    let creates = open.contains(OpenFlags::CREATE);
    let truncates = open.contains(OpenFlags::TRUNCATE);
    let writes = creates || truncates || flags.contains(DescriptorFlags::WRITE);
    // What is not opened for writing is opened for reading, whatever was asked.
    let reads = flags.contains(DescriptorFlags::READ) || !flags.contains(DescriptorFlags::WRITE);
    let synced = DescriptorFlags::FILE_INTEGRITY_SYNC
        | DescriptorFlags::DATA_INTEGRITY_SYNC
        | DescriptorFlags::REQUESTED_WRITE_SYNC;
    if flags.intersects(synced) {
        return Err(ErrorCode::Unsupported);
    }
    let wants_folder = open.contains(OpenFlags::DIRECTORY);
    if wants_folder && open.intersects(OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE) {
        return Err(ErrorCode::Invalid);
    }
    if writes && dir.perms.write_not_permitted() {
        return Err(ErrorCode::NotPermitted);
    }
    let mut options = OpenOptions::new();
    options.read(reads).write(writes).truncate(truncates).maybe_dir(true).follow(follow);
    if creates && open.contains(OpenFlags::EXCLUSIVE) {
        options.create_new(true);
    } else {
        options.create(creates);
    }
    let file = at_once(dir, path, options)?;
    let mut mode = OpenMode::empty();
    mode.set(OpenMode::READ, reads);
    mode.set(OpenMode::WRITE, writes);
    if file.metadata()?.is_dir() {
        Ok(Descriptor::Dir(Dir::new(file, dir.perms, mode, true)))
    } else if wants_folder {
        Err(ErrorCode::NotDirectory)
    } else {
        Ok(Descriptor::File(File::new(file, dir.perms, mode, true)))
    }
}

/// Sets the times of what is at the path: of a link itself, unless it is to be followed.
fn set_times_at(
    dir: &Dir,
    follow: FollowSymlinks,
    path: &str,
    accessed: NewTimestamp,
    modified: NewTimestamp,
) -> Answer<()> {
    use cap_fs_ext::{DirExt as _, SystemTimeSpec};
    if dir.perms.write_not_permitted() {
        return Err(ErrorCode::NotPermitted);
    }
    let (accessed, modified) = (moment(accessed)?, moment(modified)?);
    if matches!(follow, FollowSymlinks::No) {
        let of = |time: Option<SystemTime>| {
            time.map(|time| SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time)))
        };
        return Ok(parent(dir)?.set_symlink_times(path, of(accessed), of(modified))?);
    }
    let mut times = fs::FileTimes::new();
    times = accessed.map_or(times, |time| times.set_accessed(time));
    times = modified.map_or(times, |time| times.set_modified(time));
    let with = |write: bool| {
        let mut options = OpenOptions::new();
        options.read(!write).write(write).maybe_dir(true);
        at_once(dir, path, options)
    };
    // Either is enough for whoever owns the file.
    let file = with(false).or_else(|code| if code == ErrorCode::Access { with(true) } else { Err(code) })?;
    Ok(file.set_times(times)?)
}

fn moment(time: NewTimestamp) -> Answer<Option<SystemTime>> {
    match time {
        NewTimestamp::NoChange => Ok(None),
        NewTimestamp::Now => Ok(Some(SystemTime::now())),
        NewTimestamp::Timestamp(at) => {
            let since = Duration::from_secs(at.seconds).checked_add(Duration::from_nanos(at.nanoseconds.into()));
            let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
            time.map(Some).ok_or(ErrorCode::Overflow)
        }
    }
}

fn parent(dir: &Dir) -> io::Result<cap_std::fs::Dir> {
    Ok(cap_std::fs::Dir::from_std_file(dir.dir.try_clone()?))
}

/// The file or folder at the path, below the folder and never elsewhere. A pipe, a socket and a device are denied.
fn at_once(dir: &Dir, path: &str, mut options: OpenOptions) -> Answer<fs::File> {
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::custom_flags(&mut options, nix::fcntl::OFlag::O_NONBLOCK.bits());
    let file = parent(dir)?.open_with(path, &options)?.into_std();
    let kind = file.metadata()?.file_type();
    if kind.is_file() || kind.is_dir() { Ok(file) } else { Err(ErrorCode::NotPermitted) }
}
