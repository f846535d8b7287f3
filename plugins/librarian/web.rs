//! Pages from the web: one request at a time, so never more than one to a host; robots.txt is respected, what was
//! fetched before is asked for only if it changed.

use crate::{
    bindings::hob::plugin::{
        http::{self, HttpError, Request, Response},
        io::IoError,
    },
    cache::{self, Kept},
};
use std::{collections::HashMap, time::Instant};
use url::Url;

/// Who asks.
const AGENT: &str = concat!("hob/", env!("CARGO_PKG_VERSION"), " (+librarian)");

/// The name that robots.txt may have rules for.
const ROBOT: &str = "hob";

/// A page or a file.
pub struct Got {
    /// After redirects.
    pub address: Url,
    pub content_type: String,
    pub text: String,
}

/// Why there is none.
#[derive(Debug)]
pub enum Missing {
    Cancelled,
    /// The host's own words, with the lines that would allow it.
    Denied(String),
    /// The time or the bytes of the task are used up.
    Limit(&'static str),
    Failed(String),
}

pub struct Web {
    /// Rules by origin; none where the site has none.
    robots: HashMap<String, String>,
    until: Instant,
    bytes_left: usize,
    /// Bytes that were read, from the network or from what was kept.
    pub bytes: usize,
}

/// How long an answer counts as fresh that does not say so: enough for a second question of the same person.
const FRESH: u64 = 300;

/// How long is waited for one answer.
const PATIENCE_MS: u128 = 20_000;

/// Bytes that are asked for in one call.
const CHUNK: u32 = 1 << 20;

impl Web {
    pub fn new(until: Instant, bytes: usize) -> Self {
        Self { robots: HashMap::new(), until, bytes_left: bytes, bytes: 0 }
    }

    /// The text at an address.
    pub fn get(&mut self, address: &Url) -> Result<Got, Missing> {
        if !self.is_allowed(address)? {
            return Err(Missing::Failed(format!("{} asks robots to leave this alone (robots.txt)", host(address))));
        }
        let kept = self.fetch(address)?;
        let (text, _) = page::decode(&kept.body, Some(&kept.content_type));
        let address = Url::parse(&kept.address).unwrap_or_else(|_| address.clone());
        Ok(Got { address, content_type: kept.content_type, text })
    }

    fn is_allowed(&mut self, address: &Url) -> Result<bool, Missing> {
        let origin = address.origin().ascii_serialization();
        if !self.robots.contains_key(&origin) {
            let rules = match address.join("/robots.txt").map(|robots| self.fetch(&robots)) {
                Ok(Ok(kept)) => String::from_utf8_lossy(&kept.body).into_owned(),
                Ok(Err(stop @ (Missing::Cancelled | Missing::Denied(_) | Missing::Limit(_)))) => return Err(stop),
                // A site without rules, or one whose pages will not answer either.
                _ => String::new(),
            };
            self.robots.insert(origin.clone(), rules);
        }
        let rules = self.robots.get(&origin).map(String::as_str).unwrap_or_default();
        Ok(robotstxt::DefaultMatcher::default().one_agent_allowed_by_robots(rules, ROBOT, address.as_str()))
    }

    fn fetch(&mut self, address: &Url) -> Result<Kept, Missing> {
        let mut plain = address.clone();
        plain.set_fragment(None);
        let known = cache::get(plain.as_str());
        if let Some(kept) = known.as_ref().filter(|kept| kept.is_fresh()) {
            self.count(kept.body.len())?;
            return Ok(kept.clone());
        }
        let left = self.until.saturating_duration_since(Instant::now()).as_millis().min(PATIENCE_MS);
        if left == 0 {
            return Err(Missing::Limit("time"));
        }
        if self.bytes_left == 0 {
            return Err(Missing::Limit("bytes"));
        }
        let response = http::fetch(&Request {
            method: "GET".to_owned(),
            url: plain.to_string(),
            headers: headers(known.as_ref()),
            body: None,
            timeout_ms: u32::try_from(left).ok(),
            max_redirects: 5,
        })
        .map_err(missing)?;
        if let (304, Some(mut kept)) = (response.status, known) {
            kept.fetched = cache::now();
            cache::put(plain.as_str(), &kept);
            self.count(kept.body.len())?;
            return Ok(kept);
        }
        if response.status != 200 {
            return Err(Missing::Failed(format!("the server answered {}", response.status)));
        }
        let kept = Kept { body: self.body(&response)?, ..about(&response) };
        if !header(&response, "cache-control").is_some_and(|value| value.contains("no-store")) {
            cache::put(plain.as_str(), &kept);
        }
        Ok(kept)
    }

    fn body(&mut self, response: &Response) -> Result<Vec<u8>, Missing> {
        let mut body = Vec::new();
        while let Some(bytes) = response.body.read(CHUNK).map_err(unread)? {
            body.extend_from_slice(&bytes);
            self.count(bytes.len())?;
            if Instant::now() > self.until {
                return Err(Missing::Limit("time"));
            }
        }
        Ok(body)
    }

    fn count(&mut self, bytes: usize) -> Result<(), Missing> {
        self.bytes += bytes;
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or(Missing::Limit("bytes"))?;
        Ok(())
    }
}

fn headers(known: Option<&Kept>) -> Vec<(String, String)> {
    let mut headers = vec![("user-agent".to_owned(), AGENT.to_owned())];
    if let Some(kept) = known {
        headers.extend(kept.etag.clone().map(|etag| ("if-none-match".to_owned(), etag)));
        headers.extend(kept.last_modified.clone().map(|date| ("if-modified-since".to_owned(), date)));
    }
    headers
}

fn about(response: &Response) -> Kept {
    let control = header(response, "cache-control").unwrap_or_default();
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    let asks_each_time = control.contains("no-cache");
    Kept {
        address: response.url.clone(),
        content_type: header(response, "content-type").unwrap_or_default().to_owned(),
        etag: header(response, "etag").map(str::to_owned),
        last_modified: header(response, "last-modified").map(str::to_owned),
        fetched: cache::now(),
        fresh_seconds: if asks_each_time { 0 } else { age.unwrap_or(FRESH) },
        body: Vec::new(),
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn missing(error: HttpError) -> Missing {
    match error {
        HttpError::Cancelled => Missing::Cancelled,
        HttpError::Denied(text) => Missing::Denied(text),
        HttpError::Timeout => Missing::Failed("no answer in time".to_owned()),
        HttpError::TooLarge => Missing::Failed("larger than `http_body` allows".to_owned()),
        HttpError::Failed(text) => Missing::Failed(text),
    }
}

fn unread(error: IoError) -> Missing {
    match error {
        IoError::Cancelled => Missing::Cancelled,
        IoError::Closed => Missing::Failed("the connection ended early".to_owned()),
        IoError::Limit(text) | IoError::Failed(text) => Missing::Failed(text),
    }
}

fn host(address: &Url) -> &str {
    address.host_str().unwrap_or_default()
}
