//! Caps in bytes and in time.

use super::*;
use flate2::{Compression, write::GzEncoder};
use server::{DEADLINE, wait_for_close, write};
use std::{io::Write as _, net::TcpStream, time::Instant};

async fn outcome(server: &Server, timeout: Duration) -> Result<usize, HttpError> {
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let mut request = get(format!("http://127.0.0.1:{}/", server.port()));
    request.timeout = Some(timeout);
    fetch(&client(&Names::default()), &policy, request).await.map(|(_, body)| body.len())
}

fn gzip(mut each: impl FnMut(&mut GzEncoder<Vec<u8>>)) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    each(&mut encoder);
    encoder.finish().expect("a stream")
}

fn serve_gzip(bytes: Vec<u8>) -> Server {
    Server::start(move |_, stream| respond(stream, "200 OK", &["Content-Encoding: gzip"], &bytes))
}

#[tokio::test]
async fn compressed_bodies_arrive_decompressed() {
    let server = serve_gzip(gzip(|encoder| encoder.write_all(b"hello, hello, hello").expect("written")));
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let mut request = get(format!("http://127.0.0.1:{}/", server.port()));
    request.headers = vec![("accept-encoding".into(), "identity".into())];
    let (response, body) = fetch(&client(&Names::default()), &policy, request).await.expect("a response");
    assert_eq!(body, "hello, hello, hello");
    assert!(!response.headers.iter().any(|(name, _)| name == "content-encoding"));
    assert!(server.requests()[0].head.contains("accept-encoding: gzip"));
}

#[tokio::test]
async fn f55_a_gzip_bomb_ends_at_the_cap() {
    let zeros = vec![0; 1 << 20];
    let bomb = gzip(|encoder| (0..256).for_each(|_| encoder.write_all(&zeros).expect("written")));
    assert!((bomb.len() as u64) < BODY_BYTES, "the compressed size alone would be fine");
    assert_eq!(outcome(&serve_gzip(bomb), DEADLINE).await, Err(HttpError::TooLarge));
}

#[tokio::test]
async fn f55_an_endless_body_ends_at_the_cap() {
    let server = Server::start(|_, stream| {
        let mut is_open = write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"10000\r\n", &vec![b'x'; 0x10000][..], b"\r\n"].concat();
        while is_open {
            is_open = write(stream, &chunk);
        }
    });
    assert_eq!(outcome(&server, DEADLINE).await, Err(HttpError::TooLarge));
    server.wait_until_closed();
}

#[tokio::test]
async fn a_body_as_large_as_the_cap_is_fine_and_one_byte_more_is_not() {
    for (length, expect) in [(BODY_BYTES, true), (BODY_BYTES + 1, false)] {
        let server = Server::start(move |_, stream| {
            let body = vec![b'x'; usize::try_from(length).expect("small")];
            respond(stream, "200 OK", &[], &body);
        });
        let result = outcome(&server, DEADLINE).await;
        assert_eq!(result.is_ok(), expect, "{result:?}");
    }
}

#[tokio::test]
async fn f55_a_slow_body_ends_with_the_timeout() {
    let server = Server::start(|_, stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
        wait_for_close(stream);
    });
    let begin = Instant::now();
    assert_eq!(outcome(&server, Duration::from_millis(300)).await, Err(HttpError::Timeout));
    assert!(begin.elapsed() < DEADLINE / 2);
    server.wait_until_closed();
}

#[tokio::test]
async fn a_body_that_nobody_reads_ends_with_the_timeout_too() {
    let server = Server::start(|_, stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while write(stream, b"4\r\nabcd\r\n") {}
    });
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let mut request = get(format!("http://127.0.0.1:{}/", server.port()));
    request.timeout = Some(Duration::from_millis(300));
    let client = client(&Names::default());
    let mut response = client.fetch(&policy, request, never()).await.expect("the head");
    server.wait_until_closed();
    assert_eq!(read(&mut response.body).await, Err(HttpError::Timeout));
}

#[tokio::test]
async fn a_silent_server_ends_with_the_timeout() {
    let server = Server::start(|_, stream| wait_for_close(stream));
    assert_eq!(outcome(&server, Duration::from_millis(300)).await, Err(HttpError::Timeout));
    server.wait_until_closed();
}

#[tokio::test]
async fn f55_header_floods_end_at_the_cap() {
    let many: fn(usize) -> String = |at| format!("X-{at}: y\r\n");
    let long: fn(usize) -> String = |_| "y".repeat(1000);
    let large: fn(usize) -> String = |at| format!("X-{at}: {}\r\n", "y".repeat(2000));
    for (count, line) in [(1_000_000, many), (1_000_000, long), (60, large)] {
        let server = Server::start(move |_, stream: &mut TcpStream| {
            let mut is_open = write(stream, b"HTTP/1.1 200 OK\r\nX: ");
            write(stream, b"x\r\nX-Long: \r\n");
            for at in 0..count {
                is_open = is_open && write(stream, line(at).as_bytes());
                if !is_open {
                    return;
                }
            }
            write(stream, b"Content-Length: 0\r\n\r\n");
        });
        let result = outcome(&server, DEADLINE).await;
        assert_eq!(result, Err(HttpError::TooLarge));
        server.wait_until_closed();
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_failure() {
    let server = Server::start(|_, stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
        stream.shutdown(std::net::Shutdown::Both).expect("shut down");
    });
    let result = outcome(&server, DEADLINE).await;
    assert!(matches!(&result, Err(HttpError::Failed(text)) if !text.contains("127.0.0.1")), "{result:?}");
}

#[tokio::test]
async fn cancelling_ends_the_wait_for_the_head_and_for_the_body() {
    for head in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"] {
        let (sender, receiver) = watch::channel(false);
        let sender = Arc::new(sender);
        let server = Server::start(move |_, stream| {
            write(stream, head);
            sender.send(true).expect("somebody waits");
            wait_for_close(stream);
        });
        let policy = policy(vec![grant("127.0.0.1", server.port())]);
        let client = client(&Names::default());
        let request = get(format!("http://127.0.0.1:{}/", server.port()));
        let result = match client.fetch(&policy, request, receiver.into()).await {
            Ok(mut response) => read(&mut response.body).await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(result, Err(HttpError::Cancelled));
        server.wait_until_closed();
    }
}

#[tokio::test]
async fn a_response_that_is_dropped_ends_its_connection() {
    let server = Server::start(|_, stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
        wait_for_close(stream);
    });
    let policy = policy(vec![grant("127.0.0.1", server.port())]);
    let client = client(&Names::default());
    let request = get(format!("http://127.0.0.1:{}/", server.port()));
    let mut response = client.fetch(&policy, request, never()).await.expect("the head");
    response.body.ready().await;
    assert_eq!(response.body.chunk().await.expect("a chunk").as_deref(), Some(&b"x"[..]));
    drop(response);
    server.wait_until_closed();
}
