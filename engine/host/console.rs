//! A guest's standard streams: stdout is the task's output, the end of stderr is kept for the
//! words of a failure.

use bytes::Bytes;
use hob_runner::OutputSink;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamError, StreamResult},
};

/// How much of a guest's stderr is kept. 16 KiB: a deep Python traceback fits three times.
const TAIL: usize = 16 << 10;
/// What a guest may write at once; wasi-libc cuts larger writes itself.
const PERMIT: usize = 64 << 10;

/// The last bytes of a guest's stderr.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<u8>>>);

impl Tail {
    fn write(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = &bytes[bytes.len().saturating_sub(TAIL)..];
        let surplus = (kept.len() + bytes.len()).saturating_sub(TAIL);
        kept.drain(..surplus);
        kept.extend(bytes);
    }

    /// What is kept, as text; invalid UTF-8 replaced.
    pub(crate) fn text(&self) -> String {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).into_owned()
    }
}

/// One of the two streams.
#[derive(Clone)]
pub(crate) enum Console {
    Output(Arc<dyn OutputSink>),
    Stderr(Tail),
}

impl Console {
    fn put(&self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Self::Output(sink) => sink.write(bytes),
            Self::Stderr(tail) => {
                tail.write(bytes);
                Ok(())
            }
        }
    }
}

impl IsTerminal for Console {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Console {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Console {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes).map_err(|error| StreamError::LastOperationFailed(wasmtime::Error::msg(error)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[async_trait]
impl Pollable for Console {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Console {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(self.put(bytes).map(|()| bytes.len()).map_err(std::io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_keeps_the_end() {
        let tail = Tail::default();
        for number in 0..10_000 {
            tail.write(format!("{number}\n").as_bytes());
        }
        let text = tail.text();
        assert!(text.len() <= TAIL && text.ends_with("9998\n9999\n"), "{} bytes", text.len());
        tail.write(&vec![b'x'; 3 * TAIL]);
        assert_eq!(tail.text(), "x".repeat(TAIL));
    }
}
