//! From a program's pipe to the task's output, without the guest seeing a byte.

use crate::{child::Tree, os};
use nix::errno::Errno;
use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
};
use tokio::{net::unix::pipe::Receiver, task::JoinHandle};

/// The first buffer: what a pipe holds by default. Most programs print less.
const SMALL: usize = 64 << 10;
/// The buffer once a read filled the small one: what a widened pipe holds.
const LARGE: usize = 1 << 20;
/// After so many bytes the rest of the runtime gets its turn: a few milliseconds of copying.
const TURN: usize = 8 << 20;

/// A copy in progress. Dropping it ends the copying.
#[derive(Debug)]
pub struct Pump(JoinHandle<PumpEnd>);

/// What was copied.
#[derive(Debug, Default)]
pub struct PumpEnd {
    /// Bytes that the program wrote, also those that the sink did not take.
    pub bytes: u64,
    /// The first error, of the sink or of reading. After one of the sink the program is read on, so
    /// that it does not block, and the bytes are dropped.
    pub error: Option<io::Error>,
}

/// A pipe for two streams of one program, so that what it writes to either stays in order: the reading
/// end for [`pump`], and a writing end for each. The writing ends go into a
/// [`SpawnRequest`](crate::SpawnRequest); as long as one is open here the pump does not see the end.
pub fn output_pipe() -> io::Result<(OwnedFd, OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    let writer = OwnedFd::from(writer);
    Ok((reader.into(), writer.try_clone()?, writer))
}

/// Copies what a program writes to `pipe` into `sink`, in order, on the current tokio runtime, until
/// the pipe is closed, or until `tree` is gone and what it left in the pipe is read: a descriptor that
/// was passed to a stranger holds nothing up.
///
/// `sink` may block for as long as writing to a file does.
pub fn pump(pipe: OwnedFd, tree: Tree, sink: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static) -> io::Result<Pump> {
    let pipe = Receiver::from_owned_fd(pipe)?;
    let copy = Copy { sink, buffer: Vec::new(), end: PumpEnd::default() };
    Ok(Pump(tokio::spawn(copy.run(pipe, tree))))
}

impl Pump {
    /// Waits until everything was copied. To be called to the end once; may be dropped before.
    pub async fn finished(&mut self) -> PumpEnd {
        match (&mut self.0).await {
            Ok(end) => end,
            Err(error) => PumpEnd { bytes: 0, error: Some(io::Error::other(error)) },
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Copy<S> {
    sink: S,
    buffer: Vec<u8>,
    end: PumpEnd,
}

impl<S: FnMut(&[u8]) -> io::Result<()>> Copy<S> {
    async fn run(mut self, pipe: Receiver, tree: Tree) -> PumpEnd {
        let ended = tree.ended();
        tokio::pin!(ended);
        loop {
            let ready = tokio::select! {
                biased;
                _ = &mut ended => {
                    self.drain(&pipe);
                    return self.end;
                }
                ready = pipe.readable() => ready,
            };
            match ready.and_then(|()| self.turn(&pipe)) {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => return self.end,
                Err(error) => {
                    self.end.error.get_or_insert(error);
                    return self.end;
                }
            }
        }
    }

    /// Copies what is there, but not for ever. False at the end.
    fn turn(&mut self, pipe: &Receiver) -> io::Result<bool> {
        let mut turn = 0;
        while turn < TURN {
            match pipe.try_read(self.room()) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    turn += count;
                    self.take(count, pipe);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Copies what is left when nobody of the tree can write any more. A stranger who can is not read
    /// for ever: beyond what a pipe holds it came after the end.
    fn drain(&mut self, pipe: &Receiver) {
        let mut rest = LARGE;
        while rest > 0 {
            // Past the runtime, which may not have noticed yet that there is something to read.
            match nix::unistd::read(pipe, self.room()) {
                Err(Errno::EINTR) => {}
                Ok(count @ 1..) => {
                    self.take(count, pipe);
                    rest = rest.saturating_sub(count);
                }
                Ok(0) | Err(_) => return,
            }
        }
    }

    fn room(&mut self) -> &mut [u8] {
        if self.buffer.is_empty() {
            self.buffer.resize(SMALL, 0);
        }
        &mut self.buffer
    }

    fn take(&mut self, count: usize, pipe: &Receiver) {
        self.end.bytes += count as u64;
        if self.end.error.is_none() {
            self.end.error = (self.sink)(&self.buffer[..count]).err();
        }
        if count == SMALL && self.buffer.len() == SMALL {
            os::widen_pipe(pipe.as_fd());
            self.buffer.resize(LARGE, 0);
        }
    }
}
