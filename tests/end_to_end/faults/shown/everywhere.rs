//! The corpus goes through every command that there is.

use super::terminal::{corpus, line, literal, obeyed, quoted, text};
use crate::{
    denials::guest,
    sandbox::{Sandbox, eventually},
};
use hob_fault_case::Case;
use std::{collections::BTreeSet, fs};

/// A sandbox in which everything that somebody else can name is hostile.
fn hostile() -> Sandbox {
    let sandbox = Sandbox::new();
    // Controls are refused in a summary; what turns and hides text is not.
    let said = literal(&text().replace(char::is_control, ""));
    let garish = literal(&guest("garish").display().to_string());
    // The key of a setting that there is not, and a component that is not there, are only warned of.
    sandbox.configure(&format!(
        "default_executor = \"shell\"\n\
         [executors.garish]\ncomponent = {garish}\nsummary = {said}\n\
         [executors.garish.grant]\nstate = \"1MiB\"\n\
         [executors.missing]\ncomponent = \"/nonexistent/\\u001b]0;owned\\u0007\\u202e.wasm\"\nsummary = {said}\n\
         [presets.odd]\nsummary = {said}\nresult = \"all: {{one}} {{one.summary}}\"\n\
         [presets.odd.children.one]\nexecutor = \"shell\"\nparams = {{ command = \"{{input}}\" }}\n\
         [advice.background.odd]\nwhy = {said}\ncommands = [\"odd\"]\n"
    ));
    fs::create_dir(sandbox.work().join(".git")).expect("made");
    sandbox.file(".hob.toml", format!("[presets.theirs]\nsummary = {said}\n[presets.theirs.children.one]\nexecutor = \"shell\"\nparams = {{ command = \"true\" }}\n"));
    sandbox
}

/// Tasks in every state, of which everything that can be hostile is.
fn tasks(sandbox: &Sandbox) {
    let text = text();
    let folder = sandbox.work().join("a \u{1b}]0;folder\u{7}\u{202e}\u{9b}31m");
    fs::create_dir(&folder).expect("made");
    let cwd = folder.to_str().expect("text").to_owned();
    sandbox.file("corpus", corpus().join(&b'\n'));
    let cat = format!("cat ../corpus; exit 3 # {text}");
    sandbox.run(["dispatch", "shell", &cat, "--id", "failed", "--cwd", &cwd, "--wait"]);
    sandbox.run(["dispatch", "shell", "cat corpus", "--id", "done", "--wait"]);
    sandbox.run(["dispatch", "shell", "--id", "argv", "--wait", "--", "/bin/echo", &text]);
    sandbox.run(["dispatch", "shell", "--id", "none", "--wait", "--", &format!("/no/{text}")]);
    sandbox.run(["dispatch", "garish", "--text", &text, "--id", "said", "--wait"]);
    sandbox.run(["dispatch", "garish", "--text", &text, "--fails", "--id", "refused", "--wait"]);
    sandbox.ok(["dispatch", "garish", "--text", &text, "--holds", "--id", "held"]);
    sandbox.run(["fan-out", "odd", &cat, "--id", "group", "--wait"]);
    sandbox.run(["dispatch", "missing", "--id", "blocked"]);
    eventually("it says how far it is", || !sandbox.show("held")["progress"].is_null());
}

/// How each command is made to show what it can. Its words, without `--json`.
fn ways(verb: &str, text: &str) -> Vec<Vec<String>> {
    let shell = format!("echo {}", quoted(text));
    let ways: &[&[&str]] = match verb {
        "dispatch" => &[
            &["dispatch", "shell", &shell, "--wait"],
            &["dispatch", "shell", &shell, "--follow"],
            &["dispatch", "garish", "--text", text, "--wait"],
            &["dispatch", "garish", "--help"],
            &["dispatch", text],
            &["dispatch", "shell", "--params", text],
            &["dispatch", "shell", "true", "--id", text],
            &["dispatch", "shell", "true", "--cwd", text],
            &["dispatch", "garish", "--mood", text],
            &["dispatch", "--batch", text],
        ],
        "fan-out" => &[&["fan-out", "odd", &shell, "--wait"], &["fan-out", text, "x"]],
        "ultrawork" => &[&["ultrawork", "--help"], &["ultrawork", "x", "--id", text]],
        "status" => &[&["status"]],
        "list" => {
            &[&["list", "--all"], &["list", "--groups"], &["list", "--group", "group"], &["list", "--state", text]]
        }
        "show" => &[
            &["show", "failed"],
            &["show", "said"],
            &["show", "held"],
            &["show", "group"],
            &["show", "blocked"],
            &["show", text],
        ],
        "output" => &[
            &["output", "failed"],
            &["output", "done", "--log"],
            &["output", "done", "--tail", "50"],
            &["output", "done", "--follow"],
            &["output", "said"],
            &["output", "refused"],
            &["output", "none"],
            &["output", "argv"],
            &["output", "group"],
            &["output", text],
        ],
        "wait" => &[&["wait", "failed", "said", "group"], &["wait", text]],
        "cancel" => &[&["cancel", "failed"], &["cancel", text]],
        "retry" => &[&["retry", "refused", "--wait"], &["retry", text]],
        "executors" => &[&["executors"], &["executors", "garish"], &["executors", "missing"], &["executors", text]],
        "presets" => &[&["presets"], &["presets", "odd"], &["presets", "theirs"], &["presets", text]],
        "plugin" => &[
            &["plugin", "add", "GUEST", "--yes", "--name", "added"],
            &["plugin", "list"],
            &["plugin", "show", "added"],
            &["plugin", "verify"],
            &["plugin", "grant", "added"],
            &["plugin", "update", "added"],
            &["plugin", "run", "GUEST", "--text", text],
            &["plugin", "test", "GUEST"],
            &["plugin", "remove", "added"],
            &["plugin", "new", text, "--lang", "rust"],
            &["plugin", "build", text],
            &["plugin", "dev", text],
        ],
        "suggest" => &[&["suggest", "odd"], &["suggest", &shell], &["suggest", text]],
        "skill" => &[&["skill"], &["skill", "--check", text]],
        "doctor" => &[&["doctor"], &["doctor", "--salvage"]],
        "backup" => &[&["backup", text], &["backup", text], &["backup", "fan-out/in/it"]],
        "restore" => &[&["restore", text], &["restore", "corpus"]],
        "daemon" => &[&["daemon", "status"], &["daemon", "log"], &["daemon", text]],
        "work" => &[&["work", "--once"], &["work", text]],
        "hook" => &[&["hook", "claude-code"], &["hook", text]],
        "config" => &[&["config", "path"], &["config", "show"], &["config", "check"], &["config", text]],
        "prune" => &[&["prune", "--dry-run"], &["prune", "--older-than", text]],
        "completions" => &[&["completions", "bash"], &["completions", text]],
        "man" => &[&["man"]],
        "help" => &[&["help"], &["help", "dispatch", "garish"], &["help", text]],
        verb => panic!("`hob {verb}` is new: say here how it shows what a task, a component or a file has said"),
    };
    let garish = guest("garish").display().to_string();
    let word = |word: &&str| if *word == "GUEST" { garish.clone() } else { (*word).to_owned() };
    ways.iter().map(|way| way.iter().map(word).collect()).collect()
}

/// The same for a program; what follows the command of `suggest` belongs to that.
fn with_json<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut words = words.to_vec();
    words.insert(if words[0] == "suggest" { 1 } else { words.len() }, "--json");
    words
}

/// The commands that `hob --help` names.
fn verbs(sandbox: &Sandbox) -> BTreeSet<String> {
    let help = sandbox.ok(["--help"]);
    let commands = help.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    // What goes on from the line above is further in.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn f67_whatever_anybody_said_a_terminal_gets_only_text_from_every_command() {
    let case = Case::begin(67);
    let sandbox = hostile();
    tasks(&sandbox);
    let (text, mut shown, mut wrong) = (text(), 0, Vec::new());
    let verbs = verbs(&sandbox);
    assert!(verbs.len() > 20, "{verbs:?}");
    for verb in &verbs {
        for way in ways(verb, &text) {
            let words: Vec<&str> = way.iter().map(String::as_str).collect();
            for json in [false, true] {
                let words = if json { with_json(&words) } else { words.clone() };
                let mut command = sandbox.command("script");
                command.args(["-qec", &line(&words), "/dev/null"]).env("TERM", "xterm-256color").env("COLUMNS", "120");
                let output = command.output().expect("script runs");
                let written = String::from_utf8_lossy(&output.stdout).into_owned();
                shown += 1;
                let obeyed = obeyed(&written);
                if !obeyed.is_empty() {
                    wrong.push(format!("{:?}: {obeyed:?}", &words[..words.len().min(3)]));
                }
            }
            // What a program reads is JSON, whatever is in it.
            let ran = sandbox.run(with_json(&words));
            let is_help = words.contains(&"--help");
            for line in ran.stdout.lines().filter(|_| ran.code <= 1 && !is_help) {
                if let Err(error) = serde_json::from_str::<serde_json::Value>(line) {
                    wrong.push(format!("{:?} --json: {error} in {line:?}", &words[..words.len().min(3)]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    sandbox.run(["cancel", "held"]);
    case.end("commands at a terminal", shown, 0, 0, &format!("{} cases in each text", corpus().len()));
}

/// A waiting command tells its terminal of the end, where that is wanted: one sequence, with text in it.
#[test]
fn f67_the_notice_of_a_terminal_is_one_sequence_with_text_in_it() {
    let sandbox = Sandbox::with_config("[notifications]\nterminal = \"osc777\"\n");
    let command = format!("sleep 0.3; false # {}", text());
    let line = line(&["dispatch", "shell", &command, "--wait"]);
    let mut script = sandbox.command("script");
    let output = script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color").output().expect("script runs");
    let written = String::from_utf8_lossy(&output.stdout).into_owned();
    let (before, rest) = written.split_once("\u{1b}]777;notify;").unwrap_or_else(|| panic!("a notice in {written:?}"));
    let (notice, after) = rest.split_once('\u{7}').expect("its end");
    for part in [before, notice, after] {
        assert_eq!(obeyed(part), Vec::<String>::new(), "{written:?}");
    }
}

/// What a command of the person's gets as variables and arguments, and what the state files say.
#[test]
fn f66_a_notifying_command_gets_plain_text_that_is_cut_and_no_options() {
    let sandbox = Sandbox::new();
    let told = sandbox.work().join("told");
    let script = sandbox.file(
        "tell",
        format!(
            "#!/bin/sh\n{{ echo \"$# arguments\"; printf '%s\\n' \"$@\"; env | grep -a ^HOB; cat; }} >> {}\n",
            told.display()
        ),
    );
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    let script = literal(&script.display().to_string());
    sandbox.configure(&format!(
        "[notifications]\ncommand = [{script}]\n[executors.garish]\ncomponent = {}\n[executors.garish.grant]\nstate = \"1MiB\"\n",
        literal(&guest("garish").display().to_string())
    ));
    let long = text().repeat(20);
    sandbox.run(["dispatch", "garish", "--text", &long, "--fails", "--id", "said", "--wait"]);
    sandbox.run(["dispatch", "shell", &format!("false # {long}"), "--id", "ran", "--wait"]);
    let read = || fs::read_to_string(&told).unwrap_or_default();
    eventually("both are told", || read().contains("said") && read().contains("ran"));
    sandbox.ok(["daemon", "stop"]);
    let told = read();
    assert_eq!(obeyed(&told), Vec::<String>::new());
    assert!(told.len() < 20_000, "{} bytes of {}", told.len(), long.len());
    let counts: Vec<&str> = told.lines().filter(|line| line.ends_with(" arguments")).collect();
    assert!(
        !counts.is_empty() && counts.iter().all(|count| *count == "0 arguments"),
        "nothing but what was configured: {counts:?}"
    );
}
