//! A server on this machine that says exactly what a test wants it to.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// How long a test waits for what has to come.
pub const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub struct Received {
    /// From the request line to the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Received>,
    connections: usize,
    open: usize,
}

pub struct Server {
    address: SocketAddr,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

type Handler = dyn Fn(&Received, &mut TcpStream) + Send + Sync;

impl Server {
    pub fn start(handler: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), handler)
    }

    /// On another address of this machine.
    pub fn start_on(address: SocketAddr, handler: impl Fn(&Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new((Mutex::default(), Condvar::new()));
        let (shared, handler): (Arc<_>, Arc<Handler>) = (Arc::clone(&seen), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, handler) = (Arc::clone(&shared), Arc::clone(&handler));
                change(&shared, |seen| {
                    seen.connections += 1;
                    seen.open += 1;
                });
                thread::spawn(move || {
                    serve(stream, &shared, &*handler);
                    change(&shared, |seen| seen.open -= 1);
                });
            }
        });
        Self { address, seen }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn address(&self) -> IpAddr {
        self.address.ip()
    }

    pub fn requests(&self) -> Vec<Received> {
        self.seen.0.lock().expect("unpoisoned").requests.clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.0.lock().expect("unpoisoned").connections
    }

    /// Waits until every connection has ended.
    #[track_caller]
    pub fn wait_until_closed(&self) {
        let seen = self.seen.0.lock().expect("unpoisoned");
        let waited = self.seen.1.wait_timeout_while(seen, DEADLINE, |seen| seen.open > 0);
        assert!(!waited.expect("unpoisoned").1.timed_out(), "a connection is still open");
    }
}

fn change(seen: &(Mutex<Seen>, Condvar), change: impl FnOnce(&mut Seen)) {
    change(&mut seen.0.lock().expect("unpoisoned"));
    seen.1.notify_all();
}

fn serve(mut stream: TcpStream, seen: &(Mutex<Seen>, Condvar), handler: &Handler) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    while let Some(received) = receive(&mut reader) {
        change(seen, |seen| seen.requests.push(received.clone()));
        handler(&received, &mut stream);
    }
}

fn receive(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = Vec::new();
    if let Some(length) = length {
        body.resize(length, 0);
        reader.read_exact(&mut body).ok()?;
    } else if lower.contains("transfer-encoding: chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let length = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                break;
            }
        }
    }
    Some(Received { head, body })
}

/// A whole response on a connection that stays open. The client may be gone already.
pub fn respond(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) {
    let headers: String = headers.iter().flat_map(|header| [header, "\r\n"]).collect();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), body].concat());
}

/// Bytes as they are; false once the client is gone.
pub fn write(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).is_ok()
}

/// Returns when the client has closed its end.
pub fn wait_for_close(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}
