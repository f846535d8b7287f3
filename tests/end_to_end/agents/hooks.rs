//! The real programs with hob in their hooks, as docs/agents.md has it.

use super::{
    model_server::{Asked, ModelServer, Says},
    program::{CLAUDE, CODEX, GEMINI, Place, Program},
};
use crate::sandbox::{Ran, eventually};
use serde_json::Value;
use std::fs;

/// A program with hooks.
struct Hooked {
    program: Program,
    /// Its heading in docs/agents.md.
    heading: &'static str,
    /// The file that the sample goes into.
    file: &'static str,
    /// How it is started so that it may run commands without asking.
    command: &'static [&'static str],
}

const HOOKED: [Hooked; 3] = [
    Hooked {
        program: CLAUDE,
        heading: "## Claude Code",
        file: ".claude/settings.json",
        command: &["claude", "--model", "claude-sonnet-4-5", "--allowedTools", "Bash", "-p", "Say hello"],
    },
    Hooked {
        program: CODEX,
        heading: "## Codex",
        file: ".codex/hooks.json",
        command: &[
            "codex",
            "exec",
            "--skip-git-repo-check",
            // What a person says once in `/hooks`.
            "--dangerously-bypass-hook-trust",
            "--sandbox",
            "danger-full-access",
            "Say hello",
        ],
    },
    Hooked {
        program: GEMINI,
        heading: "## Gemini CLI",
        file: ".gemini/settings.json",
        command: &["gemini", "--model", "gemini-2.5-flash", "--yolo", "-p", "Say hello"],
    },
];

/// The first JSON below a heading of docs/agents.md.
fn sample(heading: &str) -> Value {
    let text = include_str!("../../../docs/agents.md");
    let below = text.split_once(heading).expect("the heading").1;
    let json = below.split_once("```json\n").and_then(|(_, rest)| rest.split_once("```")).expect("a sample").0;
    serde_json::from_str(json).expect("JSON")
}

/// The same with the very `hob` that is tested.
fn with_this_hob(sample: &Value) -> Value {
    let hob = env!("CARGO_BIN_EXE_hob");
    let text = sample.to_string().replace("\"hob\",\"args\"", &format!("\"{hob}\",\"args\""));
    let text = text.replace("\"hob hook", &format!("\"{hob} hook"));
    assert!(text.contains(hob));
    serde_json::from_str(&text).expect("JSON")
}

impl Hooked {
    fn place(&self, server: &ModelServer) -> Option<Place> {
        let place = self.program.place(server)?;
        let file = place.sandbox.user().join(self.file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        let mut settings: Value = fs::read_to_string(&file).map_or_else(
            |_| Value::Object(serde_json::Map::default()),
            |text| serde_json::from_str(&text).expect("JSON"),
        );
        settings["hooks"] = with_this_hob(&sample(self.heading))["hooks"].take();
        fs::write(file, settings.to_string()).expect("written");
        Some(place)
    }

    /// Starts it, in a session that is named so, and waits for its end.
    fn run(&self, place: &Place, session: Option<&str>) {
        let (program, args) = self.command.split_first().expect("a program");
        let mut command = place.command(program, args);
        if let Some(session) = session {
            command.env("HOB_SESSION", session);
        }
        Ran::of(&command.output().expect("the agent starts")).succeeded();
    }
}

fn heard(server: &ModelServer, what: &str) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.body.contains(what)).collect()
}

#[test]
fn what_has_ended_comes_with_the_next_prompt() {
    for agent in HOOKED {
        let server = ModelServer::start(Says::Answer);
        let Some(place) = agent.place(&server) else { continue };
        let sandbox = &place.sandbox;
        let args =
            ["dispatch", "shell", "echo said-in-the-background", "--id", "before", "--session", "mine", "--wait"];
        sandbox.ok(args);
        sandbox.ok(["daemon", "stop"]);
        agent.run(&place, Some("mine"));
        let heard = heard(&server, "said-in-the-background");
        assert!(!heard.is_empty(), "{} asked {:?}", agent.heading, server.asked());
        assert!(heard[0].body.contains("All of it: hob output before"), "{heard:?}");
        eventually("its session has started the daemon", || {
            sandbox.json(["status", "--json"])["daemon"]["info"]["pid"].is_number()
        });
        if agent.program.profile == GEMINI.profile {
            assert!(heard[0].body.contains("hob dispatch --session "), "{heard:?}");
        }
    }
}

/// What the model has the agent run. What the task says is neither in it nor in what it prints.
const DISPATCH: &str = concat!(
    env!("CARGO_BIN_EXE_hob"),
    " dispatch shell 'echo said-in-the-$((1))-background' --id during && ",
    env!("CARGO_BIN_EXE_hob"),
    " wait during"
);

#[test]
fn what_the_agent_dispatches_comes_after_a_tool_call() {
    for agent in HOOKED {
        let server = ModelServer::start(Says::Run(DISPATCH));
        let Some(place) = agent.place(&server) else { continue };
        // Commands of Gemini CLI do not know their session; this one's model does not read what it is told.
        let session = (agent.program.profile == GEMINI.profile).then_some("mine");
        agent.run(&place, session);
        assert_eq!(place.sandbox.state_of("during"), "completed", "{}", agent.heading);
        let heard = heard(&server, "said-in-the-1-background");
        assert!(!heard.is_empty(), "{} asked {:?}", agent.heading, server.asked());
        assert!(heard[0].body.contains("All of it: hob output during"), "{heard:?}");
        if session.is_none() {
            assert!(place.sandbox.show("during")["session"].as_str().is_some_and(|id| id.len() == 36));
        }
    }
}
