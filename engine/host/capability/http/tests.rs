mod bounds;
mod local;
mod redirect;
mod secrets;
mod server;
mod tls;
mod turns;
mod wasi;

use super::{
    client::Cancel,
    fetch::Response,
    network::{LookUp, Resolve},
    *,
};
use hob_core::{Asks, Grant, HttpAsk, HttpGrant, Policy, SecretAsk, SecretGrant, SecretPlace};
use server::{Server, respond};
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// Answers from a list, one for each time it is asked; the last one for ever.
#[derive(Clone, Default)]
struct Names {
    answers: Arc<Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Names {
    fn with(self, host: &str, answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        let answers = answers.iter().map(parse).collect();
        self.answers.lock().expect("unpoisoned").insert(host.to_owned(), answers);
        self
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("unpoisoned").clone()
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> LookUp {
        self.asked.lock().expect("unpoisoned").push(host.to_owned());
        let mut answers = self.answers.lock().expect("unpoisoned");
        let answer = answers.get_mut(host).and_then(|answers| match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        });
        Box::pin(std::future::ready(answer.ok_or_else(|| io::Error::other("no such name"))))
    }
}

fn grant(host: &str, port: u16) -> HttpGrant {
    let methods = vec!["*".to_owned()];
    HttpGrant { host: host.to_owned(), methods, scheme: "http".to_owned(), port: Some(port), local: true }
}

fn policy(http: Vec<HttpGrant>) -> Policy {
    with_secrets(http, &[])
}

fn with_secrets(http: Vec<HttpGrant>, secrets: &[(&str, &str, SecretPlace)]) -> Policy {
    let reason = "test".to_owned();
    let asks = Asks {
        http: vec![HttpAsk { host: "*".into(), methods: vec!["*".into()], reason: reason.clone() }],
        secrets: vec![SecretAsk { name: "*".into(), reason }],
        ..Asks::default()
    };
    let secret = |(name, host, place): &(&str, &str, SecretPlace)| {
        let grant = SecretGrant { env: format!("{name}_VALUE"), hosts: vec![(*host).to_owned()], places: vec![*place] };
        ((*name).to_owned(), grant)
    };
    let grant = Grant { http, secrets: secrets.iter().map(secret).collect(), ..Grant::default() };
    Policy::new("fetcher".parse().expect("a name"), asks, grant)
}

const BODY_BYTES: u64 = 1 << 20;

fn client_on(network: Network) -> HttpClient {
    let secrets: SecretLookup = Arc::new(|variable| match variable {
        "TOKEN_VALUE" => Some("s3cr3t".to_owned()),
        "BROKEN_VALUE" => Some("s3cr3t\nline".to_owned()),
        _ => None,
    });
    HttpClient::new(Arc::new(network), HttpOptions { body_bytes: BODY_BYTES, per_host: 6, secrets })
}

fn client(names: &Names) -> HttpClient {
    client_on(Network::direct(names.clone()))
}

fn get(url: impl Into<String>) -> Request {
    Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        timeout: Some(Duration::from_secs(20)),
        max_redirects: 5,
    }
}

/// Never cancelled.
fn never() -> Cancel {
    watch::channel(false).1.into()
}

async fn fetch(client: &HttpClient, policy: &Policy, request: Request) -> Result<(Response, String), HttpError> {
    let mut response = client.fetch(policy, request, never()).await?;
    let body = read(&mut response.body).await?;
    Ok((response, String::from_utf8_lossy(&body).into_owned()))
}

async fn read(body: &mut Body) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[track_caller]
fn denial(result: Result<(Response, String), HttpError>) -> String {
    match result {
        Err(HttpError::Denied(text)) => text,
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn a_granted_request_goes_through() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &["X-Answer: 42"], b"hello"));
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    let policy = policy(vec![grant("example.test", server.port())]);
    let url = format!("http://Example.TEST:{}/a?b=c#d", server.port());
    let mut request = get(url);
    request.headers = vec![
        ("x-mine".into(), "1".into()),
        ("Host".into(), "other.test".into()),
        ("Connection".into(), "upgrade".into()),
        ("Content-Length".into(), "9".into()),
    ];
    let (response, body) = fetch(&client(&names), &policy, request).await.expect("a response");
    assert_eq!((response.status, body.as_str()), (200, "hello"));
    assert_eq!(response.url, format!("http://example.test:{}/a?b=c", server.port()));
    assert!(response.headers.contains(&("x-answer".into(), "42".into())));
    let requests = server.requests();
    let head = requests[0].head.to_ascii_lowercase();
    assert!(head.starts_with("get /a?b=c http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nuser-agent: hob/{}\r\n", env!("CARGO_PKG_VERSION"))), "{head}");
    assert!(head.contains(&format!("\r\nhost: example.test:{}\r\n", server.port())), "{head}");
    assert!(head.contains("\r\nx-mine: 1\r\n") && !head.contains("upgrade") && !head.contains("length: 9"), "{head}");
}

#[tokio::test]
async fn what_is_not_granted_is_denied_before_anything_leaves() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &[], b""));
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]).with("other.test", &[&["127.0.0.1"]]);
    let port = server.port();
    let only_get = HttpGrant { methods: vec!["GET".into()], ..grant("example.test", port) };
    let policy = policy(vec![only_get]);
    let client = client(&names);
    for (method, url) in [
        ("GET", format!("http://other.test:{port}/")),
        ("GET", "http://example.test/".to_owned()),
        ("GET", format!("https://example.test:{port}/")),
        ("POST", format!("http://example.test:{port}/")),
        ("get", format!("http://sub.example.test:{port}/")),
    ] {
        let text = denial(fetch(&client, &policy, Request { method: method.into(), ..get(&url) }).await);
        assert!(text.contains("[executors.fetcher.grant]\nhttp = ["), "{text}");
    }
    assert_eq!(names.asked(), Vec::<String>::new());
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn connections_are_kept_within_a_client_and_end_with_it() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &[], b"x"));
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    let policy = policy(vec![grant("example.test", server.port())]);
    let client = client(&names);
    let url = format!("http://example.test:{}/", server.port());
    for _ in 0..3 {
        fetch(&client, &policy, get(&url)).await.expect("a response");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 1));
    assert_eq!(names.asked().len(), 3, "each request is looked up and checked");
    drop(client);
    server.wait_until_closed();
}

#[tokio::test]
async fn a_server_without_tls_and_a_closed_port_are_failures_in_words() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &[], b""));
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    let port = server.port();
    let https = HttpGrant { scheme: "https".into(), ..grant("example.test", port) };
    let policy = policy(vec![https, grant("example.test", 9), grant("nowhere.test", port)]);
    let client = client(&names);
    for url in [
        format!("https://example.test:{port}/"),
        "http://example.test:9/".into(),
        format!("http://nowhere.test:{port}/"),
    ] {
        let result = fetch(&client, &policy, get(&url)).await;
        assert!(matches!(&result, Err(HttpError::Failed(text)) if !text.is_empty()), "{url}: {result:?}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_failures() {
    let client = client(&Names::default());
    let policy = policy(vec![HttpGrant { port: None, ..grant("*", 80) }]);
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = get("http://example.test/");
        change(&mut request);
        request
    };
    for request in [
        with(&|request| request.method = "G E T".into()),
        with(&|request| request.method = "CONNECT".into()),
        with(&|request| request.method = "TRACE".into()),
        with(&|request| request.url = "ftp://example.test/".into()),
        with(&|request| request.url = "http://me:password@example.test/".into()),
        with(&|request| request.url = "http://me@example.test/".into()),
        with(&|request| request.headers = vec![("a b".into(), "x".into())]),
        with(&|request| request.headers = vec![("a".into(), "x\r\nb: y".into())]),
        with(&|request| request.headers = vec![("a".into(), "x".repeat(MAX_HEADER_BYTES))]),
        with(&|request| request.headers = vec![("a".into(), "x".into()); MAX_HEADERS + 1]),
        with(&|request| request.headers = vec![("a".into(), "x".into()); 100_000]),
    ] {
        let text = format!("{:.200}", format!("{request:?}"));
        let result = fetch(&client, &policy, request).await;
        assert!(matches!(result, Err(HttpError::Failed(_))), "{text}: {result:?}");
    }
}
