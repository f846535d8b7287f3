//! How many requests are under way at once, counted by the server.

use super::*;
use server::{DEADLINE, Received, wait_for_close, write};
use std::{net::TcpStream, sync::Condvar, time::Instant};

/// Counts the requests that it is serving; each is held until more than `most` are there, which is
/// wrong, or a moment has passed.
#[derive(Default)]
struct Crowd {
    now: Mutex<(usize, usize)>,
    changed: Condvar,
}

/// Long enough for any request that may come to be there.
const MOMENT: Duration = Duration::from_millis(100);

impl Crowd {
    fn server(self: &Arc<Self>, most: usize) -> Server {
        let crowd = Arc::clone(self);
        Server::start(move |_: &Received, stream: &mut TcpStream| {
            let mut now = crowd.now.lock().expect("unpoisoned");
            now.0 += 1;
            now.1 = now.1.max(now.0);
            crowd.changed.notify_all();
            let waited = crowd.changed.wait_timeout_while(now, MOMENT, |now| now.0 <= most);
            waited.expect("unpoisoned").0.0 -= 1;
            respond(stream, "200 OK", &[], b"x");
        })
    }

    fn largest(&self) -> usize {
        self.now.lock().expect("unpoisoned").1
    }
}

fn polite(network: &Arc<Network>, per_host: u32) -> HttpClient {
    let secrets: SecretLookup = Arc::new(|_| None);
    HttpClient::new(Arc::clone(network), HttpOptions { body_bytes: BODY_BYTES, per_host, secrets })
}

fn url(server: &Server) -> String {
    format!("http://127.0.0.1:{}/", server.port())
}

fn network() -> Arc<Network> {
    Arc::new(Network::direct(Names::default()))
}

#[tokio::test]
async fn no_more_requests_to_a_host_than_its_limit_over_all_tasks() {
    let crowd = Arc::new(Crowd::default());
    let server = crowd.server(2);
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let network = network();
    let (one, other) = (polite(&network, 2), polite(&network, 2));
    let all = async |client: &HttpClient| {
        let each = async || fetch(client, &policy, get(url(&server))).await.expect("a response");
        tokio::join!(each(), each(), each(), each());
    };
    tokio::join!(all(&one), all(&other));
    assert_eq!((server.requests().len(), crowd.largest()), (8, 2));
}

#[tokio::test]
async fn hosts_do_not_wait_for_each_other() {
    let crowd = Arc::new(Crowd::default());
    let (one, other) = (crowd.server(2), crowd.server(2));
    let policy = policy(vec![grant("127.0.0.1", one.port()), grant("127.0.0.1", other.port())]);
    let client = polite(&network(), 1);
    let each = async |server| fetch(&client, &policy, get(url(server))).await.expect("a response");
    tokio::join!(each(&one), each(&other));
    assert_eq!(crowd.largest(), 2);
}

#[tokio::test]
async fn a_turn_lasts_until_the_body_was_read_or_dropped() {
    let server = Server::start(|_, stream| respond(stream, "200 OK", &[], b"x"));
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let client = polite(&network(), 1);
    let mut first = client.fetch(&policy, get(url(&server)), never()).await.expect("a response");
    read(&mut first.body).await.expect("a body");
    let second = client.fetch(&policy, get(url(&server)), never()).await.expect("a response");
    drop(second);
    fetch(&client, &policy, get(url(&server))).await.expect("a response");
}

#[tokio::test]
async fn a_redirect_gives_its_turn_back() {
    let server = Server::start(|received, stream| {
        if received.head.starts_with("GET /end") {
            respond(stream, "200 OK", &[], b"x");
        } else {
            respond(stream, "302 Found", &["Location: /end"], b"");
        }
    });
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    fetch(&polite(&network(), 1), &policy, get(url(&server))).await.expect("a response");
}

#[tokio::test]
async fn whoever_waits_can_be_cancelled_and_runs_out_of_time() {
    let server = Server::start(|_, stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
        wait_for_close(stream);
    });
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let client = polite(&network(), 1);
    let holding = client.fetch(&policy, get(url(&server)), never()).await.expect("a response");
    let hasty = Request { timeout: Some(MOMENT), ..get(url(&server)) };
    assert_eq!(client.fetch(&policy, hasty, never()).await.map(drop), Err(HttpError::Timeout));
    let (sender, receiver) = watch::channel(false);
    let waiting = client.fetch(&policy, get(url(&server)), receiver.into());
    let (ended, ()) = tokio::join!(waiting, async { sender.send(true).expect("somebody waits") });
    assert_eq!(ended.map(drop), Err(HttpError::Cancelled));
    assert_eq!(server.requests().len(), 1, "nobody who waited was let in");
    // Their places in the queue went with them.
    drop(holding);
    assert!(client.fetch(&policy, get(url(&server)), never()).await.is_ok());
}

#[tokio::test]
async fn exchanges_are_under_way_together_and_wait_for_nothing() {
    let crowd = Arc::new(Crowd::default());
    let server = crowd.server(3);
    let policy = Arc::new(policy(vec![grant("127.0.0.1", server.port())]));
    let client = Arc::new(polite(&network(), 3));
    let begin = || client.begin(&policy, get(url(&server)), never()).expect("under way");
    let exchanges: Vec<Exchange> = (0..5).map(|_| begin()).collect();
    for exchange in &exchanges {
        exchange.ready().await;
        let mut response = exchange.response().await.expect("a response");
        assert_eq!(read(&mut response.body).await.expect("a body"), b"x");
        let again = exchange.response().await.map(drop);
        assert!(matches!(again, Err(HttpError::Failed(text)) if text.contains("before")));
    }
    assert_eq!((server.requests().len(), crowd.largest()), (5, 3));
}

#[tokio::test]
async fn exchanges_are_bounded_refused_at_once_and_end_when_dropped() {
    let server = Server::start(|_, stream| wait_for_close(stream));
    let policy = Arc::new(policy(vec![grant("127.0.0.1", server.port())]));
    let client = Arc::new(polite(&network(), 1000));
    let begin = |url: String| client.begin(&policy, get(url), never());
    assert!(
        matches!(begin("http://other.test/".to_owned()), Err(HttpError::Denied(text)) if text.contains("[executors.fetcher.grant]"))
    );
    assert!(matches!(begin("no address".to_owned()), Err(HttpError::Failed(_))));
    let exchanges: Vec<Exchange> = (0..MAX_EXCHANGES).map(|_| begin(url(&server)).expect("under way")).collect();
    assert!(matches!(begin(url(&server)), Err(HttpError::Failed(text)) if text.contains("64 requests")));
    let start = Instant::now();
    while server.connections() < MAX_EXCHANGES {
        assert!(start.elapsed() < DEADLINE, "{} connections", server.connections());
        tokio::task::yield_now().await;
    }
    drop(exchanges);
    server.wait_until_closed();
    assert!(begin(url(&server)).is_ok());
}
