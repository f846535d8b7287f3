//! Sends a request.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, http, json, params, succeed};
use serde::Deserialize;

struct HttpGet;

impl Guest for HttpGet {
    fn describe() -> String {
        describe(
            "http_get",
            &json!({
                "url": { "type": "string" },
                "method": { "type": "string" },
                "headers": { "type": "array" },
                "timeout_ms": { "type": "integer" },
                "max_redirects": { "type": "integer" }
            }),
            &Asks::none().http("*").secret("TOKEN"),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { url, method, headers, timeout_ms, max_redirects } = params(&task)?;
        let response = http::fetch(&http::Request { method, url, headers, body: None, timeout_ms, max_redirects });
        let response = response.map_err(|error| match error {
            http::HttpError::Denied(text) => TaskError::Denied(text),
            http::HttpError::Cancelled => TaskError::Cancelled,
            http::HttpError::Timeout => failed("timeout"),
            http::HttpError::TooLarge => failed("too large"),
            http::HttpError::Failed(text) => failed(&text),
        })?;
        let mut body = Vec::new();
        while let Some(bytes) = response.body.read(1 << 16).map_err(|error| failed(&format!("{error:?}")))? {
            body.extend(bytes);
        }
        let data = json!({
            "status": response.status,
            "url": response.url,
            "headers": response.headers,
            "body": String::from_utf8_lossy(&body),
            "length": body.len(),
        });
        Ok(succeed("answered", Some(&data)))
    }
}

#[derive(Deserialize)]
struct Params {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    timeout_ms: Option<u32>,
    #[serde(default)]
    max_redirects: u8,
}

fn get() -> String {
    "GET".to_owned()
}

export!(HttpGet);
