//! Addresses that are not public, whatever name they hide behind.

use super::*;
use std::net::SocketAddr;

fn ok(_: &server::Received, stream: &mut std::net::TcpStream) {
    respond(stream, "200 OK", &[], b"reached");
}

#[tokio::test]
async fn a_local_address_needs_a_grant_that_says_so_in_every_spelling() {
    let server = Server::start(ok);
    let port = server.port();
    let client = client(&Names::default());
    let spellings = ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1"];
    let of = |local| policy(vec![HttpGrant { local, ..grant("127.0.0.1", port) }]);
    for spelling in spellings {
        let url = format!("http://{spelling}:{port}/");
        let text = denial(fetch(&client, &of(false), get(&url)).await);
        assert!(text.contains("127.0.0.1, which is not a public address"), "{text}");
        assert!(text.contains("local = true"), "{text}");
    }
    assert_eq!(server.connections(), 0);
    for spelling in spellings {
        let (_, body) = fetch(&client, &of(true), get(format!("http://{spelling}:{port}/"))).await.expect("granted");
        assert_eq!(body, "reached");
    }
}

#[tokio::test]
async fn addresses_in_brackets_are_checked_too() {
    let server = Server::start(ok);
    let port = server.port();
    let client = client(&Names::default());
    for host in ["[::ffff:127.0.0.1]", "[::1]", "[::]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0"] {
        let anything = HttpGrant { local: false, ..grant("*", port) };
        let text = denial(fetch(&client, &policy(vec![anything]), get(format!("http://{host}:{port}/"))).await);
        assert!(text.contains("which is not a public address"), "{text}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_to_a_local_address_is_denied_whatever_else_it_leads_to() {
    let server = Server::start(ok);
    let port = server.port();
    let policy = policy(vec![HttpGrant { local: false, ..grant("example.test", port) }]);
    for answer in [
        &["127.0.0.1"][..],
        &["93.184.216.34", "127.0.0.1"],
        &["2606:4700::1111", "::ffff:127.0.0.1"],
        &["10.1.2.3"],
        &["169.254.169.254"],
        &["::1", "127.0.0.1"],
    ] {
        let names = Names::default().with("example.test", &[answer]);
        let text = denial(fetch(&client(&names), &policy, get(format!("http://example.test:{port}/"))).await);
        assert!(text.contains("which is not a public address"), "{text}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_changes_its_address_is_checked_again_and_a_kept_connection_is_not_used() {
    let first = Server::start(ok);
    let port = first.port();
    let second = Server::start_on(SocketAddr::from(([127, 0, 0, 2], port)), ok);
    let names = Names::default().with("example.test", &[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]]);
    let client = client(&names);
    let policy = policy(vec![grant("example.test", port)]);
    let url = format!("http://example.test:{port}/");
    fetch(&client, &policy, get(&url)).await.expect("a response");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 0));
    fetch(&client, &policy, get(&url)).await.expect("a response");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 1), "checked {}", second.address());
    fetch(&client, &policy, get(&url)).await.expect("a response");
    assert_eq!((first.requests().len(), second.requests().len()), (2, 1));
    assert_eq!(names.asked().len(), 3, "no look-up but the one whose answer is checked");
}

#[tokio::test]
async fn a_kept_connection_to_a_local_address_serves_no_request_that_may_not_go_there() {
    let server = Server::start(ok);
    let port = server.port();
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    let of = |method: &str, local| HttpGrant { methods: vec![method.into()], local, ..grant("example.test", port) };
    let policy = policy(vec![of("GET", true), of("POST", false)]);
    let client = client(&names);
    let url = format!("http://example.test:{port}/");
    fetch(&client, &policy, get(&url)).await.expect("a response");
    denial(fetch(&client, &policy, Request { method: "POST".into(), ..get(&url) }).await);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_lines_of_a_denial_allow_what_was_denied() {
    let server = Server::start(ok);
    let port = server.port();
    let names = Names::default().with("example.test", &[&["127.0.0.1"]]);
    let client = client(&names);
    let url = format!("http://example.test:{port}/");
    let text = denial(fetch(&client, &policy(Vec::new()), get(&url)).await);
    let expect = format!(r#"http = [{{ host = "example.test", methods = ["GET"], scheme = "http", port = {port} }}]"#);
    assert!(text.ends_with(&expect), "{text}");
    let granted = HttpGrant { methods: vec!["GET".into()], local: false, ..grant("example.test", port) };
    let text = denial(fetch(&client, &policy(vec![granted]), get(&url)).await);
    let expect = expect.replace(" }]", ", local = true }]");
    assert!(text.ends_with(&expect), "{text}");
}

#[tokio::test]
async fn behind_a_proxy_the_name_is_the_proxys_and_numbers_are_checked_all_the_same() {
    let proxy = Server::start(ok);
    let names = Names::default().with("inside.test", &[&["10.0.0.1"]]);
    let client = client_on(Network::through(&format!("http://127.0.0.1:{}", proxy.port()), names));
    let policy = policy(vec![HttpGrant { local: false, ..grant("*", 80) }]);
    let (_, body) = fetch(&client, &policy, get("http://unknown-here.test/a")).await.expect("a response");
    assert_eq!(body, "reached");
    assert!(proxy.requests()[0].head.starts_with("GET http://unknown-here.test/a HTTP/1.1\r\n"));
    for host in ["10.0.0.1", "0x7f.1", "[::1]", "inside.test"] {
        denial(fetch(&client, &policy, get(format!("http://{host}/"))).await);
    }
    assert_eq!(proxy.requests().len(), 1);
}
