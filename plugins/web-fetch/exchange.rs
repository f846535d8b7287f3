use crate::missing::Missing;
use hob_plugin::{
    http::{HttpError, Request, Response},
    io::IoError,
};
use std::time::Duration;
use url::Url;

/// Who asks.
const AGENT: &str = concat!("hob/", env!("CARGO_PKG_VERSION"), " (+web-fetch)");

/// Asks for an address; a redirect comes back as it is.
pub async fn ask(url: &Url, headers: Vec<(String, String)>, seconds: u32) -> Result<Response, Missing> {
    let timeout = Duration::from_secs(seconds.into());
    let request = Request::get(url.as_str()).header("user-agent", AGENT).headers(headers);
    let request = request.timeout(timeout).max_redirects(0);
    requests::ask(&request).await.map_err(|error| match error {
        HttpError::Denied(text) => Missing::denied(text),
        HttpError::Timeout => Missing::later(format!("no answer within {seconds} s; --seconds gives it longer")),
        HttpError::Cancelled => Missing::new("the task was asked to stop"),
        HttpError::TooLarge => Missing::new("larger than `http_body` of the executor's limits allows"),
        HttpError::Failed(text) => Missing::later(text),
    })
}

/// Reads a body, at most about `most` bytes of it; whether that was all.
pub async fn read(response: &Response, most: usize) -> Result<(Vec<u8>, bool), Missing> {
    let mut body = Vec::new();
    let each = |bytes: &[u8]| {
        body.extend_from_slice(bytes);
        Ok::<_, Missing>(body.len() <= most)
    };
    let is_all = requests::read(response, each).await?;
    Ok((body, is_all))
}

impl From<IoError> for Missing {
    fn from(error: IoError) -> Self {
        match error {
            IoError::Closed => Self::later("the connection ended early"),
            IoError::Cancelled => Self::new("the task was asked to stop"),
            // Of time, or of `http_body`.
            IoError::Limit(text) | IoError::Failed(text) => Self::later(text),
        }
    }
}
