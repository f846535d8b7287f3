use crate::{
    bindings::hob::plugin::{
        http::{self, HttpError, Request, Response},
        io::IoError,
    },
    missing::Missing,
    together,
};
use url::Url;

/// Who asks.
const AGENT: &str = concat!("hob/", env!("CARGO_PKG_VERSION"), " (+web-fetch)");

/// Bytes that are asked for in one call.
const CHUNK: u32 = 256 * 1024;

/// Asks for an address; a redirect comes back as it is.
pub async fn ask(url: &Url, headers: Vec<(String, String)>, seconds: u32) -> Result<Response, Missing> {
    let mut all = vec![("user-agent".to_owned(), AGENT.to_owned())];
    all.extend(headers);
    let exchange = http::send(&Request {
        method: "GET".to_owned(),
        url: url.to_string(),
        headers: all,
        body: None,
        timeout_ms: Some(seconds.saturating_mul(1000)),
        max_redirects: 0,
    })
    .map_err(|error| missing(error, seconds))?;
    together::ready(exchange.ready()).await;
    exchange.response().map_err(|error| missing(error, seconds))
}

/// Reads a body, at most about `most` bytes of it; whether that was all.
pub async fn read(response: &Response, most: usize) -> Result<(Vec<u8>, bool), Missing> {
    let mut body = Vec::new();
    loop {
        together::ready(response.body.ready()).await;
        match response.body.read(CHUNK) {
            Ok(None) => return Ok((body, true)),
            Ok(Some(bytes)) => body.extend(bytes),
            Err(IoError::Closed) => return Err(Missing::later("the connection ended early")),
            Err(IoError::Cancelled) => return Err(Missing::new("the task was asked to stop")),
            // Of time, or of `http_body`.
            Err(IoError::Limit(text) | IoError::Failed(text)) => return Err(Missing::later(text)),
        }
        if body.len() > most {
            return Ok((body, false));
        }
    }
}

pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn missing(error: HttpError, seconds: u32) -> Missing {
    match error {
        HttpError::Denied(text) => Missing::denied(text),
        HttpError::Timeout => Missing::later(format!("no answer within {seconds} s; --seconds gives it longer")),
        HttpError::Cancelled => Missing::new("the task was asked to stop"),
        HttpError::TooLarge => Missing::new("larger than `http_body` of the executor's limits allows"),
        HttpError::Failed(text) => Missing::later(text),
    }
}
