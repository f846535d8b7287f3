//! The real programs, as `cargo xtask test` installed them, each with a home folder that knows nothing but the
//! model server of its test.

use super::model_server::ModelServer;
use crate::sandbox::{Ran, Sandbox, eventually};
use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

/// One of the programs.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The profile.
    pub profile: &'static str,
    /// Its folder below target/agents.
    folder: &'static str,
    /// A model that it lets be asked for, as hob is told it, and as the server hears it.
    pub model: [&'static str; 2],
    /// Variables beside those of every program; `{url}` is the server.
    variables: &'static [(&'static str, &'static str)],
    /// A file in its home folder.
    file: Option<(&'static str, &'static str)>,
}

pub const CLAUDE: Program = Program {
    profile: "claude-code",
    folder: "claude-code",
    model: ["claude-sonnet-4-5", "claude-sonnet-4-5"],
    variables: &[
        ("ANTHROPIC_BASE_URL", "{url}"),
        // With a login's token it tells of limits, which it does not with a key.
        ("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-of-a-test"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("CLAUDE_CODE_MAX_RETRIES", "0"),
        ("DISABLE_AUTOUPDATER", "1"),
    ],
    file: None,
};

pub const CODEX: Program = Program {
    profile: "codex",
    folder: "codex",
    model: ["gpt-of-a-test", "gpt-of-a-test"],
    variables: &[("OPENAI_API_KEY", "of-a-test")],
    file: Some((
        ".codex/config.toml",
        "model = \"gpt-5\"\nmodel_provider = \"test\"\n[model_providers.test]\nname = \"test\"\n\
         base_url = \"{url}/v1\"\nwire_api = \"responses\"\nenv_key = \"OPENAI_API_KEY\"\n\
         request_max_retries = 0\nstream_max_retries = 0\n",
    )),
};

pub const GEMINI: Program = Program {
    profile: "gemini",
    folder: "gemini-cli",
    model: ["gemini-2.5-flash", "gemini-2.5-flash"],
    variables: &[
        ("GOOGLE_GEMINI_BASE_URL", "{url}"),
        ("GEMINI_API_KEY", "of-a-test"),
        ("GEMINI_CLI_TRUST_WORKSPACE", "true"),
    ],
    file: Some((
        ".gemini/settings.json",
        "{\"model\":{\"name\":\"gemini-2.5-flash\"},\"general\":{\"maxAttempts\":1,\"disableAutoUpdate\":true},\
         \"security\":{\"auth\":{\"selectedType\":\"gemini-api-key\"}},\"privacy\":{\"usageStatisticsEnabled\":false}}",
    )),
};

pub const OPENCODE: Program = Program {
    profile: "opencode",
    folder: "opencode-ai",
    model: ["test/model-of-a-test", "model-of-a-test"],
    variables: &[("OPENCODE_DISABLE_AUTOUPDATE", "1"), ("OPENCODE_DISABLE_MODELS_FETCH", "1")],
    file: Some((
        ".config/opencode/opencode.json",
        "{\"model\":\"test/plain\",\"small_model\":\"test/plain\",\"autoupdate\":false,\"share\":\"disabled\",\
         \"provider\":{\"test\":{\"npm\":\"@ai-sdk/openai-compatible\",\"name\":\"Test\",\
         \"options\":{\"baseURL\":\"{url}/v1\",\"apiKey\":\"of-a-test\"},\"models\":{\
         \"plain\":{\"name\":\"Plain\",\"limit\":{\"context\":100000,\"output\":1000}},\
         \"model-of-a-test\":{\"name\":\"Model\",\"cost\":{\"input\":1,\"output\":2},\"limit\":{\"context\":100000,\"output\":1000}}\
         }}}}",
    )),
};

/// A sandbox in which a program finds its model server, and nothing else.
pub struct Place {
    pub sandbox: Sandbox,
    program: Program,
    url: String,
    path: String,
}

impl Program {
    /// None, with a word why, where the program could not be installed. That nobody tried is a failure.
    pub fn place(self, server: &ModelServer) -> Option<Place> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").join("agents");
        let folder = folder.join(self.folder);
        if !folder.join("installed").is_file() {
            let why = fs::read_to_string(folder.join("missing"));
            let why = why.unwrap_or_else(|_| panic!("no {}: `cargo xtask agents` installs it", folder.display()));
            // Not by `println!`, which the harness keeps to itself where a test passes.
            let _ = writeln!(io::stderr(), "not tested: {}: {why}", self.profile);
            return None;
        }
        let sandbox = Sandbox::new();
        if let Some((name, text)) = self.file {
            let file = sandbox.user().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text.replace("{url}", &server.url())).expect("written");
        }
        fs::create_dir(sandbox.user().join("tmp")).expect("made");
        let bin = folder.join("node_modules/.bin");
        let path = format!("{}:{}:/usr/local/bin:/usr/bin:/bin", bin.display(), node().display());
        // Without the variables of a dispatch, by which its processes are known.
        sandbox.ok(["daemon", "start"]);
        Some(Place { sandbox, program: self, url: server.url(), path })
    }
}

/// The folder of Node, which three of the programs are run by.
fn node() -> PathBuf {
    let folders = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&folders).find(|folder| folder.join("node").is_file());
    found.unwrap_or_else(|| PathBuf::from("/usr/bin"))
}

/// A proxy that nobody is: what does not go to this machine goes nowhere.
const NOWHERE: &str = "http://127.0.0.1:9";

impl Place {
    pub fn hob(&self, args: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_hob"), args)
    }

    /// Any program, found as the agent's own.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        // An agent's own name is looked up in the path of this process.
        let folder = self.path.split(':').map(Path::new).find(|folder| folder.join(program).is_file());
        let program = folder.map_or_else(|| PathBuf::from(program), |folder| folder.join(program));
        let mut command = self.sandbox.command(program);
        command.args(args).env("PATH", &self.path).env("TMPDIR", self.sandbox.user().join("tmp"));
        command.env("HTTPS_PROXY", NOWHERE).env("HTTP_PROXY", NOWHERE).env("NO_PROXY", "127.0.0.1");
        for (name, value) in self.program.variables {
            command.env(name, value.replace("{url}", &self.url));
        }
        command
    }

    /// Hands a task to the program and waits for its end; the task's id is `asked`.
    pub fn ask(&self, words: &str, more: &[&str]) -> Ran {
        let args = [&["dispatch", "agent", words, "--agent", self.program.profile, "--id", "asked", "--wait"], more];
        Ran::of(&self.hob(&args.concat()).output().expect("hob starts"))
    }

    /// Hands a task in, and waits until the server was asked.
    pub fn begin(&self, server: &ModelServer) {
        let args = ["dispatch", "agent", "Think", "--agent", self.program.profile, "--id", "asked"];
        Ran::of(&self.hob(&args).output().expect("hob starts")).succeeded();
        eventually("the model is asked", || {
            let task = self.sandbox.show("asked");
            assert!(task["state"] == "pending" || task["state"] == "running", "{task}");
            !server.asked().is_empty()
        });
    }

    /// The processes that the task started: those with the variables of its dispatch.
    pub fn processes(&self) -> Vec<i32> {
        let mark = format!("PATH={}", self.path).into_bytes();
        let is_marked = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark)
        };
        let home = format!("HOB_HOME={}", self.sandbox.home().display()).into_bytes();
        let is_ours = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == home)
        };
        let entries = fs::read_dir("/proc").expect("processes").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| is_marked(pid) && is_ours(pid)).collect()
    }
}
