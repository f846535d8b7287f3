//! Any other program, by template; which one is taken; what is said where there is none.

use crate::sandbox::{Ran, Sandbox};
use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

/// A script in a folder of its own.
fn script(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let file = sandbox.file(&format!("bin/{name}"), format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("set");
    file
}

/// `hob` with the scripts, and the system's own programs, in the PATH.
fn run(sandbox: &Sandbox, args: &[&str]) -> Ran {
    let path = format!("{}:/usr/bin:/bin", sandbox.work().join("bin").display());
    Ran::of(&sandbox.hob(args).env("PATH", path).output().expect("hob starts"))
}

fn failure(sandbox: &Sandbox, id: &str) -> String {
    let task = sandbox.show(id);
    task["failure"]["message"].as_str().unwrap_or_else(|| panic!("a failure in {task}")).to_owned()
}

/// Configuration that adds a program by template.
fn profile(name: &str, lines: &str) -> String {
    format!(
        "[executors.agent.grant]\nprograms = {{ {name} = {{ path = \"{name}\" }} }}\n\
         [executors.agent.settings.profiles.{name}]\nprogram = \"{name}\"\n{lines}\n"
    )
}

#[test]
fn a_program_by_template_gets_its_prompt_on_standard_input() {
    let config = profile("mine", "args = [\"ask\", [\"--with\", \"{model}\"], [\"--go-on\", \"{session}\"]]");
    let sandbox = Sandbox::with_config(&config);
    script(&sandbox, "mine", "echo \"## $* in $(pwd)\"; echo; cat");
    let args = ["dispatch", "agent", "What is {this}?", "--agent", "mine", "--model", "big one", "--id", "t", "--wait"];
    let shown = run(&sandbox, &args).succeeded();
    let folder = sandbox.work().canonicalize().expect("a folder");
    let expect = format!("## ask --with big one in {}\n\nWhat is {{this}}?\n", folder.display());
    assert_eq!(sandbox.ok(["output", "t", "--log"]), expect);
    assert!(shown.contains("What is {this}?"), "{shown}");
    let data = &sandbox.show("t")["result"]["data"];
    assert_eq!((&data["agent"], &data["model"]), (&"mine".into(), &"big one".into()), "{data}");
    assert!(sandbox.ok(["show", "t"]).contains("agent      mine, big one"));
}

#[test]
fn a_program_that_prints_while_it_reads_is_not_stuck() {
    let sandbox = Sandbox::with_config(&profile("mine", ""));
    script(&sandbox, "mine", "exec cat");
    let words = "word ".repeat(200_000);
    sandbox.file("params.json", serde_json::json!({ "task": words }).to_string());
    run(&sandbox, &["dispatch", "agent", "--params", "@params.json", "--agent", "mine", "--id", "t", "--wait"])
        .succeeded();
    assert_eq!(sandbox.ok(["output", "t", "--log"]).len(), words.len());
}

#[test]
fn a_program_by_template_gets_its_prompt_as_an_argument() {
    let lines = "args = [\"-q\", \"{prompt}\", \"--in\", \"{cwd}\"]\nprompt = \"argument\"\nenv = { MOOD = \"good\" }";
    let sandbox = Sandbox::with_config(&profile("mine", lines));
    script(&sandbox, "mine", "printf '%s|' \"$@\" \"$MOOD\" \"$(cat)\"");
    run(&sandbox, &["dispatch", "agent", "a \"b\" $c", "--agent", "mine", "--id", "t", "--wait"]).succeeded();
    let folder = sandbox.work().canonicalize().expect("a folder");
    assert_eq!(sandbox.ok(["output", "t", "--log"]), format!("-q|a \"b\" $c|--in|{}|good||\n", folder.display()));
}

#[test]
fn what_a_program_cannot_be_told_is_refused() {
    let sandbox = Sandbox::with_config(&profile("mine", ""));
    script(&sandbox, "mine", "cat");
    for (id, option, value) in
        [("m", "--model", "big"), ("t", "--tools", "Bash"), ("r", "--resume", "s-1"), ("a", "--access", "read")]
    {
        let args = ["dispatch", "agent", "Do it", "--agent", "mine", option, value, "--id", id, "--wait"];
        assert_eq!(run(&sandbox, &args).code, 1);
        let message = failure(&sandbox, id);
        assert!(message.contains("[executors.agent.settings.profiles.mine"), "{message}");
    }
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--agent", "nobody", "--id", "n", "--wait"]).code, 1);
    let message = failure(&sandbox, "n");
    assert!(
        message.contains("no agent `nobody`") && message.contains("claude-code") && message.contains("mine"),
        "{message}"
    );
}

#[test]
fn failures_of_a_program_are_told_in_its_words() {
    let sandbox = Sandbox::with_config(&profile("mine", ""));
    script(&sandbox, "mine", "echo half an answer; echo 'It broke: no such widget' >&2; exit 3");
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--agent", "mine", "--id", "t", "--wait"]).code, 1);
    assert_eq!(failure(&sandbox, "t"), "mine failed with exit code 3: It broke: no such widget");
    assert_eq!(sandbox.run(["wait", "t", "--exit-code"]).code, 3);
    assert_eq!(sandbox.run(["output", "t", "--log"]).stdout, "half an answer\n", "what it said is kept");
    script(&sandbox, "mine", "echo 'usage limit reached, try again in 2 hours' >&2; exit 1");
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--agent", "mine", "--id", "l", "--wait"]).code, 1);
    let wait = sandbox.show("l")["failure"]["retry_after_ms"].as_u64().expect("a time");
    assert!((7_190_000..=7_200_000).contains(&wait), "{wait}");
    script(&sandbox, "mine", "true");
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--agent", "mine", "--id", "e", "--wait"]).code, 1);
    assert!(failure(&sandbox, "e").contains("answered nothing"));
}

/// As Claude Code answers.
const LIKE_CLAUDE: &str = r#"cat > /dev/null; echo '{"type":"result","subtype":"success","result":"by claude"}'"#;

#[test]
fn auto_takes_the_first_that_is_there() {
    let sandbox = Sandbox::new();
    let codex = r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"by codex"}}'"#;
    script(&sandbox, "codex", codex);
    run(&sandbox, &["dispatch", "agent", "Do it", "--id", "second", "--wait"]).succeeded();
    assert_eq!(sandbox.show("second")["result"]["data"]["agent"], "codex");
    script(&sandbox, "claude", LIKE_CLAUDE);
    run(&sandbox, &["dispatch", "agent", "Do it", "--id", "first", "--wait"]).succeeded();
    assert_eq!(sandbox.ok(["output", "first", "--log"]), "by claude\n");
    sandbox.configure("[executors.agent.settings]\norder = [\"codex\", \"claude-code\"]\n");
    run(&sandbox, &["dispatch", "oracle", "Do it", "--id", "order", "--wait"]).succeeded();
    assert_eq!(sandbox.show("order")["result"]["data"]["agent"], "codex");
}

#[test]
fn where_there_is_none_the_failure_says_what_was_looked_for() {
    let sandbox = Sandbox::new();
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--id", "none", "--wait"]).code, 1);
    let message = failure(&sandbox, "none");
    for word in [
        "`claude` (claude-code)",
        "`codex`",
        "`gemini`",
        "`opencode`",
        "npm install -g @anthropic-ai/claude-code",
        "hob.toml",
    ] {
        assert!(message.contains(word), "{word} is not in {message}");
    }
    assert_eq!(run(&sandbox, &["dispatch", "agent", "Do it", "--agent", "gemini", "--id", "one", "--wait"]).code, 1);
    let message = failure(&sandbox, "one");
    assert!(message.contains("gemini is not there") && message.contains("@google/gemini-cli"), "{message}");
}

#[test]
fn the_doctor_finds_the_agents_that_are_there() {
    let sandbox = Sandbox::with_config("notifications = false\n");
    script(&sandbox, "claude", "echo '9.8.7 (Claude Code)'");
    script(&sandbox, "codex", "echo broken >&2; exit 4");
    let ran = run(&sandbox, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let of = |name: &str| -> Value {
        let checks = report["checks"].as_array().expect("checks");
        checks
            .iter()
            .find(|check| check["facts"]["agent"] == name)
            .cloned()
            .unwrap_or_else(|| panic!("{name} in {report}"))
    };
    let claude = of("claude-code");
    assert_eq!((&claude["status"], &claude["facts"]["version"]), (&"ok".into(), &"9.8.7 (Claude Code)".into()));
    assert!(claude["facts"]["path"].as_str().is_some_and(|path| path.ends_with("/bin/claude")), "{claude}");
    assert!(claude["facts"]["executors"].as_array().is_some_and(|names| names.contains(&"oracle".into())), "{claude}");
    assert_eq!(of("codex")["status"], "warning");
    let gemini = of("gemini");
    assert_eq!((&gemini["status"], &gemini["hint"]), (&"absent".into(), &"npm install -g @google/gemini-cli".into()));
    assert_eq!((ran.code, &report["ok"]), (0, &true.into()), "{report}");
    assert!(!sandbox.state().exists(), "it changes nothing");

    // For people, and with things to complain of.
    run(&sandbox, &["dispatch", "shell", "true", "--id", "t", "--wait"]).succeeded();
    let text = run(&sandbox, &["doctor"]).succeeded();
    for word in ["database", "sound", "it runs, pid", "claude-code", "9.8.7", "default_executor = \"agent\""] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    sandbox.configure("[executors.lint]\ncomponent = \"/no/such/file.wasm\"\n");
    let ran = run(&sandbox, &["doctor"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stdout.contains("problem  executors") && ran.stdout.contains("/no/such/file.wasm"), "{ran:?}");
    sandbox.configure("max_background_tasks = 0\n");
    let ran = run(&sandbox, &["doctor"]);
    assert!(ran.code == 1 && ran.stdout.contains("hob config check"), "{ran:?}");
}

#[test]
fn texts_go_to_the_default_executor() {
    let sandbox = Sandbox::with_config("default_executor = \"agent\"\n");
    script(&sandbox, "claude", "cat >&2; pwd >&2; exit 1");
    fs::create_dir(sandbox.work().join("backend")).expect("made");
    // As the document shows them.
    let shown =
        run(&sandbox, &["dispatch", "Fix all lint errors in src/", "--priority", "MEDIUM", "--json"]).succeeded();
    let first: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&first["executor"], &first["priority"]), (&"agent".into(), &"medium".into()), "{first}");
    let args = ["dispatch", "Run tests for auth module", "--cwd", "./backend", "--priority", "HIGH", "--json"];
    let second: Value = serde_json::from_str(&run(&sandbox, &args).succeeded()).expect("JSON");
    let ids = [&first, &second].map(|task| task["id"].as_str().expect("an id").to_owned());
    assert_eq!(sandbox.wait(&[&ids[0], &ids[1]]), 1);
    let task = sandbox.show(&ids[1]);
    assert_eq!((&task["priority"], &task["params"]["task"]), (&"high".into(), &"Run tests for auth module".into()));
    let message = failure(&sandbox, &ids[1]);
    assert!(message.contains("Run tests for auth module") && message.contains("/backend"), "{message}");
    assert_eq!(sandbox.show(&ids[0])["params"]["task"], "Fix all lint errors in src/");

    sandbox.configure("default_executor = \"shell\"\n");
    let args = ["dispatch", "echo as a command", "--id", "plain", "--wait"];
    run(&sandbox, &args).succeeded();
    assert_eq!(sandbox.ok(["output", "plain", "--log"]), "as a command\n");
}

#[test]
fn without_a_default_executor_a_text_hears_how_to_set_one() {
    let sandbox = Sandbox::new();
    let refused = run(&sandbox, &["dispatch", "Fix all lint errors in src/"]);
    refused.refused(2, &["no agent is installed", "npm install -g", "default_executor = \"agent\"", "hob.toml"]);
    script(&sandbox, "gemini", "true");
    let refused = run(&sandbox, &["dispatch", "Fix all lint errors in src/"]);
    refused.refused(2, &["gemini is installed", "default_executor = \"agent\"", "hob.toml", "hob config path"]);
}
