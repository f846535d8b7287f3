//! Help, completions, listings, and the JSON that scripts read.

use crate::sandbox::Sandbox;

const VERBS: [&str; 18] = [
    "dispatch",
    "status",
    "list",
    "show",
    "output",
    "wait",
    "cancel",
    "retry",
    "executors",
    "daemon",
    "work",
    "config",
    "prune",
    "backup",
    "restore",
    "completions",
    "man",
    "help",
];

#[test]
fn every_verb_has_help_with_an_example() {
    let sandbox = Sandbox::new();
    for verb in VERBS.iter().filter(|verb| **verb != "help") {
        let help = sandbox.ok([verb, "--help"]);
        assert!(help.contains("Example"), "{verb}: {help}");
    }
    let codes = sandbox.ok(["help", "exit-codes"]);
    for code in ["0", "1", "2", "3", "4", "5", "6", "70"] {
        assert!(codes.contains(code), "{code}: {codes}");
    }
    assert!(!sandbox.state().exists(), "help touches nothing");
}

#[test]
fn completions_and_manual_pages() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.ok(["completions", shell]).contains("dispatch"), "{shell}");
    }
    assert!(sandbox.ok(["man"]).contains(".TH"));
}

#[test]
fn status_says_whether_the_daemon_runs() {
    let sandbox = Sandbox::new();
    assert!(sandbox.ok(["status"]).contains("STOPPED"));
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    assert!(sandbox.ok(["status"]).contains("RUNNING"));
    let status = sandbox.json(["status", "--json"]);
    assert_eq!(status["slots"]["max"], 5, "{status}");
    assert_eq!(status["counts"]["completed"], 1, "{status}");
    sandbox.ok(["daemon", "stop"]);
    assert!(sandbox.ok(["daemon", "status"]).contains("STOPPED"));
}

#[test]
fn executors_show_what_they_ask_for_and_what_they_have() {
    let sandbox = Sandbox::new();
    let list = sandbox.ok(["executors"]);
    assert!(list.contains("explore") && list.contains("shell"), "{list}");
    let explore = sandbox.ok(["executors", "explore"]);
    assert!(explore.contains("/project") && explore.contains("pattern"), "{explore}");
    let json = sandbox.json(["executors", "explore", "--json"]);
    assert_eq!(json["name"], "explore", "{json}");
    assert!(!explore.contains("Settings"), "it has none: {explore}");

    sandbox.configure("[executors.librarian.settings]\nmax_pages = 7\n");
    let librarian = sandbox.ok(["executors", "librarian"]);
    let line = librarian.lines().find(|line| line.starts_with("max_pages")).expect("a line of the setting");
    assert!(line.contains('7') && line.contains("--max-pages"), "{librarian}");
}

#[test]
fn listings_are_filtered() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "good", "--wait"]);
    sandbox.run(["dispatch", "shell", "false", "--id", "bad", "--wait"]);
    let failed = sandbox.json(["list", "--state", "failed", "--json"]);
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
    assert_eq!(failed[0]["id"], "bad");
    let text = sandbox.ok(["list", "--all"]);
    assert!(text.contains("good") && text.contains("bad"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours without a terminal: {text:?}");
}

#[test]
fn what_a_task_says_reaches_people_without_terminal_escapes() {
    let sandbox = Sandbox::new();
    let command = "printf 'fine\\n' # \u{1b}]0;owned\u{7}\u{202e}";
    sandbox.ok(["dispatch", "shell", command, "--id", "hostile", "--wait"]);
    for args in [["show", "hostile"].as_slice(), &["list", "--all"], &["output", "hostile"]] {
        let text = sandbox.ok(args);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{args:?}: {text:?}");
    }
}

#[test]
fn the_configuration_shows_where_it_is_and_what_holds() {
    let sandbox = Sandbox::with_config("max_background_tasks = 3\n");
    let path = sandbox.ok(["config", "path"]);
    assert_eq!(path.trim(), sandbox.home().join("hob.toml").to_str().expect("text"));
    let shown = sandbox.ok(["config", "show"]);
    assert!(shown.contains("max_background_tasks = 3"), "{shown}");
    sandbox.ok(["config", "check"]);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "seq 1 200000", "--id", "lines", "--wait"]);
    let hob = env!("CARGO_BIN_EXE_hob");
    let script = format!("{hob} output lines --log | head -1; echo ${{PIPESTATUS[0]}}");
    let ran = crate::sandbox::Ran::of(&sandbox.command("bash").args(["-c", &script]).output().expect("bash runs"));
    assert_eq!(ran.stdout, "1\n0\n", "{ran:?}");
}
