//! What wasi:http sends.

use super::*;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};

const TIMES: SendOptions = SendOptions { head: server::DEADLINE, total: Some(server::DEADLINE) };

fn request<B>(url: String, body: B) -> http::Request<B> {
    let request =
        http::Request::builder().method("PUT").uri(url).header("host", "x").header("x-key", "{{secret:TOKEN}}");
    request.body(body).expect("a request")
}

#[tokio::test]
async fn a_request_is_sent_as_it_is() {
    let server = Server::start(|_, stream| {
        respond(stream, "302 Found", &["Location: http://elsewhere.test/", "Content-Encoding: gzip"], b"not gzip");
    });
    let port = server.port();
    let policy = with_secrets(vec![grant("127.0.0.1", port)], &[("TOKEN", "127.0.0.1", SecretPlace::Header)]);
    let client = client(&Names::default());
    let url = format!("http://127.0.0.1:{port}/a");
    let streamed = Chunks(["one,", "two"].map(Bytes::from).into());
    let response = client.send(&policy, request(url.clone(), streamed), TIMES, never()).await.expect("a response");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-encoding"]),
        (302, &"gzip".parse().expect("a value"))
    );
    assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "not gzip");
    let whole = Full::new(Bytes::from_static(b"whole"));
    client.send(&policy, request(url.clone(), whole), TIMES, never()).await.expect("a response");
    client.send(&policy, request(url, Empty::new()), TIMES, never()).await.expect("a response");
    let requests = server.requests();
    let bodies: Vec<&[u8]> = requests.iter().map(|request| &request.body[..]).collect();
    assert_eq!(bodies, [&b"one,two"[..], b"whole", b""]);
    for head in requests.iter().map(|request| &request.head) {
        assert!(head.contains("x-key: s3cr3t\r\n") && head.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{head}");
    }
    assert!(!requests[2].head.contains("chunked"), "{}", requests[2].head);
}

/// A body of unknown length.
struct Chunks(VecDeque<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        std::task::Poll::Ready(self.0.pop_front().map(|chunk| Ok(http_body::Frame::data(chunk))))
    }
}

#[tokio::test]
async fn the_policy_and_the_cap_hold_here_too() {
    let server = Server::start(|_, stream| {
        server::write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n", &vec![b'x'; 0x10000][..], b"\r\n"].concat();
        while server::write(stream, &chunk) {}
    });
    let url = format!("http://127.1:{}/", server.port());
    let client = client(&Names::default());
    let secrets = [("TOKEN", "127.0.0.1", SecretPlace::Header)];
    let local_only = with_secrets(vec![HttpGrant { local: false, ..grant("127.0.0.1", server.port()) }], &secrets);
    for policy in [with_secrets(Vec::new(), &secrets), local_only, policy(vec![grant("127.0.0.1", server.port())])] {
        let result = client.send(&policy, request(url.clone(), Empty::new()), TIMES, never()).await;
        assert!(matches!(result, Err(HttpError::Denied(_))), "{result:?}");
    }
    assert_eq!(server.connections(), 0);
    let policy = with_secrets(vec![grant("127.0.0.1", server.port())], &secrets);
    let response = client.send(&policy, request(url, Empty::new()), TIMES, never()).await.expect("the head");
    assert_eq!(response.into_body().collect().await.map(drop), Err(HttpError::TooLarge));
}
