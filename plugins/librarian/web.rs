//! Pages from the web: two requests at most to a host at a time; robots.txt is respected, what was fetched before
//! is asked for only if it changed.

use crate::cache::{self, Kept};
use hob_plugin::{
    http::{HttpError, Request, Response},
    io::IoError,
};
use requests::{Turns, together};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::{Duration, Instant},
};
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
#[derive(Clone, Debug)]
pub enum Missing {
    Cancelled,
    /// The host's own words, with the lines that would allow it.
    Denied(String),
    /// The time or the bytes of the task are used up.
    Limit(&'static str),
    /// What the server answered instead.
    Status(u16),
    Failed(String),
}

pub struct Web {
    /// By origin; empty rules where the site has none.
    robots: RefCell<HashMap<String, Robots>>,
    turns: Turns,
    until: Instant,
    bytes_left: Cell<usize>,
    /// Bytes that were read, from the network or from what was kept.
    bytes: Cell<usize>,
}

/// What a site asks robots to leave alone.
#[derive(Clone)]
enum Robots {
    /// Another page of the site asked for it.
    OnTheWay,
    Rules(String),
    /// Why nothing of the site is read.
    Unknown(Missing),
}

/// How long an answer counts as fresh that does not say so: enough for a second question of the same person.
const FRESH: u64 = 300;

/// How long is waited for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Web {
    pub fn new(until: Instant, bytes: usize) -> Self {
        Self {
            robots: RefCell::default(),
            turns: Turns::default(),
            until,
            bytes_left: Cell::new(bytes),
            bytes: Cell::new(0),
        }
    }

    /// Bytes that were read.
    pub fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// The text at an address.
    pub async fn get(&self, address: &Url) -> Result<Got, Missing> {
        let _turn = self.turns.of(address).await;
        if !self.is_allowed(address).await? {
            return Err(Missing::Failed(format!("{} asks robots to leave this alone (robots.txt)", host(address))));
        }
        let kept = self.fetch(address).await?;
        let (text, _) = page::decode(&kept.body, Some(&kept.content_type));
        let address = Url::parse(&kept.address).unwrap_or_else(|_| address.clone());
        Ok(Got { address, content_type: kept.content_type, text })
    }

    async fn is_allowed(&self, address: &Url) -> Result<bool, Missing> {
        let origin = address.origin().ascii_serialization();
        let is_first = !self.robots.borrow().contains_key(&origin);
        if is_first {
            self.robots.borrow_mut().insert(origin.clone(), Robots::OnTheWay);
            let robots = match address.join("/robots.txt") {
                Ok(place) => match self.fetch(&place).await {
                    Ok(kept) => Robots::Rules(String::from_utf8_lossy(&kept.body).into_owned()),
                    // RFC 9309: a site that has trouble is left alone, one without rules has none.
                    Err(Missing::Status(status @ (429 | 500..))) => Robots::Unknown(Missing::Failed(format!(
                        "the server answered {status} for robots.txt, which may ask to leave this alone"
                    ))),
                    // One whose pages will not answer either.
                    Err(Missing::Status(_) | Missing::Failed(_)) => Robots::Rules(String::new()),
                    Err(stop) => Robots::Unknown(stop),
                },
                Err(_) => Robots::Rules(String::new()),
            };
            self.robots.borrow_mut().insert(origin.clone(), robots);
            together::happened();
        }
        together::until(|| match self.robots.borrow().get(&origin)? {
            Robots::OnTheWay => None,
            Robots::Unknown(stop) => Some(Err(stop.clone())),
            Robots::Rules(rules) => {
                let mut matcher = robotstxt::DefaultMatcher::default();
                Some(Ok(matcher.one_agent_allowed_by_robots(rules, ROBOT, address.as_str())))
            }
        })
        .await
    }

    async fn fetch(&self, address: &Url) -> Result<Kept, Missing> {
        let mut plain = address.clone();
        plain.set_fragment(None);
        let known = cache::get(plain.as_str());
        if let Some(kept) = known.as_ref().filter(|kept| kept.is_fresh()) {
            self.count(kept.body.len())?;
            return Ok(kept.clone());
        }
        let left = self.until.saturating_duration_since(Instant::now()).min(PATIENCE);
        if left.as_millis() == 0 {
            return Err(Missing::Limit("time"));
        }
        if self.bytes_left.get() == 0 {
            return Err(Missing::Limit("bytes"));
        }
        let request = Request::get(plain.as_str()).headers(headers(known.as_ref())).timeout(left).max_redirects(5);
        let response = requests::ask(&request).await.map_err(|error| self.missing(error))?;
        if let (304, Some(mut kept)) = (response.status, known) {
            kept.fetched = cache::now();
            cache::put(plain.as_str(), &kept);
            self.count(kept.body.len())?;
            return Ok(kept);
        }
        if response.status != 200 {
            return Err(Missing::Status(response.status));
        }
        let mut kept = about(&response);
        requests::read(&response, |bytes| {
            kept.body.extend_from_slice(bytes);
            self.count(bytes.len()).map(|()| true)
        })
        .await
        .map_err(|missing| if self.is_late() { Missing::Limit("time") } else { missing })?;
        if !response.header("cache-control").is_some_and(|value| value.contains("no-store")) {
            cache::put(plain.as_str(), &kept);
        }
        Ok(kept)
    }

    fn count(&self, bytes: usize) -> Result<(), Missing> {
        self.bytes.set(self.bytes.get() + bytes);
        let left = self.bytes_left.get().checked_sub(bytes);
        self.bytes_left.set(left.unwrap_or(0));
        left.map(drop).ok_or(Missing::Limit("bytes"))
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }

    fn missing(&self, error: HttpError) -> Missing {
        match error {
            HttpError::Cancelled => Missing::Cancelled,
            HttpError::Denied(text) => Missing::Denied(text),
            // Its time was what the task had left.
            HttpError::Timeout if self.is_late() => Missing::Limit("time"),
            HttpError::Timeout => Missing::Failed("no answer in time".to_owned()),
            HttpError::TooLarge => Missing::Failed("larger than `http_body` allows".to_owned()),
            HttpError::Failed(text) => Missing::Failed(text),
        }
    }
}

impl From<IoError> for Missing {
    fn from(error: IoError) -> Self {
        match error {
            IoError::Cancelled => Self::Cancelled,
            IoError::Closed => Self::Failed("the connection ended early".to_owned()),
            IoError::Limit(text) | IoError::Failed(text) => Self::Failed(text),
        }
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
    let control = response.header("cache-control").unwrap_or_default();
    let age = control.split(',').find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    let asks_each_time = control.contains("no-cache");
    Kept {
        address: response.url.clone(),
        content_type: response.header("content-type").unwrap_or_default().to_owned(),
        etag: response.header("etag").map(str::to_owned),
        last_modified: response.header("last-modified").map(str::to_owned),
        fetched: cache::now(),
        fresh_seconds: if asks_each_time { 0 } else { age.unwrap_or(FRESH) },
        body: Vec::new(),
    }
}

fn host(address: &Url) -> &str {
    address.host_str().unwrap_or_default()
}
