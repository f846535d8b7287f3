//! Bulk reading of a folder: one call returns many files.
//!
//! Which files there are follows the rules of [`super::search`]: hidden files and ignore rules as in
//! ripgrep, links not followed and never out of the root, pipes and devices left out. Files come in
//! order, each folder's entries by name as bytes, and one at a time: between two calls nothing but
//! the walk's position is kept.
//!
//! Deliberately absent: grants. The caller has checked the root.

use super::tree::Tree;
use ignore::Walk;
use std::{
    fs::File as OpenFile,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Bytes of the largest file that is returned; larger ones are left out. 16 MiB: generated code and
/// lock files fit, and a guest with its 256 MiB can hold several.
pub const MAX_FILE_BYTES: u64 = 16 << 20;

/// Bytes of one answer, whatever was asked for. 64 MiB: a quarter of a guest's memory.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// What a file counts for beyond its bytes and its path, so that a million empty ones do not come
/// in one answer. 64: about what they take in a guest.
const FILE_OVERHEAD: usize = 64;

/// Why there are no files.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// A glob that cannot be read.
    #[error("read glob `{glob}`: {reason}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The root cannot be opened.
    #[error("open the folder to read: {0}")]
    Root(String),
    /// The walk was asked to stop.
    #[error("read on: it was cancelled")]
    Cancelled,
}

/// A file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the root, with `/`; invalid UTF-8 replaced.
    pub path: String,
    /// Length in bytes, that of `bytes`.
    pub size: u32,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Walks below `root`, an absolute path without links in it that the caller has checked, over the
/// files that fit one of `globs` (all, where none is given; `!` in front excludes).
pub fn walk(root: &Path, globs: &[String], hidden: bool) -> Result<Walker, FilesError> {
    let tree = Tree::open(root).map_err(|error| FilesError::Root(error.to_string()))?;
    let walk = tree.walk(globs, hidden, false);
    let mut walk = walk.map_err(|error| FilesError::Glob { glob: error.glob, reason: error.reason })?;
    let walk = walk.sort_by_file_name(Ord::cmp).build();
    Ok(Walker { tree, walk, next: None, left_out: 0 })
}

/// A walk that goes on where the last call ended.
pub struct Walker {
    tree: Tree,
    walk: Walk,
    /// Did not fit into the last answer.
    next: Option<(PathBuf, OpenFile, u64)>,
    left_out: u64,
}

impl Walker {
    /// Files until about `max_bytes` (at most [`MAX_BATCH_BYTES`], and at least one file); empty when
    /// done. Blocks; `cancelled` is asked before each file.
    pub fn next(&mut self, max_bytes: usize, cancelled: &dyn Fn() -> bool) -> Result<Vec<File>, FilesError> {
        let max_bytes = max_bytes.min(MAX_BATCH_BYTES);
        let mut files = Vec::new();
        let mut total = 0;
        loop {
            if cancelled() {
                return Err(FilesError::Cancelled);
            }
            let Some((path, file, size)) = self.next.take().or_else(|| self.advance(cancelled)) else { break };
            let text = self.tree.relative(&path).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            let weight = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(text.len() + FILE_OVERHEAD);
            if !files.is_empty() && weight > max_bytes.saturating_sub(total) {
                self.next = Some((path, file, size));
                break;
            }
            match read(&file, size) {
                Ok(Some(bytes)) => {
                    total += bytes.len() + text.len() + FILE_OVERHEAD;
                    files.push(File { path: text, size: u32::try_from(bytes.len()).unwrap_or(u32::MAX), bytes });
                }
                Ok(None) | Err(_) => self.left_out += 1,
            }
        }
        if cancelled() { Err(FilesError::Cancelled) } else { Ok(files) }
    }

    /// How many files so far were too large or could not be read.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn advance(&mut self, cancelled: &dyn Fn() -> bool) -> Option<(PathBuf, OpenFile, u64)> {
        for entry in self.walk.by_ref() {
            if cancelled() {
                return None;
            }
            let Ok(entry) = entry else {
                self.left_out += 1;
                continue;
            };
            if !entry.file_type().is_some_and(|kind| kind.is_file()) {
                continue;
            }
            let opened = self.tree.open_file(self.tree.relative(entry.path()));
            match opened {
                Ok(Some((file, size))) if size <= MAX_FILE_BYTES => return Some((entry.into_path(), file, size)),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => self.left_out += 1,
            }
        }
        None
    }
}

/// All of a file; none if it has grown too large since it was measured.
fn read(file: &OpenFile, size: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= MAX_FILE_BYTES).then_some(bytes))
}

#[cfg(test)]
mod tests;
