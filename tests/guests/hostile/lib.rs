//! Does harm in each of the ways that the host has to bear.

mod files;

use contract::{
    Asks, Guest, Success, Task, TaskError, context, describe, export, failed, http, io, json, params, process, succeed,
};
use serde::Deserialize;
use std::{
    fs,
    hint::black_box,
    net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket},
    thread,
    time::{Duration, Instant},
};
use wasi::wasi::{clocks::monotonic_clock::subscribe_duration, filesystem::preopens, io::poll, random::random};

mod wasi {
    #![expect(clippy::pedantic, reason = "generated")]
    wit_bindgen::generate!({ path: "wit", world: "hostile", generate_all });
}

struct Hostile;

impl Guest for Hostile {
    fn describe() -> String {
        let parameters = json!({
            "how": { "type": "string" },
            "count": { "type": "integer" },
            "text": { "type": "string" },
            "tries": { "type": "array" },
        });
        let asks = Asks::none().dir("/rw", "rw").dir("/ro", "ro").http("*").program("*").env("*");
        describe("hostile", &parameters, &asks)
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { how, count, text, tries } = params(&task)?;
        let data = match how.as_str() {
            "tries" => json!(files::all(&tries)),
            "connect" => json!(connect(&text)),
            "busy" | "loop" | "sleep" | "wait" | "read" | "request" | "program" => {
                hold(&how, count, &text)?;
                json!(null)
            }
            _ => json!(ask_too_much(&how, count, &text)?),
        };
        Ok(succeed(&how, Some(&data)))
    }
}

/// Keeps its slot.
fn hold(how: &str, count: usize, text: &str) -> Result<(), TaskError> {
    match how {
        "busy" => {
            let end = Instant::now() + Duration::from_millis(count as u64);
            while Instant::now() < end {
                (0..10_000).for_each(|number| _ = black_box(number));
            }
        }
        "sleep" => thread::sleep(Duration::MAX),
        "wait" => _ = io::wait(&[], None),
        "read" => _ = fs::read(text).map_err(|error| failed(&format!("read {text}: {error}")))?,
        "request" => {
            let request = http::Request {
                method: "GET".to_owned(),
                url: text.to_owned(),
                headers: Vec::new(),
                body: None,
                timeout_ms: None,
                max_redirects: 0,
            };
            http::fetch(&request).map_err(|error| failed(&format!("{error:?}")))?;
        }
        "program" => {
            let command = process::Command {
                program: "sleep".to_owned(),
                args: vec!["600".to_owned()],
                env: Vec::new(),
                cwd: None,
                stdin: process::StdinMode::Null,
                stdout: process::OutputMode::Null,
                stderr: process::OutputMode::Null,
            };
            let child = process::spawn(&command).map_err(|error| failed(&format!("{error:?}")))?;
            child.wait();
        }
        _ => loop {
            black_box(how);
        },
    }
    Ok(())
}

/// Wants more than there is, `count` of it; how much it got.
fn ask_too_much(how: &str, count: usize, text: &str) -> Result<usize, TaskError> {
    let in_words = |error: io::IoError| failed(&format!("{error:?}"));
    Ok(match how {
        "calls" => (0..count).filter(|_| !context::is_cancelled()).count(),
        "progress" => (0..count).map(|at| context::progress(None, &format!("step {at}"))).count(),
        "log" => (0..count).map(|at| context::log(context::Level::Warn, &format!("line {at}"), &[])).count(),
        "fields" => {
            context::log(context::Level::Warn, "fields", &vec![(String::new(), String::new()); count]);
            count
        }
        "output" => {
            let (output, block) = (context::output(), vec![b'x'; 1 << 20]);
            (0..count).try_for_each(|_| output.write(&block)).map_err(in_words)?;
            count
        }
        "random" => random::get_random_bytes(count as u64 * 1024).len(),
        "poll" => {
            let never = subscribe_duration(u64::MAX);
            poll::poll(&vec![&never; count]).len()
        }
        "waitables" => {
            let cancelled = context::cancelled();
            io::wait(&vec![&cancelled; count], Some(0)).map_err(in_words)?.len()
        }
        "folders" => (0..count).map(|_| preopens::get_directories()).collect::<Vec<_>>().len(),
        "path" => {
            let path = format!("{text}/{}", "x".repeat(count));
            fs::read(path).map_err(|error| failed(&error.to_string()))?.len()
        }
        "headers" => {
            let headers = vec![("x".to_owned(), "y".to_owned()); count];
            let url = text.to_owned();
            let method = "GET".to_owned();
            let request = http::Request { method, url, headers, body: None, timeout_ms: None, max_redirects: 0 };
            http::fetch(&request).map_err(|error| failed(&format!("{error:?}")))?.status.into()
        }
        "nested" => return Err(TaskError::Failed(nested(count))),
        _ => return Err(TaskError::InvalidParams(vec![("/how".to_owned(), how.to_owned())])),
    })
}

/// A failure with lists in lists in lists.
fn nested(depth: usize) -> contract::Failure {
    let data = Some(format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    contract::Failure { message: "nested".to_owned(), retryable: false, retry_after_ms: None, data }
}

/// Sockets of its own.
fn connect(address: &str) -> Vec<String> {
    let words = |what: &str, got: Result<String, std::io::Error>| match got {
        Ok(got) => format!("{what}: got {got}"),
        Err(error) => format!("{what}: {error}"),
    };
    vec![
        words("connect", TcpStream::connect(address).map(|stream| format!("{stream:?}"))),
        words("listen", TcpListener::bind("127.0.0.1:0").map(|listener| format!("{listener:?}"))),
        words(
            "send",
            UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"x", address)).map(|sent| sent.to_string()),
        ),
        words("look up", "localhost:80".to_socket_addrs().map(|found| format!("{:?}", found.collect::<Vec<_>>()))),
    ]
}

#[derive(Deserialize)]
struct Params {
    how: String,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    text: String,
    #[serde(default)]
    tries: Vec<files::Try>,
}

export!(Hostile);
