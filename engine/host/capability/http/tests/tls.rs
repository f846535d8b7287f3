//! Certificates: the system's roots decide, and the name has to be the one that was asked for.

use super::*;
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

struct TlsServer {
    port: u16,
    certificate: CertificateDer<'static>,
    /// Requests that were readable.
    answered: Arc<AtomicUsize>,
}

/// Answers every request with `hello`, as `name`.
fn serve(name: &str) -> TlsServer {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a server");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answered = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&answered);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, stream);
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.extend_from_slice(&byte);
            }
            if head.ends_with(b"\r\n\r\n") {
                counted.fetch_add(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    TlsServer { port, certificate, answered }
}

async fn ask(server: &TlsServer, network: Network) -> Result<String, HttpError> {
    let policy = policy(vec![HttpGrant { scheme: "https".into(), ..grant("secure.test", server.port) }]);
    let url = format!("https://secure.test:{}/", server.port);
    fetch(&client_on(network), &policy, get(url)).await.map(|(_, body)| body)
}

#[tokio::test]
async fn a_certificate_has_to_be_trusted_and_to_bear_the_name() {
    let names = Names::default().with("secure.test", &[&["127.0.0.1"]]);
    let network = || Network::direct(names.clone());
    let server = serve("secure.test");
    assert_eq!(ask(&server, network().trusting(server.certificate.clone())).await, Ok("hello".to_owned()));
    let other = serve("other.test");
    for (server, network) in [(&server, network()), (&other, network().trusting(other.certificate.clone()))] {
        let before = server.answered.load(Ordering::SeqCst);
        let result = ask(server, network).await;
        assert!(matches!(&result, Err(HttpError::Failed(text)) if text.contains("certificate")), "{result:?}");
        assert_eq!(server.answered.load(Ordering::SeqCst), before);
    }
}
