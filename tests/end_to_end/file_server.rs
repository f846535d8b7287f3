//! A web server on loopback that serves a folder or what a test says, counts, and keeps what it was asked.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub status: u16,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// Sent in chunks, so that its length is not known before.
    pub chunked: bool,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into(), chunked: false }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// It serves until the process ends.
pub struct FileServer {
    pub port: u16,
    state: Arc<State>,
}

struct State {
    answer: Box<dyn Fn(&Asked) -> Answer + Send + Sync>,
    /// How long each answer takes.
    delay: Duration,
    asked: Mutex<Vec<Asked>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl FileServer {
    /// Serves the files of a folder.
    pub fn start(folder: impl Into<PathBuf>, delay: Duration) -> Self {
        let folder = folder.into();
        Self::answering(delay, move |asked| file(&folder, asked))
    }

    /// Serves what `answer` says, which may take its time: each connection has a thread.
    pub fn answering(delay: Duration, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            answer: Box::new(answer),
            delay,
            asked: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&serving);
                thread::spawn(move || state.serve(&stream));
            }
        });
        Self { port, state }
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The requests since the last call.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.asked.lock().expect("no panic"))
    }

    /// Requests that were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
            let mut headers = Vec::new();
            let mut header = String::new();
            while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
                if let Some((name, value)) = header.trim().split_once(':') {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                header.clear();
            }
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            // A server's own time: so that requests that may overlap do.
            thread::sleep(self.delay);
            let answered = self.answer(stream, path, headers);
            self.now.fetch_sub(1, Ordering::SeqCst);
            if answered.is_err() {
                return;
            }
            line.clear();
        }
    }

    fn answer(&self, mut stream: &TcpStream, path: String, headers: Vec<(String, String)>) -> std::io::Result<()> {
        let mut asked = Asked { path, headers, status: 0 };
        let answer = (self.answer)(&asked);
        asked.status = answer.status;
        self.asked.lock().expect("no panic").push(asked);
        let mut head = format!("HTTP/1.1 {} x\r\n", answer.status);
        for (name, value) in &answer.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let mut body = answer.body;
        if answer.chunked {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            let chunks = body.chunks(1000);
            body = chunks
                .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
                .collect();
            body.extend(b"0\r\n\r\n");
        } else {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
        }
        stream.write_all(head.as_bytes())?;
        stream.write_all(&body)
    }
}

fn file(folder: &Path, asked: &Asked) -> Answer {
    let mut file = folder.join(asked.path.split('?').next().unwrap_or_default().trim_start_matches('/'));
    if file.is_dir() {
        file = file.join("index.html");
    }
    let content_type = match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("md") => "text/markdown",
        Some("xml") => "application/xml",
        Some("txt") => "text/plain",
        _ => "application/octet-stream",
    };
    let Ok(body) = fs::read(&file) else {
        return Answer::new(404, content_type, "");
    };
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let etag = format!("\"{:x}\"", hasher.finish());
    let is_known = asked.header("if-none-match") == Some(&etag);
    let answer = if is_known { Answer::new(304, content_type, "") } else { Answer::new(200, content_type, body) };
    answer.with("etag", etag).with("cache-control", "no-cache")
}
