use super::Error;
use hob_core::Timestamp;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Bytes read at a time when looking for the beginning of the last lines. 64 KiB: one or two are
/// enough for a screenful.
const BLOCK: u64 = 64 << 10;

/// Reads the output of an attempt, also while it is written.
#[derive(Debug)]
pub struct OutputReader {
    file: File,
    path: PathBuf,
}

impl OutputReader {
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Error> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self { file, path: path.to_owned() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error { path: path.to_owned(), source }),
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error { path: self.path.clone(), source }
    }

    /// Bytes there are now.
    pub fn size(&self) -> Result<u64, Error> {
        self.file.metadata().map(|data| data.len()).map_err(|error| self.failed(error))
    }

    /// When something was last written, as far as the file system knows.
    pub fn last_written(&self) -> Option<Timestamp> {
        let since = self.file.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Timestamp)
    }

    /// Reads up to `most` bytes from `offset`; fewer where there are no more. To follow an output, go on
    /// from the end of what was read whenever a doorbell rang or some time has passed.
    pub fn read(&mut self, offset: u64, most: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self
            .file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&mut self.file).take(most as u64).read_to_end(&mut bytes));
        read.map_err(|error| self.failed(error))?;
        Ok(bytes)
    }

    /// Where the last `lines` lines begin, looking at no more than the last `most` bytes. A newline at the very
    /// end ends the last line and begins none.
    pub fn tail(&mut self, lines: usize, most: u64) -> Result<u64, Error> {
        let size = self.size()?;
        let lowest = size.saturating_sub(most);
        if lines == 0 {
            return Ok(size);
        }
        let mut found = 0;
        let mut end = size;
        while end > lowest {
            let begin = end.saturating_sub(BLOCK).max(lowest);
            let block = self.read(begin, usize::try_from(end - begin).unwrap_or(usize::MAX))?;
            for (index, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
                let next = begin + index as u64 + 1;
                if next == size {
                    continue;
                }
                found += 1;
                if found == lines {
                    return Ok(next);
                }
            }
            end = begin;
        }
        Ok(lowest)
    }
}
