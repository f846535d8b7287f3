use crate::{documentation, hob::Hob, repository::Repository, run};
use anyhow::{Context as _, Result, ensure};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};
use tiny_http::{Header, Response, Server};

/// What is asked; the answer stands in the documentation of `hob-core`, and in the sources.
const QUESTION: &str = "which function decides what a task becomes";

/// hob's own documentation, generated now and served on this machine.
pub struct Documentation {
    address: SocketAddr,
    server: Arc<Server>,
}

impl Documentation {
    /// Generates and serves it.
    pub fn serve(repository: &Repository) -> Result<Self> {
        println!("Making the documentation of hob's own crates");
        let folder = documentation::own(repository)?;
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow::anyhow!("serve on loopback: {error}"))?;
        let address = server.server_addr().to_ip().context("an address of this machine")?;
        let server = Arc::new(server);
        let listening = Arc::clone(&server);
        thread::spawn(move || listening.incoming_requests().for_each(|request| answer(&folder, request)));
        Ok(Self { address, server })
    }

    /// What lets the executors of the preset read it, and nothing else of this machine.
    pub fn configuration(&self) -> String {
        let port = self.address.port();
        let http = format!("http = [{{ host = \"127.0.0.1\", scheme = \"http\", port = {port}, local = true }}]\n");
        let source = |name: &str| {
            let folder = name.replace('-', "_");
            format!("{{ name = \"{name}\", url = \"http://{}/{folder}/\", kind = \"rustdoc\" }}", self.address)
        };
        format!(
            "[executors.librarian.grant]\n{http}[executors.librarian.settings]\nsources = [{}, {}]\n\
             [executors.web-fetch.grant]\n{http}",
            source("hob-core"),
            source("hob-settings")
        )
    }
}

impl Drop for Documentation {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn answer(folder: &Path, request: tiny_http::Request) {
    let path = request.url().split(['?', '#']).next().unwrap_or_default().trim_start_matches('/').to_owned();
    let mut file: PathBuf = folder.join(&path);
    if file.is_dir() {
        file.push("index.html");
    }
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        _ => "application/octet-stream",
    };
    let is_inside = !path.split('/').any(|part| part == "..");
    let bytes = is_inside.then(|| fs::read(&file).ok()).flatten();
    let header = Header::from_bytes("content-type", kind);
    // A reader that went away is its own affair.
    let _ = match (bytes, header) {
        (Some(bytes), Ok(header)) => request.respond(Response::from_data(bytes).with_header(header)),
        _ => request.respond(Response::empty(404)),
    };
}

/// The preset `research`, from one command to its joined result.
pub fn research(hob: &Hob, repository: &Repository) -> Result<()> {
    println!("\n$ hob fan-out research \"{QUESTION}\" --id research-1 --wait");
    let mut fan_out = hob.command();
    fan_out.args(["fan-out", "research", QUESTION, "--id", "research-1", "--wait"]).current_dir(&repository.root);
    print!("{}", run::output(&mut fan_out)?);
    let group = hob.json(["output", "research-1", "--json"])?;
    ensure!(group["state"] == "completed", "the group is {}", group["state"]);
    ensure!(group["members"].as_array().is_some_and(|members| members.len() == 3), "three children: {group}");
    Ok(())
}
