//! From a real registry: Debian's docker-registry.

use super::{bytes, nothing_is_added, sha256};
use crate::sandbox::{Sandbox, eventually};
use serde_json::json;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

/// The program, on a port of its own, with a folder of the sandbox. Its end is the test's.
struct Registry {
    port: u16,
    process: Child,
    folder: std::path::PathBuf,
}

impl Registry {
    fn start(sandbox: &Sandbox) -> Self {
        // Held until the registry is told of it, which then is free for it alone.
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let folder = sandbox.work().join("registry");
        let config = format!(
            "version: 0.1\nlog: {{ level: error, accesslog: {{ disabled: true }} }}\nstorage:\n  filesystem: {{ \
             rootdirectory: {} }}\nhttp: {{ addr: '127.0.0.1:{port}' }}\n",
            folder.display()
        );
        let config = sandbox.file("registry.yml", config);
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| {
            panic!(
                "docker-registry: {error}; `cargo xtask test` installs it, as does `apt-get install docker-registry`"
            )
        });
        let registry = Self { port, process, folder };
        eventually("the registry answers", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        registry
    }

    /// One request; its status and the headers.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("a status in {answer}")), answer)
    }

    fn push_blob(&self, body: &[u8]) -> String {
        let digest = format!("sha256:{}", sha256(body));
        let (status, answer) = self.ask("POST", "/v2/tools/it/blobs/uploads/", "application/octet-stream", b"");
        assert_eq!(status, 202, "{answer}");
        let place = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a place").trim();
        let path = place.split_once("localhost").map_or(place, |(_, path)| path);
        let (status, answer) = self.ask("PUT", &format!("{path}&digest={digest}"), "application/octet-stream", body);
        assert_eq!(status, 201, "{answer}");
        digest
    }

    /// Pushes a component as tools make such an artefact; the digest of its manifest.
    fn push(&self, tag: &str, kind: &str, component: &[u8]) -> String {
        let config = br#"{"architecture":"wasm","os":"wasip2"}"#;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": self.push_blob(config),
                "size": config.len(),
            },
            "layers": [{ "mediaType": kind, "digest": self.push_blob(component), "size": component.len() }],
        })
        .to_string();
        let path = format!("/v2/tools/it/manifests/{tag}");
        let (status, answer) =
            self.ask("PUT", &path, "application/vnd.oci.image.manifest.v1+json", manifest.as_bytes());
        assert_eq!(status, 201, "{answer}");
        format!("sha256:{}", sha256(manifest.as_bytes()))
    }

    fn name(&self) -> String {
        format!("oci://localhost:{}/tools/it", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_component_by_its_digest_and_a_tag_that_is_followed_when_that_is_said() {
    let sandbox = Sandbox::new();
    let registry = Registry::start(&sandbox);
    let first = registry.push("1", "application/wasm", &bytes("noop"));
    let name = registry.name();
    // A tag alone says nothing for certain, and the message says what does.
    sandbox.run(["plugin", "add", &format!("{name}:1")]).refused(2, &["a tag can be moved", &format!("it:1@{first}")]);
    nothing_is_added(&sandbox);
    sandbox.ok(["plugin", "add", &format!("{name}:1@{first}"), "--name", "it"]);
    sandbox.ok(["dispatch", "it", "--wait"]);
    assert_eq!(sandbox.json(["plugin", "show", "it", "--json"])["sha256"], sha256(&bytes("noop")));

    // The tag moves. What was accepted goes on; nobody gets the old digest by the new tag.
    let second = registry.push("1", "application/wasm", &bytes("state_counter"));
    sandbox.ok(["dispatch", "it", "--wait"]);
    let moved = sandbox.run(["plugin", "add", &format!("{name}:1@{first}"), "--name", "again"]);
    moved.refused(3, &["the tag 1", "was moved", &first, &second, &format!("it@{first}")]);
    sandbox.ok(["plugin", "add", &format!("{name}@{first}"), "--name", "again"]);

    // An update follows it, and grants nothing more by itself.
    sandbox.run(["plugin", "update", "it"]).refused(5, &["asks for more", "keep state"]);
    let updated = sandbox.json(["plugin", "update", "it", "--grant", "all", "--json"]);
    assert_eq!(updated["source"], format!("{name}:1@{second}"));
    assert_eq!(updated["grant"]["state"], "1MiB");
    sandbox.ok(["dispatch", "it", "--wait"]);
    // The digest without a tag stays where it is.
    assert!(sandbox.ok(["plugin", "update", "again"]).contains("nothing new"));
}

#[test]
fn what_is_not_what_its_digest_says_or_no_component() {
    let sandbox = Sandbox::new();
    let registry = Registry::start(&sandbox);
    let name = registry.name();
    let digest = registry.push("text", "text/plain", b"hello");
    let add = |reference: &str| sandbox.run(["plugin", "add", reference]);
    add(&format!("{name}@{digest}")).refused(3, &["is no component", "text/plain", "application/wasm"]);
    add(&format!("{name}@sha256:{}", "0".repeat(64))).refused(3, &["localhost"]);
    add(&format!("{name}:none")).refused(3, &["localhost", "none"]);
    let digest = registry.push("1", "application/wasm", &bytes("noop"));
    // Somebody changes the bytes where the registry keeps them.
    let hex = sha256(&bytes("noop"));
    let blob = registry.folder.join(format!("docker/registry/v2/blobs/sha256/{}/{hex}/data", &hex[..2]));
    let mut tampered = fs::read(&blob).expect("the registry keeps it there");
    *tampered.last_mut().expect("bytes") ^= 1;
    fs::write(&blob, tampered).expect("written");
    add(&format!("{name}@{digest}")).refused(3, &["localhost", &hex]);
    nothing_is_added(&sandbox);
}
