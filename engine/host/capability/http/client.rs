use super::{
    CONNECT_TIMEOUT, HttpError, MAX_EXCHANGES, MAX_HEADER_BYTES, MAX_HEADERS, MAX_TIMEOUT, Network,
    address::{canonical, is_public},
    body::{Body, Bounds, at},
    network::Resolve,
    secret::Secrets,
    target::Target,
    turns::Turn,
};
use bytes::Bytes;
use hob_core::{Access, Policy, SecretPlace};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::BodyDataStream;
use hyper_util::client::proxy::matcher::Intercept;
use reqwest::{Client, dns};
use std::{
    error::Error,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::Instant,
};

/// Hosts whose connections are kept for the attempt's next request. 16: a crawler of one site and
/// its friends.
const MAX_KEPT: usize = 16;

/// How long a connection waits for another request. 30 s: servers close after about that.
const IDLE: Duration = Duration::from_secs(30);

/// Headers that belong to the connection, which is not the component's; left out as browsers do.
const OF_CONNECTION: [&str; 14] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// The value of an environment variable of the worker.
pub type SecretLookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The wish to stop: true, once.
#[derive(Clone, Debug)]
pub struct Cancel(watch::Receiver<bool>);

impl From<watch::Receiver<bool>> for Cancel {
    fn from(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }
}

impl Cancel {
    pub(super) async fn cancelled(mut self) {
        if self.0.wait_for(|cancelled| *cancelled).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}

/// What an attempt's requests have in common.
#[derive(Clone)]
pub struct HttpOptions {
    /// Bytes of a body, after decompression.
    pub body_bytes: u64,
    /// Requests to one host and port at once, together with those of other attempts.
    pub per_host: u32,
    /// Where the values of secrets come from.
    pub secrets: SecretLookup,
}

impl fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("body_bytes", &self.body_bytes)
            .field("per_host", &self.per_host)
            .finish_non_exhaustive()
    }
}

/// Times of [`HttpClient::send`].
#[derive(Clone, Copy, Debug)]
pub struct SendOptions {
    /// Until the response's headers are there.
    pub head: Duration,
    /// Until the end of the body, counted from the beginning; none leaves it to the task's clock.
    pub total: Option<Duration>,
}

/// The requests of one attempt. Cheap: it holds nothing before the first one, and the connections
/// end with it.
#[derive(Debug)]
pub struct HttpClient {
    network: Arc<Network>,
    options: HttpOptions,
    kept: Mutex<Vec<(Route, Client)>>,
    exchanges: Arc<Semaphore>,
}

/// Where a connection may go. Two requests share connections only if this is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    host: String,
    /// Checked, sorted; behind a proxy possibly none.
    addresses: Vec<IpAddr>,
    port: u16,
    proxy: Option<Proxy>,
    decompress: bool,
}

#[derive(Clone, PartialEq, Eq)]
struct Proxy {
    uri: http::Uri,
    basic: Option<HeaderValue>,
    raw: Option<(String, String)>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its credentials are nobody's business.
        f.debug_struct("Proxy").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// One request to one place.
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) target: Target,
    /// With placeholders.
    pub(super) headers: HeaderMap,
    pub(super) body: HopBody,
    pub(super) decompress: bool,
}

pub(super) enum HopBody {
    /// Sent with its placeholders filled in.
    Whole(Bytes),
    /// Sent as it comes.
    Stream(reqwest::Body),
    None,
}

impl HttpClient {
    /// A client for one attempt.
    pub fn new(network: Arc<Network>, options: HttpOptions) -> Self {
        Self { network, options, kept: Mutex::default(), exchanges: Arc::new(Semaphore::new(MAX_EXCHANGES)) }
    }

    /// Sends one request as it is, for wasi:http: redirects are not followed, the body is not
    /// decompressed, `content-length` is the component's. Secrets are filled into headers only.
    pub async fn send<B>(
        &self,
        policy: &Policy,
        request: http::Request<B>,
        options: SendOptions,
        cancel: Cancel,
    ) -> Result<http::Response<Body>, HttpError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let now = Instant::now();
        let (parts, body) = request.into_parts();
        let is_empty = body.is_end_stream() || body.size_hint().exact() == Some(0);
        let mut headers = of_component(parts.headers.clone());
        let body = if is_empty {
            HopBody::None
        } else {
            if let Some(length) = parts.headers.get(header::CONTENT_LENGTH) {
                headers.insert(header::CONTENT_LENGTH, length.clone());
            }
            HopBody::Stream(reqwest::Body::wrap_stream(BodyDataStream::new(body)))
        };
        let target = Target::parse(&parts.uri.to_string())?;
        let hop = Hop { method: parts.method, target, headers, body, decompress: false };
        let bounds = Bounds {
            bytes: self.options.body_bytes,
            deadline: options.total.map(|total| now + total.min(MAX_TIMEOUT)),
            cancel: cancel.clone(),
        };
        let head = now + options.head.min(MAX_TIMEOUT);
        let sent = async {
            let (response, turn) = self.hop(policy, hop).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            Ok((status, headers, self.read_body(response, bounds, turn).await?))
        };
        let (status, headers, body) = in_time(Some(head), cancel, sent).await?;
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    pub(super) fn options(&self) -> &HttpOptions {
        &self.options
    }

    pub(super) fn exchanges(&self) -> &Arc<Semaphore> {
        &self.exchanges
    }

    /// On the thread of the connections.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, HttpError> {
        self.network.spawn(work)
    }

    /// Checks one request, waits for its turn and sends it to where the check led.
    pub(super) async fn hop(&self, policy: &Policy, hop: Hop) -> Result<(reqwest::Response, Turn), HttpError> {
        let Hop { method, target, headers, body, decompress } = hop;
        if method == Method::CONNECT || method == Method::TRACE {
            return Err(HttpError::failed(format!("the method {method} is not for components")));
        }
        check_headers(&headers, || HttpError::failed("the request has more headers than its limit"))?;
        let (scheme, host, port) = (target.scheme(), target.host(), target.port());
        decide(policy, &Access::Http { scheme, host, port, method: method.as_str() })?;
        let secrets = Secrets { policy, look_up: &self.options.secrets, host };
        let mut headers = secrets.fill_headers(&headers)?;
        headers
            .entry(header::USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("hob/", env!("CARGO_PKG_VERSION"))));
        let mut request = reqwest::Request::new(method, target.url().clone());
        *request.body_mut() = match body {
            HopBody::Whole(bytes) => Some(match secrets.fill(&bytes, SecretPlace::Body)? {
                Some(filled) => filled.into(),
                None => bytes.into(),
            }),
            HopBody::Stream(body) => Some(body),
            HopBody::None => None,
        };
        *request.headers_mut() = headers;
        let turn = self.network.turns().take(host, port, self.options.per_host).await;
        let route = self.route(policy, &target, request.method(), decompress).await?;
        let client = self.client(route)?;
        let sending = async move { client.execute(request).await.map_err(|error| failure(&error)) };
        let response = self.network.run(sending).await?;
        check_headers(response.headers(), || HttpError::TooLarge)?;
        Ok((response, turn))
    }

    /// Starts to read the body; one that says that it is too large is not even begun.
    pub(super) async fn read_body(
        &self,
        response: reqwest::Response,
        bounds: Bounds,
        turn: Turn,
    ) -> Result<Body, HttpError> {
        if response.content_length().is_some_and(|length| length > bounds.bytes) {
            return Err(HttpError::TooLarge);
        }
        self.network.run(async move { Ok(Body::start(response, bounds, turn)) }).await
    }

    /// Looks the host up and checks every address.
    async fn route(
        &self,
        policy: &Policy,
        target: &Target,
        method: &Method,
        decompress: bool,
    ) -> Result<Route, HttpError> {
        let (scheme, host, port) = (target.scheme(), target.host(), target.port());
        let proxy = self.network.proxy(target.url()).map(|intercept| Proxy::from(&intercept));
        let mut addresses = match target.literal() {
            Some(address) => vec![address],
            None => match self.look_up(host).await {
                Ok(addresses) => addresses,
                // Behind a proxy there may be no names but the proxy's.
                Err(_) if proxy.is_some() => Vec::new(),
                Err(error) => return Err(error),
            },
        };
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses.iter().filter(|address| !is_public(**address)) {
            let (method, address) = (method.as_str(), canonical(*address).to_string());
            decide(policy, &Access::LocalAddress { scheme, host, port, method, address: &address })?;
        }
        Ok(Route { host: host.to_owned(), addresses, port, proxy, decompress })
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, HttpError> {
        let look_up = self.network.resolver().resolve(host);
        let unknown = |reason: &dyn fmt::Display| HttpError::failed(format!("{host} cannot be looked up: {reason}"));
        let found = self.network.run(async move { Ok(look_up.await) }).await?;
        match found {
            Ok(addresses) if addresses.is_empty() => Err(unknown(&"it has no address")),
            Ok(addresses) => Ok(addresses),
            Err(error) => Err(unknown(&error)),
        }
    }

    fn client(&self, route: Route) -> Result<Client, HttpError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = kept.iter().find(|(known, _)| *known == route) {
            return Ok(client.clone());
        }
        let client = route.connect(&self.network)?;
        if kept.len() == MAX_KEPT {
            kept.remove(0);
        }
        kept.push((route, client.clone()));
        Ok(client)
    }
}

impl Route {
    fn connect(&self, network: &Network) -> Result<Client, HttpError> {
        let resolver = Pinned { route: self.clone(), resolver: Arc::clone(network.resolver()) };
        let builder = Client::builder()
            .tls_backend_preconfigured(network.tls()?)
            .http1_only()
            .http1_max_headers(MAX_HEADERS)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .dns_resolver(Arc::new(resolver))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .gzip(self.decompress)
            .brotli(self.decompress);
        let builder = match &self.proxy {
            Some(proxy) => builder.proxy(proxy.build()?),
            None => builder.no_proxy(),
        };
        builder.build().map_err(|error| failure(&error))
    }
}

/// Knows the checked addresses of one host, and nothing else but the way to the proxy.
struct Pinned {
    route: Route,
    resolver: Arc<dyn Resolve>,
}

impl dns::Resolve for Pinned {
    fn resolve(&self, name: dns::Name) -> dns::Resolving {
        let Route { host, addresses, port, proxy, .. } = &self.route;
        let is_proxy = proxy.as_ref().is_some_and(|proxy| proxy.uri.host() == Some(name.as_str()));
        if is_proxy {
            let look_up = self.resolver.resolve(name.as_str());
            return Box::pin(async move { Ok(sockets(look_up.await?, 0)) });
        }
        let found = if name.as_str() == host.as_str() {
            Ok(sockets(addresses.clone(), *port))
        } else {
            Err(io::Error::other("a name that was not checked").into())
        };
        Box::pin(std::future::ready(found))
    }
}

fn sockets(addresses: Vec<IpAddr>, port: u16) -> dns::Addrs {
    Box::new(addresses.into_iter().map(move |address| SocketAddr::new(address, port)))
}

impl From<&Intercept> for Proxy {
    fn from(intercept: &Intercept) -> Self {
        let raw = intercept.raw_auth().map(|(user, password)| (user.to_owned(), password.to_owned()));
        Self { uri: intercept.uri().clone(), basic: intercept.basic_auth().cloned(), raw }
    }
}

impl Proxy {
    fn build(&self) -> Result<reqwest::Proxy, HttpError> {
        let unusable = || HttpError::failed("the proxy of hob's environment cannot be used: it is no URL");
        let mut url = reqwest::Url::parse(&self.uri.to_string()).map_err(|_| unusable())?;
        if let Some((user, password)) = &self.raw {
            url.set_username(user).and_then(|()| url.set_password(Some(password))).map_err(|()| unusable())?;
        }
        let proxy = reqwest::Proxy::all(url).map_err(|_| unusable())?;
        Ok(match &self.basic {
            Some(value) => proxy.custom_http_auth(value.clone()),
            None => proxy,
        })
    }
}

pub(super) fn decide(policy: &Policy, access: &Access<'_>) -> Result<(), HttpError> {
    policy.decide(access).map(drop).map_err(|denial| HttpError::Denied(denial.to_string()))
}

/// What a component may say in its headers.
pub(super) fn of_component(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_CONNECTION {
        headers.remove(name);
    }
    headers
}

fn check_headers(headers: &HeaderMap, error: impl Fn() -> HttpError) -> Result<(), HttpError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES { Err(error()) } else { Ok(()) }
}

pub(super) async fn in_time<T>(
    deadline: Option<Instant>,
    cancel: Cancel,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(HttpError::Cancelled),
        () = at(deadline) => Err(HttpError::Timeout),
        result = work => result,
    }
}

/// The library's error in words: its innermost cause, for the outer ones repeat the URL.
pub(super) fn failure(error: &reqwest::Error) -> HttpError {
    let mut cause: &dyn Error = error;
    loop {
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse_too_large) {
            return HttpError::TooLarge;
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => break,
        }
    }
    if error.is_timeout() {
        return HttpError::Timeout;
    }
    let what = if error.is_connect() { "no connection" } else { "the exchange failed" };
    HttpError::failed(format!("{what}: {cause}"))
}
