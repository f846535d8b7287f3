//! Requests to web servers that are granted.

use crate::{
    bindings::hob::plugin::http as wit,
    error::milliseconds,
    host,
    io::{Reader, Waitable},
};
use serde::de::DeserializeOwned;
use std::{error::Error, fmt, time::Duration};

/// A request without a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// It is not granted; the text has the lines that would allow it.
    Denied(String),
    /// It took longer than it may.
    Timeout,
    /// The task was asked to stop.
    Cancelled,
    /// The response is larger than `http_body` of the limits.
    TooLarge,
    /// Anything else, in words.
    Failed(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "there was no answer in time",
            Self::Cancelled => "the task was asked to stop",
            Self::TooLarge => "the answer is larger than `http_body` of the executor's limits allows",
            Self::Denied(text) | Self::Failed(text) => text,
        })
    }
}

impl Error for HttpError {}

impl From<wit::HttpError> for HttpError {
    fn from(error: wit::HttpError) -> Self {
        match error {
            wit::HttpError::Denied(text) => Self::Denied(text),
            wit::HttpError::Timeout => Self::Timeout,
            wit::HttpError::Cancelled => Self::Cancelled,
            wit::HttpError::TooLarge => Self::TooLarge,
            wit::HttpError::Failed(text) => Self::Failed(text),
        }
    }
}

/// A request to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request(wit::Request);

/// Redirects that are followed where nothing else is said: as browsers do, but for loops.
const REDIRECTS: u8 = 10;

/// Asks for an address.
pub fn get(url: &str) -> Result<Response, HttpError> {
    Request::get(url).send()
}

impl Request {
    /// With that method, such as `GET`.
    pub fn new(method: &str, url: &str) -> Self {
        Self(wit::Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
            max_redirects: REDIRECTS,
        })
    }

    /// Asks for an address.
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// Sends something to an address.
    pub fn post(url: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", url).body(body)
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// More headers.
    #[must_use]
    pub fn headers(mut self, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.0.headers.extend(headers);
        self
    }

    /// What is sent.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.0.body = Some(bytes.into());
        self
    }

    /// For all of it: waiting for a turn with the host, redirects, and the reading of the body.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.0.timeout_ms = Some(milliseconds(time));
        self
    }

    /// How many redirects are followed.
    #[must_use]
    pub fn max_redirects(mut self, count: u8) -> Self {
        self.0.max_redirects = count;
        self
    }

    /// Sends it, and waits for the head of the response.
    pub fn send(&self) -> Result<Response, HttpError> {
        Ok(Response::of(host::http::fetch(&self.0)?))
    }

    /// Sends it and returns at once, so that several can be under way.
    pub fn start(&self) -> Result<Exchange, HttpError> {
        Ok(Exchange(host::http::send(&self.0)?))
    }
}

/// A request that is under way. Dropping it ends it.
#[derive(Debug)]
pub struct Exchange(host::http::Exchange);

impl Exchange {
    /// Ready when the head of the response, or the error, is there.
    pub fn ready(&self) -> Waitable {
        Waitable(self.0.ready())
    }

    /// Waits for that.
    pub fn response(self) -> Result<Response, HttpError> {
        Ok(Response::of(self.0.response()?))
    }
}

/// What a server answered.
#[derive(Debug)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// The address after redirects.
    pub url: String,
    /// Names may be in capitals or not: [`Self::header`] finds both.
    pub headers: Vec<(String, String)>,
    /// The request is under way until this was read to its end or dropped.
    pub body: Reader,
}

/// Bytes of a body that [`Response::text`] and [`Response::json`] take: what a component's memory holds easily.
const MOST: usize = 32 << 20;

impl Response {
    fn of(response: host::http::Response) -> Self {
        let host::http::Response { status, url, headers, body } = response;
        Self { status, url, headers, body: Reader(body) }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Itself where the status is one of success, else an error that names it.
    pub fn success(self) -> Result<Self, HttpError> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(HttpError::Failed(format!("{} answered with status {}", self.url, self.status)))
        }
    }

    /// The body.
    pub fn bytes(self) -> Result<Vec<u8>, crate::TaskError> {
        self.body.read_all(MOST).map_err(|error| crate::TaskError::from(error).doing(&format!("read {}", self.url)))
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(self) -> Result<String, crate::TaskError> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The body as JSON of that type.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, crate::TaskError> {
        let url = self.url.clone();
        let bytes = self.bytes()?;
        serde_json::from_slice(&bytes).map_err(|error| crate::TaskError::from(error).doing(&format!("read {url}")))
    }
}
