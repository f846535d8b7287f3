//! From an HTTPS server.

use super::{bytes, nothing_is_added, sha256, tls::TlsServer};
use crate::sandbox::Sandbox;

#[test]
fn an_address_with_a_digest() {
    let sandbox = Sandbox::new();
    let server = TlsServer::start(&sandbox, "200 OK", &bytes("noop"));
    let (url, digest) = (server.url(), sha256(&bytes("noop")));
    server.run(&sandbox, ["plugin", "add", &url, "--sha256", &digest]).succeeded();
    sandbox.ok(["dispatch", "noop", "--wait"]);
    let plugin = sandbox.json(["plugin", "show", "noop", "--json"]);
    assert_eq!(plugin["source"], format!("{url}#sha256={digest}"));
    // What the source of a component became is nothing to what was accepted.
    server.answers("404 Not Found", b"gone");
    sandbox.ok(["dispatch", "noop", "--wait"]);
    server.run(&sandbox, ["plugin", "update", "noop"]).refused(3, &["404", &url]);
    sandbox.ok(["plugin", "remove", "noop"]);
    server.answers("200 OK", &bytes("noop"));
    server.run(&sandbox, ["plugin", "add", &format!("{url}#sha256={digest}")]).succeeded();
}

#[test]
fn a_tampered_download() {
    let sandbox = Sandbox::new();
    let mut tampered = bytes("noop");
    *tampered.last_mut().expect("bytes") ^= 1;
    let server = TlsServer::start(&sandbox, "200 OK", &tampered);
    let (wanted, came) = (sha256(&bytes("noop")), sha256(&tampered));
    let ran = server.run(&sandbox, ["plugin", "add", &server.url(), "--sha256", &wanted]);
    ran.refused(3, &[&came, &wanted, "changed at its source or on its way"]);
    nothing_is_added(&sandbox);
}

#[test]
fn without_a_digest_or_without_tls_or_with_nobodys_certificate() {
    let sandbox = Sandbox::new();
    let server = TlsServer::start(&sandbox, "200 OK", &bytes("noop"));
    let (url, digest) = (server.url(), sha256(&bytes("noop")));
    server.run(&sandbox, ["plugin", "add", &url]).refused(2, &[&url, "--sha256", "sha256sum"]);
    let plain = url.replace("https:", "http:");
    server.run(&sandbox, ["plugin", "add", &plain, "--sha256", &digest]).refused(2, &["https://"]);
    sandbox.run(["plugin", "add", &url, "--sha256", &digest]).refused(3, &[&url, "certificate"]);
    server.run(&sandbox, ["plugin", "add", &url, "--sha256", "abc"]).refused(2, &["`abc` is no SHA-256"]);
    nothing_is_added(&sandbox);
}

#[test]
fn an_answer_of_200_mb_said_or_not() {
    let sandbox = Sandbox::new();
    let server = TlsServer::start(&sandbox, "200 OK\r\ncontent-length: 200000000", b"\0asm");
    let add = ["plugin", "add", &server.url(), "--sha256", &"0".repeat(64)];
    server.run(&sandbox, add).refused(3, &["200000000", "134217728"]);
    nothing_is_added(&sandbox);
}

#[test]
fn an_answer_that_leads_to_plain_http() {
    let sandbox = Sandbox::new();
    let server = TlsServer::start(&sandbox, "302 Found\r\nlocation: http://localhost:9/it.wasm", b"");
    let add = ["plugin", "add", &server.url(), "--sha256", &"0".repeat(64)];
    server.run(&sandbox, add).refused(3, &[&server.url()]);
    nothing_is_added(&sandbox);
}
