//! The examples of the documents are run as they stand: a block of TOML is a `hob.toml`, and what a console block
//! shows after `$` is typed in a project, with the configuration above it. Addresses of the web lead to a server on
//! loopback, and agents are scripts: the real ones have tests of their own.

use crate::{denials::guest, file_server::FileServer, sandbox::Sandbox};
use std::{env, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio, time::Duration};

/// A fenced block, with the line that it begins on.
pub struct Block<'a> {
    pub kind: &'a str,
    line: usize,
    pub text: &'a str,
    /// Whether a heading stands between it and the block before it.
    begins_section: bool,
}

pub fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut begins_section = false;
    let mut rest = document;
    while let Some((before, after)) = rest.split_once("```") {
        begins_section |= before.lines().any(|line| line.starts_with('#'));
        let (kind, after) = after.split_once('\n').expect("a block has lines");
        let (text, after) = after.split_once("```").unwrap_or_else(|| panic!("a block without an end: {kind}"));
        let line = document[..document.len() - after.len()].lines().count() - text.lines().count();
        found.push(Block { kind, line, text, begins_section });
        begins_section = false;
        rest = after;
    }
    found
}

/// A command with what is shown of its output.
pub struct Typed {
    pub command: String,
    pub shown: Vec<String>,
}

pub fn commands(block: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            typed.push(Typed { command: command.to_owned(), shown: Vec::new() });
        } else if let Some(last) = typed.last_mut().filter(|_| !line.trim().is_empty()) {
            last.shown.push(line.trim().to_owned());
        }
    }
    typed
}

/// Where the documents' user works, and where the configuration is.
const PROJECT: &str = "/home/ada/project";
const CONFIGURATION: &str = "/home/ada/.config/hob";

/// Speaks as Claude Code does.
const AGENT: &str =
    "#!/bin/sh\ncat > /dev/null\necho '{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"Done.\"}'\n";

/// Pages of the documents' hosts, below `HOST/PATH`, each about whatever the document asks.
struct Project {
    sandbox: Sandbox,
    server: FileServer,
}

impl Project {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.file(
            "Cargo.toml",
            "[package]\nname = \"project\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
        );
        sandbox.file(
            "src/main.rs",
            "fn main() {}\n\n// TODO: say hello\n#[test]\nfn passes() {\n    Some(1).unwrap();\n}\n",
        );
        sandbox.file("docs/codes.md", "# Exit codes\n\n5 means that a grant is missing: the API refused it.\n");
        for folder in ["backend", "engine"] {
            fs::create_dir(sandbox.work().join(folder)).expect("made");
        }
        fs::copy(guest("files_walk"), sandbox.work().join("word-count.wasm")).expect("copied");
        let agent = sandbox.file("bin/claude", AGENT);
        fs::set_permissions(agent, fs::Permissions::from_mode(0o755)).expect("set");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hob"), sandbox.work().join("bin/hob")).expect("linked");
        let server = FileServer::start(sandbox.work().join("web"), Duration::ZERO);
        let project = Self { sandbox, server };
        for git in
            ["git init --quiet", "git add src docs Cargo.toml", "git -c user.name=a -c user.email=a@b commit -qm one"]
        {
            project.type_in(git).expect(git);
        }
        project
    }

    /// `example`, and a way to the server for those whose grants it leaves alone.
    fn configure(&self, example: &str) {
        let components = self.sandbox.user().join("components");
        fs::create_dir_all(&components).expect("made");
        for (_, after) in example.match_indices("~/components/").map(|(at, start)| example.split_at(at + start.len())) {
            let (name, _) = after.split_once('"').expect("the end of a text");
            fs::copy(guest("noop"), components.join(name)).expect("copied");
        }
        let mut whole = self.led_here(example);
        for name in ["librarian", "web-fetch"] {
            let table = format!("[executors.{name}.grant]");
            if !whole.contains(&table) {
                let port = self.server.port;
                let grant = format!("{{ host = \"127.0.0.1\", scheme = \"http\", port = {port}, local = true }}");
                whole.extend(["\n", &table, "\nhttp = [", &grant, "]\n"]);
            }
        }
        self.sandbox.configure(&whole);
    }

    /// The text with addresses of the web as addresses of the server, where each has a page.
    fn led_here(&self, text: &str) -> String {
        let mut led = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("https://") {
            let end = after.find(|c: char| c.is_whitespace() || "\"'`,".contains(c)).unwrap_or(after.len());
            let address = &after[..end];
            let name =
                if address.ends_with('/') { format!("web/{address}index.html") } else { format!("web/{address}") };
            if !address.contains('*') && self.sandbox.read(&name).is_empty() {
                let words = "how to get the old value when a key is there already: insert returns it";
                self.sandbox.file(&name, format!("<title>A page</title><article><h1>A page</h1><p>{words}</article>"));
            }
            led.push_str(before);
            led.push_str(&self.server.address(address));
            rest = &after[end..];
        }
        led + rest
    }

    /// What a shell on a terminal in the project prints for a command; as an error if that does not succeed.
    fn type_in(&self, command: &str) -> Result<String, String> {
        let rust = env::var_os("CARGO").expect("a test that Cargo runs");
        let rust = Path::new(&rust).parent().expect("a folder");
        let path =
            format!("{}:{}:/usr/local/bin:/usr/bin:/bin", self.sandbox.work().join("bin").display(), rust.display());
        // A part of every Linux; it makes the terminal.
        let mut script = self.sandbox.command("script");
        script.args(["--quiet", "--return", "--command", &self.led_here(command), "/dev/null"]);
        let output = script.env("PATH", path).env("NO_COLOR", "1").stdin(Stdio::null()).output().expect("script runs");
        let printed = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        let folders = [(self.sandbox.work(), PROJECT), (self.sandbox.home(), CONFIGURATION)];
        let printed = folders.iter().fold(printed, |text, (real, shown)| text.replace(&*real.to_string_lossy(), shown));
        if output.status.success() { Ok(printed) } else { Err(printed) }
    }
}

/// Whether the parts of `shown` between ellipses stand in `line`, in this order.
pub fn is_shown(shown: &str, line: &str) -> bool {
    let mut rest = line;
    shown.split('…').all(|part| {
        let found = rest.find(part.trim());
        found.is_some_and(|at| {
            rest = &rest[at + part.trim().len()..];
            true
        })
    })
}

#[track_caller]
fn run(document: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(&path).expect("read");
    let blocks = blocks(&text);
    let mut project = Project::new();
    let mut ran = 0;
    for (index, block) in blocks.iter().enumerate() {
        let place = format!("{document}:{}", block.line);
        if block.begins_section {
            project = Project::new();
            project.configure("");
        }
        match block.kind {
            "toml" => {
                project.configure(block.text);
                let is_wrong = blocks.get(index + 1).is_some_and(|next| next.text.contains("\nhob: "));
                if !is_wrong {
                    project.type_in("hob config check").unwrap_or_else(|error| panic!("{place}: {error}"));
                }
            }
            "console" => {
                for Typed { command, shown } in commands(block.text) {
                    if command.starts_with("cargo xtask") {
                        continue;
                    }
                    ran += 1;
                    let printed = match project.type_in(&command) {
                        Err(complaint) if shown.first().is_some_and(|line| line.starts_with("hob: ")) => complaint,
                        Err(complaint) => panic!("{place}: {command}: {complaint}"),
                        Ok(printed) => printed,
                    };
                    for line in shown {
                        let is_there = printed.lines().any(|printed| is_shown(&line, printed));
                        assert!(is_there, "{place}: {command}: not `{line}` but:\n{printed}");
                    }
                }
            }
            _ => {}
        }
    }
    assert!(ran > 0, "{document} has no examples");
}

#[test]
fn the_examples_of_the_readme_run() {
    run("README.md");
}

#[test]
fn the_examples_of_commands_run() {
    run("docs/commands.md");
}

#[test]
fn the_examples_of_backups_run() {
    run("docs/backups.md");
}

#[test]
fn the_examples_of_executors_run() {
    run("docs/executors.md");
}

#[test]
fn the_examples_of_presets_run() {
    run("docs/presets.md");
}
