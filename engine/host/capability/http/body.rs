use super::{HttpError, client::Cancel, network::AbortOnDrop, turns::Turn};
use bytes::Bytes;
use http_body::Frame;
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};
use tokio::{sync::mpsc, time::Instant};

/// Chunks that are read ahead of the component. 4, each of at most some 16 KiB: enough to keep the
/// connection busy, little enough to hold for every response.
const READ_AHEAD: usize = 4;

/// A response's body: decompressed where the request said so, and bounded in bytes and in time.
pub struct Body {
    chunks: mpsc::Receiver<Bytes>,
    next: Option<Bytes>,
    /// How it ended; set before the channel closes.
    end: Arc<OnceLock<Result<(), HttpError>>>,
    _pump: AbortOnDrop,
}

/// What bounds a body.
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) deadline: Option<Instant>,
    pub(super) cancel: Cancel,
}

impl Body {
    /// Starts to read `response`, whose turn ends with it. Belongs on the thread of the connections.
    pub(super) fn start(response: reqwest::Response, bounds: Bounds, turn: Turn) -> Self {
        let (sender, chunks) = mpsc::channel(READ_AHEAD);
        let end = Arc::new(OnceLock::new());
        let ending = Arc::clone(&end);
        let pump = tokio::spawn(async move {
            let result = tokio::select! {
                biased;
                () = bounds.cancel.clone().cancelled() => Err(HttpError::Cancelled),
                () = at(bounds.deadline) => Err(HttpError::Timeout),
                result = pump(response, bounds.bytes, &sender) => result,
            };
            let _ = ending.set(result);
            drop(turn);
        });
        Self { chunks, next: None, end, _pump: AbortOnDrop(pump.abort_handle()) }
    }

    /// The next bytes, never none of them; nothing at the end. Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await
    }

    /// Waits until [`Self::chunk`] would not.
    pub async fn ready(&mut self) {
        if self.next.is_none() {
            self.next = self.chunks.recv().await;
        }
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, HttpError>> {
        let next = match self.next.take() {
            Some(chunk) => Poll::Ready(Some(chunk)),
            None => self.chunks.poll_recv(context),
        };
        next.map(|chunk| match (chunk, self.end.get()) {
            (Some(chunk), _) => Ok(Some(chunk)),
            (None, Some(end)) => end.clone().map(|()| None),
            (None, None) => Err(HttpError::failed("the connection was given up")),
        })
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("end", &self.end.get()).finish_non_exhaustive()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        self.poll_chunk(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)).transpose())
    }
}

async fn pump(mut response: reqwest::Response, room: u64, sender: &mpsc::Sender<Bytes>) -> Result<(), HttpError> {
    let mut room = room;
    while let Some(chunk) = response.chunk().await.map_err(|error| super::client::failure(&error))? {
        room = room.checked_sub(chunk.len() as u64).ok_or(HttpError::TooLarge)?;
        if !chunk.is_empty() && sender.send(chunk).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Waits for a moment, for ever where there is none.
pub(super) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
