use crate::{bindings::hob::plugin::http as wit, http::HttpError};
use std::rc::Rc;

pub type Page = Rc<dyn Fn(&Asked) -> Answer>;

/// A request as a web server of the world sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Such as `GET`.
    pub method: String,
    /// The address.
    pub url: String,
    /// As they were given.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: Vec<u8>,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// What a web server of the world answers.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) url: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) error: Option<HttpError>,
}

impl Answer {
    /// A status and a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, url: None, headers: Vec::new(), body: body.into(), error: None }
    }

    /// No answer, for that reason.
    pub fn error(error: HttpError) -> Self {
        Self { error: Some(error), ..Self::new(0, "") }
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The address to which the request was led.
    #[must_use]
    pub fn at(self, url: &str) -> Self {
        Self { url: Some(url.to_owned()), ..self }
    }
}

impl From<&str> for Answer {
    fn from(body: &str) -> Self {
        Self::new(200, body)
    }
}

impl From<String> for Answer {
    fn from(body: String) -> Self {
        Self::new(200, body)
    }
}

/// As the host says it.
pub fn error(error: HttpError) -> wit::HttpError {
    match error {
        HttpError::Denied(text) => wit::HttpError::Denied(text),
        HttpError::Timeout => wit::HttpError::Timeout,
        HttpError::Cancelled => wit::HttpError::Cancelled,
        HttpError::TooLarge => wit::HttpError::TooLarge,
        HttpError::Failed(text) => wit::HttpError::Failed(text),
    }
}
