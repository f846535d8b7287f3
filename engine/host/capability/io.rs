//! Byte streams and waiting.

use super::{
    Cancel,
    http::{Body, Exchange, HttpError},
};
use crate::{bindings::hob::plugin::io, guest::Guest};
use bytes::Bytes;
use hob_runner::OutputSink;
use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::unix::pipe::{Receiver, Sender},
    sync::Mutex,
};
use wasmtime::{Result, component::Resource};

type Res<T> = Result<std::result::Result<T, io::IoError>>;

/// What a read holds at once. 64 KiB: a Linux pipe.
const BUFFER: usize = 64 << 10;
/// Waitables in one `wait`. A thousand: more is no program, and each costs a look per wake-up.
const WAITABLES: usize = 1000;

/// A pipe until it is finished, shared with the waitables made of it.
type Shared<T> = Arc<Mutex<Option<T>>>;

/// The host's side of `io.reader`. Shared with the waitables made of it.
#[derive(Clone)]
pub struct Reader(Arc<Mutex<Inlet>>);

enum Inlet {
    Pipe(BufReader<Receiver>),
    Body { body: Body, chunk: Bytes },
}

impl Reader {
    pub(crate) fn pipe(pipe: Receiver) -> Self {
        Self(Arc::new(Mutex::new(Inlet::Pipe(BufReader::with_capacity(BUFFER, pipe)))))
    }

    pub(crate) fn body(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Inlet::Body { body, chunk: Bytes::new() })))
    }
}

impl Inlet {
    /// Waits until a read would not.
    async fn ready(&mut self) {
        match self {
            // An error is something to be read as well.
            Self::Pipe(pipe) => drop(pipe.fill_buf().await),
            Self::Body { body, chunk } => {
                if chunk.is_empty() {
                    body.ready().await;
                }
            }
        }
    }

    /// Up to `max` bytes, at least one; none at the end. Dropping the future loses nothing.
    async fn read(&mut self, max: usize) -> std::result::Result<Option<Vec<u8>>, io::IoError> {
        match self {
            Self::Pipe(pipe) => {
                let filled = pipe.fill_buf().await.map_err(|error| io_error(&error))?;
                if filled.is_empty() {
                    return Ok(None);
                }
                let taken = filled[..filled.len().min(max)].to_vec();
                pipe.consume(taken.len());
                Ok(Some(taken))
            }
            Self::Body { body, chunk } => {
                if chunk.is_empty() {
                    match body.chunk().await.map_err(|error| http_error(&error))? {
                        Some(next) => *chunk = next,
                        None => return Ok(None),
                    }
                }
                Ok(Some(chunk.split_to(chunk.len().min(max)).to_vec()))
            }
        }
    }
}

/// The host's side of `io.writer`.
pub enum Writer {
    /// The task's output; each handle is on the same stream.
    Output(Arc<dyn OutputSink>),
    /// An artifact until it is finished.
    Artifact(Option<super::context::Artifact>),
    /// A pipe until it is finished.
    Pipe(Shared<Sender>),
}

impl Writer {
    pub(crate) fn pipe(pipe: Sender) -> Self {
        Self::Pipe(Arc::new(Mutex::new(Some(pipe))))
    }
}

/// The host's side of `io.waitable`.
pub enum Waitable {
    Readable(Reader),
    Writable(Shared<Sender>),
    Exited(super::process::Exited),
    Answered(Arc<Exchange>),
    Cancelled(Cancel),
    Always,
}

impl Waitable {
    /// A future that is ready when this is.
    fn waiting(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self {
            Self::Readable(reader) => {
                let reader = reader.clone();
                Box::pin(async move { reader.0.lock().await.ready().await })
            }
            Self::Writable(pipe) => {
                let pipe = Arc::clone(pipe);
                Box::pin(async move {
                    if let Some(pipe) = pipe.lock().await.as_ref() {
                        // A pipe that nobody reads any more is ready to say so.
                        let _ = pipe.writable().await;
                    }
                })
            }
            Self::Exited(exited) => Box::pin(exited.clone().wait()),
            Self::Answered(exchange) => {
                let exchange = Arc::clone(exchange);
                Box::pin(async move { exchange.ready().await })
            }
            Self::Cancelled(cancel) => Box::pin(cancel.clone().wait()),
            Self::Always => Box::pin(async {}),
        }
    }
}

/// Those of `futures` that are ready, all of them, as soon as one is.
async fn any_ready(mut futures: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>) -> Vec<u32> {
    poll_fn(|context| {
        let indices = (0u32..).zip(&mut futures);
        let ready: Vec<u32> =
            indices.filter_map(|(index, future)| future.as_mut().poll(context).is_ready().then_some(index)).collect();
        if ready.is_empty() { Poll::Pending } else { Poll::Ready(ready) }
    })
    .await
}

impl io::Host for Guest {
    async fn wait(&mut self, on: Vec<Resource<Waitable>>, timeout_ms: Option<u32>) -> Res<Vec<u32>> {
        if on.len() > WAITABLES {
            return Ok(Err(io::IoError::Limit(format!("one call waits for at most {WAITABLES} waitables"))));
        }
        let waitables = on.iter().map(|handle| self.table.get(handle)).collect::<std::result::Result<Vec<_>, _>>()?;
        let knows_cancellation = waitables.iter().any(|waitable| matches!(waitable, Waitable::Cancelled(_)));
        let ready = any_ready(waitables.into_iter().map(Waitable::waiting).collect());
        let timeout = async {
            match timeout_ms {
                Some(ms) => tokio::time::sleep(Duration::from_millis(ms.into())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            indices = ready => Ok(Ok(indices)),
            () = self.cancel.clone().wait(), if !knows_cancellation => Ok(Err(io::IoError::Cancelled)),
            () = timeout => Ok(Ok(Vec::new())),
        }
    }
}

impl io::HostWaitable for Guest {
    async fn ready(&mut self, this: Resource<Waitable>) -> Result<bool> {
        let mut waiting = self.table.get(&this)?.waiting();
        Ok(poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_ready())).await)
    }

    async fn drop(&mut self, this: Resource<Waitable>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl io::HostReader for Guest {
    async fn read(&mut self, this: Resource<Reader>, max: u32) -> Res<Option<Vec<u8>>> {
        let reader = self.table.get(&this)?.clone();
        let mut reader = reader.0.lock().await;
        tokio::select! {
            biased;
            read = reader.read(usize::try_from(max).unwrap_or(usize::MAX)) => Ok(read),
            () = self.cancel.clone().wait() => Ok(Err(io::IoError::Cancelled)),
        }
    }

    async fn ready(&mut self, this: Resource<Reader>) -> Result<Resource<Waitable>> {
        let reader = self.table.get(&this)?.clone();
        Ok(self.table.push(Waitable::Readable(reader))?)
    }

    async fn drop(&mut self, this: Resource<Reader>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl io::HostWriter for Guest {
    async fn write(&mut self, this: Resource<Writer>, bytes: Vec<u8>) -> Res<()> {
        let pipe = match self.table.get_mut(&this)? {
            Writer::Output(sink) => return Ok(sink.write(&bytes).map_err(io::IoError::Failed)),
            Writer::Artifact(None) => return Ok(Err(io::IoError::Closed)),
            Writer::Artifact(Some(artifact)) => return Ok(artifact.write(&bytes)),
            Writer::Pipe(pipe) => Arc::clone(pipe),
        };
        let mut pipe = pipe.lock().await;
        let Some(pipe) = pipe.as_mut() else { return Ok(Err(io::IoError::Closed)) };
        tokio::select! {
            biased;
            written = async { pipe.write_all(&bytes).await?; pipe.flush().await } => {
                Ok(written.map_err(|error| io_error(&error)))
            }
            () = self.cancel.clone().wait() => Ok(Err(io::IoError::Cancelled)),
        }
    }

    async fn finish(&mut self, this: Resource<Writer>) -> Res<()> {
        let pipe = match self.table.get_mut(&this)? {
            Writer::Output(_) => return Ok(Ok(())),
            Writer::Artifact(artifact) => {
                let Some(artifact) = artifact.take() else { return Ok(Err(io::IoError::Closed)) };
                return Ok(artifact.finish());
            }
            Writer::Pipe(pipe) => Arc::clone(pipe),
        };
        // Dropping it closes the pipe: the child reads the end of its stdin.
        let taken = pipe.lock().await.take();
        Ok(if taken.is_some() { Ok(()) } else { Err(io::IoError::Closed) })
    }

    async fn ready(&mut self, this: Resource<Writer>) -> Result<Resource<Waitable>> {
        let waitable = match self.table.get(&this)? {
            Writer::Pipe(pipe) => Waitable::Writable(Arc::clone(pipe)),
            Writer::Output(_) | Writer::Artifact(_) => Waitable::Always,
        };
        Ok(self.table.push(waitable)?)
    }

    async fn drop(&mut self, this: Resource<Writer>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

fn http_error(error: &HttpError) -> io::IoError {
    match error {
        HttpError::Cancelled => io::IoError::Cancelled,
        HttpError::TooLarge => io::IoError::Limit(error.to_string()),
        HttpError::Denied(_) | HttpError::Timeout | HttpError::Failed(_) => io::IoError::Failed(error.to_string()),
    }
}

fn io_error(error: &std::io::Error) -> io::IoError {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => io::IoError::Closed,
        _ => io::IoError::Failed(error.to_string()),
    }
}
