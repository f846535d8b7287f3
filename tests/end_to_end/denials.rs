//! Each power that was not granted is refused, in words that end with the configuration lines that
//! would allow it; with those lines applied, the same task passes.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::PathBuf,
};

/// A test component, built by `cargo xtask guests`.
pub fn guest(name: &str) -> PathBuf {
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let path = target.join(format!("test-guests/{name}.wasm"));
    assert!(path.exists(), "{} is missing: `cargo xtask guests` builds it", path.display());
    path
}

/// Configuration that runs a test component under a name.
pub fn executor(name: &str, component: &str, rest: &str) -> String {
    format!("[executors.{name}]\ncomponent = \"{}\"\n{rest}", guest(component).display())
}

/// Dispatches, expects a denial, applies its lines, dispatches again; the result's data.
#[track_caller]
fn denied_then_granted(
    sandbox: &Sandbox,
    name: &str,
    component: &str,
    params: &Value,
    amend: fn(&str) -> String,
) -> Value {
    let base = executor(name, component, "");
    sandbox.configure(&base);
    let params = params.to_string();
    let denied = sandbox.run(["dispatch", name, "--id", "denied", "--params", &params, "--wait"]);
    assert_eq!(denied.code, 5, "{denied:?}");
    let failure = &sandbox.show("denied")["failure"];
    assert_eq!(failure["kind"], "denied", "{failure}");
    let message = failure["message"].as_str().expect("a message");
    let at = message.find(&format!("[executors.{name}.grant]")).unwrap_or_else(|| panic!("no lines in: {message}"));
    sandbox.configure(&format!("{base}\n{}\n", amend(&message[at..])));
    let granted = sandbox.run(["dispatch", name, "--id", "granted", "--params", &params, "--wait"]);
    assert_eq!(granted.code, 0, "{granted:?}\n{}", sandbox.show("granted"));
    sandbox.show("granted")["result"].clone()
}

fn as_it_stands(lines: &str) -> String {
    lines.to_owned()
}

#[test]
fn a_folder() {
    let sandbox = Sandbox::new();
    sandbox.file("note.txt", "inside");
    let params = json!({ "root": "/", "globs": ["*.txt"] });
    let result = denied_then_granted(&sandbox, "walks", "files_walk", &params, as_it_stands);
    assert!(result.to_string().contains("note.txt"), "{result}");
}

/// A component that opens files with its language's own means hears only "no such file"; the failure
/// says the rest.
#[test]
fn a_folder_by_the_languages_own_means() {
    let sandbox = Sandbox::new();
    sandbox.file("note.txt", "inside");
    for (name, params) in [
        ("dir_read", json!({ "path": "/note.txt" })),
        ("dir_write", json!({ "action": "write", "path": "/made.txt", "to": "by a guest" })),
    ] {
        let base = executor("files", name, "");
        sandbox.configure(&base);
        let (denied, granted, params) = (format!("{name}-1"), format!("{name}-2"), params.to_string());
        assert_eq!(sandbox.run(["dispatch", "files", "--id", &denied, "--params", &params, "--wait"]).code, 1);
        let task = sandbox.show(&denied);
        let message = task["failure"]["message"].as_str().expect("a message");
        let at = message.find("[executors.files.grant]").unwrap_or_else(|| panic!("no lines in: {message}"));
        sandbox.configure(&format!("{base}\n{}\n", &message[at..]));
        sandbox.ok(["dispatch", "files", "--id", &granted, "--params", &params, "--wait"]);
    }
    assert!(sandbox.show("dir_read-2")["result"].to_string().contains("inside"));
    assert_eq!(sandbox.read("made.txt"), "by a guest");
}

#[test]
fn f53_a_program() {
    let sandbox = Sandbox::new();
    let params = json!({ "program": "echo", "args": ["from", "a program"] });
    let result = denied_then_granted(&sandbox, "runs", "program_run", &params, |lines| {
        // The one thing that hob cannot know is where the program is.
        lines.replace("/path/to/echo", "/bin/echo")
    });
    assert!(result.to_string().contains("from a program"), "{result}");
}

#[test]
fn f53_a_variable() {
    let sandbox = Sandbox::new();
    let grant = "[executors.runs.grant]\nprograms = { sh = { path = \"/bin/sh\" } }\n";
    let base = executor("runs", "program_run", "");
    sandbox.configure(&format!("{base}\n{grant}"));
    let params =
        json!({ "program": "sh", "args": ["-c", "echo $GREETING"], "env": [["GREETING", "good day"]] }).to_string();
    assert_eq!(sandbox.run(["dispatch", "runs", "--id", "denied", "--params", &params, "--wait"]).code, 5);
    let task = sandbox.show("denied");
    assert_eq!(task["failure"]["kind"], "denied", "{task}");
    let message = task["failure"]["message"].as_str().expect("a message");
    let line =
        message.lines().find(|line| line.starts_with("env = ")).unwrap_or_else(|| panic!("no line in {message}"));
    sandbox.configure(&format!("{base}\n{grant}{line}\n"));
    sandbox.ok(["dispatch", "runs", "--id", "granted", "--params", &params, "--wait"]);
    assert!(sandbox.show("granted")["result"].to_string().contains("good day"));
}

#[test]
fn a_host_and_then_its_address() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let length = stream.read(&mut buffer).expect("read");
            request.extend_from_slice(&buffer[..length]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").expect("written");
    });
    let params = json!({ "url": format!("http://127.0.0.1:{port}/") });
    // The first denial is of the host; with its lines, the second is of the address behind it.
    let base = executor("fetches", "http_get", "");
    let mut config = base.clone();
    for id in ["host", "address"] {
        sandbox.configure(&config);
        let ran = sandbox.run(["dispatch", "fetches", "--id", id, "--params", &params.to_string(), "--wait"]);
        assert_eq!(ran.code, 5, "{ran:?}");
        let task = sandbox.show(id);
        assert_eq!(task["failure"]["kind"], "denied", "{task}");
        let message = task["failure"]["message"].as_str().expect("a message");
        let at = message.find("[executors.fetches.grant]").unwrap_or_else(|| panic!("no lines in: {message}"));
        config = format!("{base}\n{}\n", &message[at..]);
    }
    assert!(config.contains("local = true"), "{config}");
    sandbox.configure(&config);
    sandbox.ok(["dispatch", "fetches", "--id", "granted", "--params", &params.to_string(), "--wait"]);
    assert!(sandbox.show("granted").to_string().contains("hello"));
    server.join().expect("served");
}

#[test]
fn state() {
    let sandbox = Sandbox::new();
    denied_then_granted(&sandbox, "counts", "state_counter", &json!({}), as_it_stands);
    let again = sandbox.run(["dispatch", "counts", "--id", "again", "--wait"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(sandbox.show("again")["result"].to_string().contains('2'), "{}", sandbox.show("again"));
}

#[test]
fn f52_a_component_sees_no_environment_and_no_arguments() {
    let sandbox = Sandbox::with_config(&executor("prints", "env_print", ""));
    sandbox.ok(["dispatch", "prints", "--id", "empty", "--wait"]);
    let data = &sandbox.show("empty")["result"]["data"];
    assert_eq!((&data["env"], &data["args"]), (&json!({}), &json!([])), "{data}");
}
