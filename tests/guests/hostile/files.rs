//! What can be tried with folders, said to the host without a library between.

use crate::wasi::wasi::{
    clocks::wall_clock::Datetime,
    filesystem::{
        preopens::get_directories,
        types::{Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags},
    },
};
use serde::Deserialize;

/// One try. `at` and `to_at` are the guest paths of granted folders.
#[derive(Deserialize)]
pub struct Try {
    what: String,
    at: String,
    path: String,
    #[serde(default)]
    to_at: String,
    #[serde(default)]
    to: String,
}

/// What came of each.
pub fn all(tries: &[Try]) -> Vec<String> {
    let folders = get_directories();
    let find = |name: &str| folders.iter().find(|(_, path)| path == name).map(|(folder, _)| folder);
    let one = |one: &Try| match (find(&one.at), find(if one.to_at.is_empty() { &one.at } else { &one.to_at })) {
        (Some(at), Some(to)) => outcome(one, at, to).unwrap_or_else(|code| format!("error {}", code.name())),
        _ => "no such folder".to_owned(),
    };
    tries.iter().map(one).collect()
}

fn outcome(one: &Try, at: &Descriptor, to: &Descriptor) -> Result<String, ErrorCode> {
    let Try { what, path, to: target, .. } = one;
    let (none, follow) = (PathFlags::empty(), PathFlags::SYMLINK_FOLLOW);
    let (nothing, read, write) = (OpenFlags::empty(), DescriptorFlags::READ, DescriptorFlags::WRITE);
    match what.as_str() {
        "read" => content(&at.open_at(follow, path, nothing, read)?),
        "read-nofollow" => content(&at.open_at(none, path, nothing, read)?),
        "write" => scribble(&at.open_at(follow, path, nothing, write)?),
        "create" => scribble(&at.open_at(follow, path, OpenFlags::CREATE, write)?),
        "exclusive" => scribble(&at.open_at(none, path, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, write)?),
        "truncate" => at.open_at(follow, path, OpenFlags::TRUNCATE, write).map(|_| "truncated".to_owned()),
        // For reading, so that nobody asks about writing.
        "truncate-reading" => at.open_at(follow, path, OpenFlags::TRUNCATE, read).map(|_| "truncated".to_owned()),
        "create-reading" => at.open_at(follow, path, OpenFlags::CREATE, read).map(|_| "created".to_owned()),
        "size" => {
            at.open_at(follow, path, nothing, read)?.set_size(0)?;
            Ok("cut".to_owned())
        }
        "list" => names(&at.open_at(follow, path, OpenFlags::DIRECTORY, read)?),
        "times" => {
            let then = NewTimestamp::Timestamp(Datetime { seconds: 1, nanoseconds: 0 });
            at.set_times_at(follow, path, then, then).map(|()| "changed".to_owned())
        }
        "mkdir" => at.create_directory_at(path).map(|()| "made".to_owned()),
        "rmdir" => at.remove_directory_at(path).map(|()| "removed".to_owned()),
        "unlink" => at.unlink_file_at(path).map(|()| "removed".to_owned()),
        "readlink" => at.readlink_at(path),
        "rename" => at.rename_at(path, to, target).map(|()| "renamed".to_owned()),
        "link" => at.link_at(none, path, to, target).map(|()| "linked".to_owned()),
        "link-follow" => at.link_at(follow, path, to, target).map(|()| "linked".to_owned()),
        "symlink" => at.symlink_at(target, path).map(|()| "linked".to_owned()),
        other => Ok(format!("nobody knows how to {other}")),
    }
}

fn content(file: &Descriptor) -> Result<String, ErrorCode> {
    Ok(format!("read {}", String::from_utf8_lossy(&file.read(4096, 0)?.0)))
}

fn scribble(file: &Descriptor) -> Result<String, ErrorCode> {
    Ok(format!("wrote {} bytes", file.write(b"HOSTILE", 0)?))
}

fn names(folder: &Descriptor) -> Result<String, ErrorCode> {
    let entries = folder.read_directory()?;
    let mut names = Vec::new();
    while let Some(entry) = entries.read_directory_entry()? {
        names.push(entry.name);
    }
    Ok(format!("listed {}", names.join(" ")))
}
