use super::{
    Body, DEFAULT_TIMEOUT, HttpClient, HttpError, MAX_TIMEOUT,
    body::Bounds,
    client::{Cancel, Hop, HopBody, decide, in_time, of_component},
    secret::has_placeholder,
    target::Target,
    turns::Turn,
};
use bytes::Bytes;
use hob_core::{Access, Policy};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::time::Duration;
use tokio::time::Instant;

/// A request of `http.fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// In any case.
    pub method: String,
    /// `http` or `https`.
    pub url: String,
    /// Names and values; values may have placeholders. Those that belong to the connection (`host`,
    /// `content-length`, `connection`, …) and `accept-encoding` are left out: they are the host's.
    pub headers: Vec<(String, String)>,
    /// May have placeholders.
    pub body: Option<Vec<u8>>,
    /// For all of it, the reading of the body included; [`DEFAULT_TIMEOUT`] where none is given.
    pub timeout: Option<Duration>,
    /// Redirects that are followed. 0 returns the first one as it is; one more than allowed is an
    /// error.
    pub max_redirects: u8,
}

/// A response, whose body is still on its way.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The address after redirects.
    pub url: String,
    /// Names in lower case and values, invalid UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// Decompressed.
    pub body: Body,
}

/// Headers that are meant for one server.
const CREDENTIALS: [HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Headers that speak of the body.
const OF_BODY: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LOCATION];

impl Request {
    fn verb(&self) -> Result<Method, HttpError> {
        Method::from_bytes(self.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| HttpError::failed("the method is no word"))
    }

    /// What can be said of it before anything is sent; the policy's word on its address above all.
    pub(super) fn check(&self, policy: &Policy) -> Result<(), HttpError> {
        let method = self.verb()?;
        read_headers(&self.headers)?;
        let target = Target::parse(&self.url)?;
        let (scheme, host, port) = (target.scheme(), target.host(), target.port());
        decide(policy, &Access::Http { scheme, host, port, method: method.as_str() })
    }
}

impl HttpClient {
    /// Sends a request, follows its redirects, each through the same check, and returns the response
    /// as soon as its headers are there.
    pub async fn fetch(&self, policy: &Policy, request: Request, cancel: Cancel) -> Result<Response, HttpError> {
        let timeout = request.timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
        let deadline = Some(Instant::now() + timeout);
        let bounds = Bounds { bytes: self.options().body_bytes, deadline, cancel: cancel.clone() };
        in_time(deadline, cancel, self.follow(policy, request, bounds)).await
    }

    async fn follow(&self, policy: &Policy, request: Request, bounds: Bounds) -> Result<Response, HttpError> {
        let mut method = request.verb()?;
        let mut headers = read_headers(&request.headers)?;
        let mut body = request.body.map(Bytes::from);
        let mut target = Target::parse(&request.url)?;
        let mut followed = 0;
        loop {
            let hop = Hop {
                method: method.clone(),
                target: target.clone(),
                headers: headers.clone(),
                body: body.clone().map_or(HopBody::None, HopBody::Whole),
                decompress: true,
            };
            let (response, turn) = self.hop(policy, hop).await?;
            let Some(location) = location(&response).filter(|_| request.max_redirects > 0) else {
                return self.finish(&target, response, turn, bounds).await;
            };
            // Before the next one waits for a turn with what may be the same host.
            drop(turn);
            if followed == request.max_redirects {
                return Err(HttpError::failed(format!("there were more than {followed} redirects")));
            }
            followed += 1;
            let next = target.join(location.as_bytes())?;
            if becomes_get(response.status(), &method) {
                method = Method::GET;
                body = None;
                for name in &OF_BODY {
                    headers.remove(name);
                }
            }
            if !next.has_origin_of(&target) {
                headers = for_another_origin(&headers);
            }
            target = next;
        }
    }

    async fn finish(
        &self,
        target: &Target,
        response: reqwest::Response,
        turn: Turn,
        bounds: Bounds,
    ) -> Result<Response, HttpError> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let status = response.status().as_u16();
        let body = self.read_body(response, bounds, turn).await?;
        Ok(Response { status, url: target.url().to_string(), headers, body })
    }
}

fn read_headers(pairs: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let known = HeaderName::from_bytes(name.as_bytes());
        let known = known.map_err(|_| HttpError::failed(format!("{name:?} is no name of a header")))?;
        let value = HeaderValue::from_bytes(value.as_bytes());
        let value =
            value.map_err(|_| HttpError::failed(format!("the value of the header {known} has control bytes")))?;
        let added = headers.try_append(known, value);
        added.map_err(|_| HttpError::failed("the request has more headers than its limit"))?;
    }
    headers.remove(header::ACCEPT_ENCODING);
    Ok(of_component(headers))
}

fn location(response: &reqwest::Response) -> Option<HeaderValue> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    redirects.contains(&response.status()).then(|| response.headers().get(header::LOCATION).cloned()).flatten()
}

/// As the fetch standard has it.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        _ => false,
    }
}

/// Without what was meant for the first one.
fn for_another_origin(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, value) in headers {
        if !CREDENTIALS.contains(name) && !has_placeholder(value.as_bytes()) {
            kept.append(name, value.clone());
        }
    }
    kept
}
