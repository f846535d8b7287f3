//! Streams, and waiting for several things at once.

use crate::{bindings::hob::plugin::io as wit, error::milliseconds, host};
use std::{error::Error, fmt, io, time::Duration};

/// A stream or a wait that did not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoError {
    /// The other side went away.
    Closed,
    /// The task was asked to stop while this call was waiting.
    Cancelled,
    /// A quota was reached; the text names it.
    Limit(String),
    /// Anything else, in words.
    Failed(String),
}

impl fmt::Display for IoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the other side closed the stream",
            Self::Cancelled => "the task was asked to stop",
            Self::Limit(text) | Self::Failed(text) => text,
        })
    }
}

impl Error for IoError {}

impl From<wit::IoError> for IoError {
    fn from(error: wit::IoError) -> Self {
        match error {
            wit::IoError::Closed => Self::Closed,
            wit::IoError::Cancelled => Self::Cancelled,
            wit::IoError::Limit(text) => Self::Limit(text),
            wit::IoError::Failed(text) => Self::Failed(text),
        }
    }
}

impl From<IoError> for io::Error {
    fn from(error: IoError) -> Self {
        let kind = if error == IoError::Closed { io::ErrorKind::BrokenPipe } else { io::ErrorKind::Other };
        Self::new(kind, error)
    }
}

/// Something one can wait for.
#[derive(Debug)]
pub struct Waitable(pub(crate) host::io::Waitable);

impl Waitable {
    /// Whether waiting for it would return at once.
    pub fn is_ready(&self) -> bool {
        self.0.ready()
    }
}

/// Waits until one of them is ready, and gives the places of those that are; none where the time is over first.
///
/// When the task is asked to stop it is [`IoError::Cancelled`], unless [`crate::Context::cancelled`] is among them, which
/// then is ready.
pub fn wait(on: &[&Waitable], timeout: Option<Duration>) -> Result<Vec<usize>, IoError> {
    let on: Vec<_> = on.iter().map(|waitable| &waitable.0).collect();
    let ready = host::io::wait(&on, timeout.map(milliseconds))?;
    Ok(ready.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
}

/// Bytes that come: what a program prints, or the body of a response.
#[derive(Debug)]
pub struct Reader(pub(crate) host::io::Reader);

/// Bytes that are asked for in one call where all are wanted: a large pipe.
const AT_ONCE: u32 = 256 << 10;

impl Reader {
    /// Up to `max` bytes; waits for the first one. `None` is the end.
    pub fn read_some(&self, max: u32) -> Result<Option<Vec<u8>>, IoError> {
        Ok(self.0.read(max)?)
    }

    /// Everything until the end; [`IoError::Limit`] where that is more than `most` bytes.
    pub fn read_all(&self, most: usize) -> Result<Vec<u8>, IoError> {
        let mut all = Vec::new();
        while let Some(bytes) = self.read_some(AT_ONCE)? {
            all.extend_from_slice(&bytes);
            if all.len() > most {
                return Err(IoError::Limit(format!("it is more than {most} bytes")));
            }
        }
        Ok(all)
    }

    /// Ready when reading would not wait.
    pub fn ready(&self) -> Waitable {
        Waitable(self.0.ready())
    }
}

impl io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let max = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let bytes = self.read_some(max)?.unwrap_or_default();
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// Bytes that go: the task's output, an artifact, or what a program reads.
#[derive(Debug)]
pub struct Writer(pub(crate) host::io::Writer);

impl Writer {
    /// Returns when all bytes are taken.
    pub fn send(&self, bytes: &[u8]) -> Result<(), IoError> {
        Ok(self.0.write(bytes)?)
    }

    /// As [`Self::send`], for text.
    pub fn print(&self, text: &str) -> Result<(), IoError> {
        self.send(text.as_bytes())
    }

    /// Closes. What was written to an artifact that was not finished is thrown away.
    pub fn finish(self) -> Result<(), IoError> {
        Ok(self.0.finish()?)
    }

    /// Ready when writing would not wait.
    pub fn ready(&self) -> Waitable {
        Waitable(self.0.ready())
    }
}

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)?;
        Ok(bytes.len())
    }

    /// Nothing is held back here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
