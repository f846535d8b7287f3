//! HTTPS through a proxy (54): a tunnel to what was granted and to nothing else.

use crate::{denials::executor, plugins::tls::TlsServer, sandbox::Sandbox};
use serde_json::{Value, json};
use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// Leads every tunnel to one port of this machine, and keeps what was said to it.
struct Proxy {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&heads);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let is_tunnel = head.starts_with("CONNECT ");
                log.lock().expect("a lock").push(head);
                if is_tunnel && stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").is_ok() {
                    tunnel(&stream, target);
                }
            }
        });
        Self { port, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("a lock").clone()
    }
}

fn tunnel(client: &TcpStream, target: u16) {
    let server = TcpStream::connect(("127.0.0.1", target)).expect("the server listens");
    for (from, to) in [(client, &server), (&server, client)] {
        let (mut from, mut to) = (from.try_clone().expect("a copy"), to.try_clone().expect("a copy"));
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

#[track_caller]
fn get(sandbox: &Sandbox, url: &str) -> Value {
    let params = json!({ "url": url, "headers": [["x-mine", "1"]] }).to_string();
    let ran = sandbox.run(["dispatch", "fetches", "--params", &params, "--wait", "--json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn f54_https_goes_through_a_proxy_as_a_tunnel_to_what_was_granted() {
    let host = |name: &str| format!("{{ host = \"{name}\", methods = [\"GET\"] }}");
    let grant = format!("[executors.fetches.grant]\nhttp = [{}, {}]\n", host("docs.test"), host("impostor.test"));
    let sandbox = Sandbox::with_config(&executor("fetches", "http_get", &grant));
    let server = TlsServer::named(&sandbox, "docs.test", "200 OK", b"by TLS");
    let proxy = Proxy::to(server.port());
    let mut start = sandbox.hob(["daemon", "start"]);
    start.env("HTTPS_PROXY", format!("http://ada:secret@127.0.0.1:{}", proxy.port));
    start.env("SSL_CERT_FILE", server.certificate());
    assert!(start.output().expect("hob starts").status.success());

    let task = get(&sandbox, "https://docs.test/page?q=1");
    assert_eq!(task["result"]["data"]["body"], "by TLS", "{task}");
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1);
    let head = heads[0].to_ascii_lowercase();
    assert!(head.starts_with("connect docs.test:443 http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nproxy-authorization: basic "), "{head}");
    assert!(!head.contains("page") && !head.contains("x-mine"), "the rest is for the server alone: {head}");
    let seen = server.heads().concat().to_ascii_lowercase();
    assert!(seen.starts_with("get /page?q=1 http/1.1\r\n") && seen.contains("\r\nx-mine: 1\r\n"), "{seen}");
    assert!(!seen.contains("proxy-authorization"), "{seen}");

    // Whom the proxy leads to is told by the certificate, and not believed.
    let task = get(&sandbox, "https://impostor.test/");
    let message = task["failure"]["message"].as_str().expect("a message");
    assert!(message.contains("certificate"), "{message}");
    assert_eq!(server.heads().len(), 1, "nothing was said to the impostor");

    // What was not granted never reaches the proxy, numbers of this machine included.
    let tunnels = proxy.heads().len();
    for url in ["https://other.test/", "http://docs.test/", "https://docs.test:8443/", "https://127.0.0.1/"] {
        let task = get(&sandbox, url);
        assert_eq!(task["failure"]["kind"], "denied", "{url}: {task}");
    }
    assert_eq!(proxy.heads().len(), tunnels);
}
