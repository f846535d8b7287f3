//! Binds [`super::http`] to the contract and to wasi:http, which share its policy.

use super::{
    http::{DEFAULT_TIMEOUT, Exchange, HttpClient, HttpError, MAX_TIMEOUT, Request, Response, SendOptions},
    io::{Reader, Waitable},
};
use crate::{
    bindings::hob::plugin::http as wit,
    guest::{Guest, Surroundings},
};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::watch,
    time::{Instant, Sleep},
};
use wasmtime::{Result, component::Resource};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The host's side of `http.exchange`, shared with the waitables made of it.
pub type UnderWay = Arc<Exchange>;

type Answer<T> = std::result::Result<T, wit::HttpError>;

impl wit::Host for Guest {
    async fn fetch(&mut self, asked: wit::Request) -> Result<Answer<wit::Response>> {
        let Surroundings { policy, http, .. } = &*self.surroundings;
        let response = http.fetch(policy, request(asked), self.cancel.0.clone().into()).await;
        self.answer(response)
    }

    async fn send(&mut self, asked: wit::Request) -> Result<Answer<Resource<UnderWay>>> {
        let Surroundings { policy, http, .. } = &*self.surroundings;
        match http.begin(policy, request(asked), self.cancel.0.clone().into()) {
            Ok(exchange) => Ok(Ok(self.table.push(Arc::new(exchange))?)),
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl wit::HostExchange for Guest {
    async fn ready(&mut self, this: Resource<UnderWay>) -> Result<Resource<Waitable>> {
        let exchange = Arc::clone(self.table.get(&this)?);
        Ok(self.table.push(Waitable::Answered(exchange))?)
    }

    async fn response(&mut self, this: Resource<UnderWay>) -> Result<Answer<wit::Response>> {
        let exchange = Arc::clone(self.table.get(&this)?);
        let response = exchange.response().await;
        self.answer(response)
    }

    async fn drop(&mut self, this: Resource<UnderWay>) -> Result<()> {
        // A waitable that was made of it may live on.
        self.table.delete(this)?.end();
        Ok(())
    }
}

impl Guest {
    fn answer(&mut self, response: std::result::Result<Response, HttpError>) -> Result<Answer<wit::Response>> {
        Ok(match response {
            Ok(response) => Ok(wit::Response {
                status: response.status,
                url: response.url,
                headers: response.headers,
                body: self.table.push(Reader::body(response.body))?,
            }),
            Err(error) => Err(error.into()),
        })
    }
}

fn request(asked: wit::Request) -> Request {
    Request {
        method: asked.method,
        url: asked.url,
        headers: asked.headers,
        body: asked.body,
        timeout: asked.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        max_redirects: asked.max_redirects,
    }
}

impl From<HttpError> for wit::HttpError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied(text) => Self::Denied(text),
            HttpError::Timeout => Self::Timeout,
            HttpError::Cancelled => Self::Cancelled,
            HttpError::TooLarge => Self::TooLarge,
            HttpError::Failed(text) => Self::Failed(text),
        }
    }
}

/// What wasi:http does when a component sends a request.
pub(crate) struct Hooks {
    surroundings: Arc<Surroundings>,
    cancel: watch::Receiver<bool>,
}

impl Hooks {
    pub(crate) fn new(surroundings: Arc<Surroundings>, cancel: &super::Cancel) -> Self {
        Self { surroundings, cancel: cancel.0.clone() }
    }
}

/// What happens to a connection when its response was read: nothing here.
type Afterwards = Box<dyn Future<Output = std::result::Result<(), Error>> + Send>;
type Sent = std::result::Result<(http::Response<WasiBody>, Afterwards), Error>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Afterwards,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (surroundings, cancel) = (Arc::clone(&self.surroundings), self.cancel.clone());
        let options = options.unwrap_or_default();
        let head = match (options.connect_timeout, options.first_byte_timeout) {
            (None, None) => DEFAULT_TIMEOUT,
            (connect, first) => connect.unwrap_or_default().saturating_add(first.unwrap_or(DEFAULT_TIMEOUT)),
        };
        let pause = options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT);
        Box::new(async move {
            let Surroundings { policy, http, .. } = &*surroundings;
            let client: &HttpClient = http;
            let sent =
                client.send(policy, request, SendOptions { head, total: Some(MAX_TIMEOUT) }, cancel.into()).await;
            let response = sent.map_err(wasi_error)?;
            let response = response.map(|body| Paced::new(body, pause).boxed_unsync());
            Ok((response, Box::new(async { Ok(()) }) as Afterwards))
        })
    }
}

fn wasi_error(error: HttpError) -> Error {
    match error {
        // The code for a denial has no room for the lines that would allow it.
        HttpError::Denied(text) | HttpError::Failed(text) => Error::InternalError(Some(text)),
        HttpError::Timeout => Error::ConnectionTimeout,
        HttpError::Cancelled => Error::InternalError(Some(HttpError::Cancelled.to_string())),
        HttpError::TooLarge => Error::HttpResponseBodySize(None),
    }
}

/// A body whose pauses are bounded.
struct Paced<B> {
    body: B,
    pause: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl<B> Paced<B> {
    fn new(body: B, pause: Duration) -> Self {
        Self { body, pause, sleep: Box::pin(tokio::time::sleep(pause)) }
    }
}

impl<B: http_body::Body<Data = Bytes, Error = HttpError> + Unpin> http_body::Body for Paced<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.sleep.as_mut().reset(Instant::now() + this.pause);
            return Poll::Ready(frame.map(|frame| frame.map_err(wasi_error)));
        }
        this.sleep.as_mut().poll(context).map(|()| Some(Err(Error::ConnectionReadTimeout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte, and then nothing for ever.
    struct Dripping(Option<Bytes>);

    impl http_body::Body for Dripping {
        type Data = Bytes;
        type Error = HttpError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<std::result::Result<Frame<Bytes>, HttpError>>> {
            self.0.take().map_or(Poll::Pending, |byte| Poll::Ready(Some(Ok(Frame::data(byte)))))
        }
    }

    #[tokio::test]
    async fn f55_a_body_that_falls_silent_ends_by_itself_for_wasi_as_well() {
        let mut body = Paced::new(Dripping(Some(Bytes::from_static(b"x"))), Duration::from_millis(50));
        let first = body.frame().await.expect("a frame").expect("a byte");
        assert_eq!(first.into_data().ok(), Some(Bytes::from_static(b"x")));
        let second = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.expect("ends by itself");
        assert!(matches!(second, Some(Err(Error::ConnectionReadTimeout))));
    }
}
