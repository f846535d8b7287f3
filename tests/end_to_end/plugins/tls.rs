//! A web server on loopback that speaks TLS, with a certificate that only a test trusts.

use crate::sandbox::{Ran, Sandbox};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use std::{
    ffi::OsStr,
    io::{Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

/// It serves until the process ends.
pub struct TlsServer {
    port: u16,
    certificate: PathBuf,
    answer: Arc<Mutex<Vec<u8>>>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl TlsServer {
    /// Answers every request with `head`, such as `200 OK`, and `body`.
    pub fn start(sandbox: &Sandbox, head: &str, body: &[u8]) -> Self {
        Self::named(sandbox, "localhost", head, body)
    }

    /// The same with the certificate of another name.
    pub fn named(sandbox: &Sandbox, name: &str, head: &str, body: &[u8]) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let certificate = sandbox.file("certificate.pem", made.cert.pem());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("a server");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { port, certificate, answer: Arc::default(), heads: Arc::default() };
        server.answers(head, body);
        let (answer, heads) = (Arc::clone(&server.answer), Arc::clone(&server.heads));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(connection, stream);
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.extend_from_slice(&byte);
                }
                if head.is_empty() {
                    // It did not like the certificate.
                    continue;
                }
                heads.lock().expect("heads").push(String::from_utf8_lossy(&head).into_owned());
                let answer = answer.lock().expect("an answer").clone();
                // Who has heard enough goes away.
                let _ = stream.write_all(&answer);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        server
    }

    /// What it answers from now on.
    pub fn answers(&self, head: &str, body: &[u8]) {
        let length =
            if head.contains("content-length") { String::new() } else { format!("\r\ncontent-length: {}", body.len()) };
        let head = format!("HTTP/1.1 {head}{length}\r\nconnection: close\r\n\r\n");
        *self.answer.lock().expect("an answer") = [head.as_bytes(), body].concat();
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The file with its certificate.
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The heads of the requests that came.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("heads").clone()
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}/it.wasm", self.port)
    }

    /// Runs `hob` where the certificate is trusted.
    pub fn run<S: AsRef<OsStr>>(&self, sandbox: &Sandbox, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&sandbox.hob(args).env("SSL_CERT_FILE", &self.certificate).output().expect("hob starts"))
    }
}
