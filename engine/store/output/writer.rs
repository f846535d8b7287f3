use super::{Error, ring::Ring};
use crate::os;
use hob_core::Bytes;
use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The end of an output that is kept in memory when there is more than the limit. 1 MiB, or an eighth of the limit
/// where that is less: some ten thousand lines, which is where the error usually is.
const TAIL: u64 = 1 << 20;

/// What an output that filled the disk gives back, or half of itself where that is less. 256 KiB: enough for the ends
/// of some tasks in the database, this one's among them.
const GIVEN_BACK: u64 = 256 << 10;

/// The end that such an output keeps of what it had in memory. 16 KiB: a screenful or more, out of what it gave back.
const END_OF_FULL: usize = 16 << 10;

/// Captures the output of an attempt. Can be shared between threads; each write goes in as a whole.
#[derive(Debug)]
pub struct OutputWriter {
    path: PathBuf,
    /// Bytes that go to the file as they come; what follows them is left out but for the tail.
    head: u64,
    inner: Mutex<Inner>,
}

/// How much of an output was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputSummary {
    /// Bytes that the attempt wrote.
    pub written: Bytes,
    /// Bytes of them that are not in the file.
    pub left_out: Bytes,
}

struct Inner {
    file: Option<File>,
    written: u64,
    /// Bytes in the file.
    kept: u64,
    /// The file takes no more: it has its limit, or the disk is full.
    closed: bool,
    /// It is closed because the disk is full.
    full: bool,
    /// Something else went wrong with it, so that it does not hold what it should.
    broken: Option<io::ErrorKind>,
    rest: Ring,
    finished: Option<OutputSummary>,
    ends_line: bool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("written", &self.written).field("kept", &self.kept).finish_non_exhaustive()
    }
}

impl OutputWriter {
    pub(super) fn new(path: PathBuf, limit: Bytes) -> Self {
        let tail = TAIL.min(limit.0 / 8);
        let rest = usize::try_from(tail).unwrap_or(usize::MAX);
        Self {
            path,
            head: limit.0 - tail,
            inner: Mutex::new(Inner {
                file: None,
                written: 0,
                kept: 0,
                closed: false,
                full: false,
                broken: None,
                rest: Ring::new(rest),
                finished: None,
                ends_line: true,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: io::Error) -> Error {
        Error { path: self.path.clone(), source }
    }

    /// Appends bytes. A full disk is no error: what does not fit is left out and counted. What comes after
    /// [`OutputWriter::finish`] is dropped.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut inner = self.inner();
        if bytes.is_empty() || inner.finished.is_some() {
            return Ok(());
        }
        inner.written += bytes.len() as u64;
        let room = if inner.closed { 0 } else { self.head - inner.kept };
        let (head, rest) = bytes.split_at(usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len())));
        let stored = if head.is_empty() { 0 } else { self.append(&mut inner, head)? };
        inner.closed |= !rest.is_empty();
        if stored < head.len() {
            inner.rest.push(&head[stored..]);
        }
        inner.rest.push(rest);
        Ok(())
    }

    /// Writes to the file until the disk is full; how many bytes went in.
    fn append(&self, inner: &mut Inner, bytes: &[u8]) -> Result<usize, Error> {
        let mut stored = 0;
        let outcome = open_at_first(&self.path, &mut inner.file).and_then(|file| {
            while stored < bytes.len() {
                match file.write(&bytes[stored..]) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => stored += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        inner.kept += stored as u64;
        if let Some(last) = bytes[..stored].last() {
            inner.ends_line = *last == b'\n';
        }
        match outcome {
            Err(error) if is_full(&error) => {
                tracing::warn!(path = %self.path.display(), %error, "no room for output; leaving some out");
                inner.closed = true;
                inner.full = true;
                self.give_back(inner);
                Ok(stored)
            }
            Err(error) => {
                inner.broken = Some(error.kind());
                Err(self.failed(error))
            }
            Ok(()) => Ok(stored),
        }
    }

    /// Makes room on a full disk, where otherwise nothing could be recorded until somebody else does. What it held
    /// there counts as left out.
    fn give_back(&self, inner: &mut Inner) {
        let keep = inner.kept - GIVEN_BACK.min(inner.kept / 2);
        let Some(file) = inner.file.as_mut().filter(|_| keep < inner.kept) else { return };
        match file.set_len(keep).and_then(|()| file.seek(SeekFrom::Start(keep))) {
            Ok(_) => {
                inner.kept = keep;
                inner.ends_line = false;
            }
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "output cannot give room back"),
        }
    }

    /// Ends the capture: what was left out is marked, and the end of the output follows it. All of it is on the disk
    /// when this returns without an error. Doing it again gives the same answer.
    pub fn finish(&self) -> Result<OutputSummary, Error> {
        let mut inner = self.inner();
        if let Some(summary) = inner.finished {
            return Ok(summary);
        }
        let mut tail = std::mem::replace(&mut inner.rest, Ring::new(0)).into_bytes();
        if inner.full {
            tail.drain(..tail.len().saturating_sub(END_OF_FULL));
        }
        let left_out = inner.written - inner.kept - tail.len() as u64;
        let summary = OutputSummary { written: Bytes(inner.written), left_out: Bytes(left_out) };
        inner.finished = Some(summary);
        if tail.is_empty() && left_out == 0 {
            return self.sync(&mut inner).map(|()| summary);
        }
        let mut end = Vec::new();
        if left_out > 0 {
            end.extend_from_slice(marker(left_out, inner.ends_line).as_bytes());
        }
        end.extend_from_slice(&tail);
        let kept = inner.kept;
        let stored = self.append(&mut inner, &end)?;
        if stored < end.len() {
            let kept = kept.min(inner.kept);
            let left_out = self.mark_in_place(&mut inner, kept);
            inner.finished = Some(OutputSummary { left_out: Bytes(left_out), ..summary });
        }
        self.sync(&mut inner)?;
        Ok(inner.finished.unwrap_or(summary))
    }

    /// Closes the file, which is on the disk with its name from then on. An output without a byte has none, and costs
    /// nothing.
    fn sync(&self, inner: &mut Inner) -> Result<(), Error> {
        let Some(file) = inner.file.take() else { return Ok(()) };
        let synced = match file.sync_data() {
            // A file system that cannot sync says so with this; what is there is all that it can promise.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            synced => synced,
        };
        let synced = synced.and_then(|()| self.path.parent().map_or(Ok(()), os::sync_folder));
        let broken = inner.broken.map_or(Ok(()), |kind| Err(kind.into()));
        synced.and(broken).map_err(|error| self.failed(error))
    }

    /// With no room for a single byte, the marker takes the place of the last ones that were kept. Gives the
    /// number of bytes left out.
    fn mark_in_place(&self, inner: &mut Inner, kept: u64) -> u64 {
        // Room for the longest marker.
        let longest = marker(u64::MAX, false).len() as u64;
        let keep = kept.saturating_sub(longest);
        let left_out = inner.written - keep;
        if let Some(file) = &mut inner.file {
            let text = marker(left_out, keep == 0);
            let marked = file.set_len(kept).and_then(|()| file.seek(SeekFrom::Start(keep))).and_then(|_| {
                file.write_all(text.as_bytes())?;
                file.set_len(keep + text.len() as u64)
            });
            if let Err(error) = marked {
                tracing::warn!(path = %self.path.display(), %error, "no room to say that output was left out");
            }
        }
        left_out
    }
}

impl Drop for OutputWriter {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::warn!(%error, "the end of an output is missing");
        }
    }
}

/// The line that stands for what was left out.
fn marker(left_out: u64, ends_line: bool) -> String {
    format!("{}[hob: {left_out} bytes left out]\n", if ends_line { "" } else { "\n" })
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge | WriteZero)
}

/// The file, made with its folder when the first byte comes.
fn open_at_first<'a>(path: &Path, file: &'a mut Option<File>) -> io::Result<&'a mut File> {
    if file.is_none() {
        let open = || os::private().create(true).truncate(true).write(true).open(path);
        let made = match open() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(folder) = path.parent() {
                    os::make_folder(folder)?;
                    folder.parent().map_or(Ok(()), os::sync_folder)?;
                }
                open()?
            }
            other => other?,
        };
        os::protect(&made)?;
        *file = Some(made);
    }
    file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in the file when there is no room for the marker but that of the bytes before it.
    #[track_caller]
    fn check(kept: &str, written: u64, expect: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let output = OutputWriter::new(folder.path().join("1-1.out"), Bytes(1 << 20));
        output.write(kept.as_bytes()).expect("writes");
        {
            let mut inner = output.inner();
            inner.written = written;
            let kept = inner.kept;
            let left_out = output.mark_in_place(&mut inner, kept);
            inner.finished = Some(OutputSummary { written: Bytes(written), left_out: Bytes(left_out) });
        }
        assert_eq!(std::fs::read_to_string(&output.path).expect("reads"), expect);
    }

    #[test]
    fn f05_the_marker_takes_the_place_of_what_was_kept_last() {
        let line = "0123456789";
        check(&line.repeat(6), 1_000, "0123456789012345\n[hob: 984 bytes left out]\n");
        check("short", 1_000, "[hob: 1000 bytes left out]\n");
    }
}
