//! Settings: where a value comes from, and when a changed one holds.

use crate::sandbox::{Sandbox, eventually};
use std::{fs, path::PathBuf};

fn claude(sandbox: &Sandbox, text: &str) -> PathBuf {
    let file = sandbox.user().join(".claude/settings.json");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    fs::write(&file, text).expect("written");
    file
}

const CLAUDE: &str = "{\n  \"background_notifications\": false,\n  \"sisyphus\": {\n    \
    \"max_background_tasks\": 10,\n    \"background_execution\": false\n  }\n}\n";

#[test]
fn the_keys_of_claude_are_the_lowest_layer_where_they_are_imported() {
    let sandbox = Sandbox::with_config("max_background_tasks = 3\n");
    let file = claude(&sandbox, CLAUDE);
    let shown = sandbox.json(["config", "show", "--json"]);
    assert_eq!(shown["background_execution"]["value"], true, "nothing is imported unasked: {shown}");

    sandbox.configure("import_claude_settings = true\nmax_background_tasks = 3\n");
    let shown = sandbox.json(["config", "show", "--json"]);
    let of = |key: &str| (shown[key]["value"].clone(), shown[key]["origin"].clone());
    let at = |path: &PathBuf, line| serde_json::json!({ "default": false, "file": path, "line": line });
    assert_eq!(of("notifications"), (false.into(), at(&file, 2)));
    assert_eq!(of("background_execution"), (false.into(), at(&file, 5)));
    assert_eq!(of("max_background_tasks"), (3.into(), at(&sandbox.home().join("hob.toml"), 2)));
    sandbox.configure("import_claude_settings = true\n");
    let text = sandbox.ok(["config", "show"]);
    assert!(text.contains(&format!("max_background_tasks = 10 # {}:4", file.display())), "{text}");

    let ran = sandbox.run(["dispatch", "shell", "exit 9"]);
    assert_eq!(ran.code, 9, "the setting of Claude holds: {ran:?}");
}

#[test]
fn a_broken_file_of_claude_warns_and_stops_nothing() {
    let sandbox = Sandbox::with_config("import_claude_settings = true\n");
    let file =
        claude(&sandbox, "{ \"env\": { \"TOKEN\": \"sk-secret\" },\n  \"sisyphus\": { \"max_background_tasks\": 0 } }");
    let place = format!("{}:2: sisyphus.max_background_tasks: expected a whole number from 1 to 256", file.display());
    let check = |args: &[&str], place: &str| {
        let ran = sandbox.run(args);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.stderr.contains(place), "`{place}` is not in {ran:?}");
        assert!(!format!("{ran:?}").contains("secret"), "{ran:?}");
    };
    check(&["dispatch", "shell", "true", "--wait"], &place);
    let checked = sandbox.json(["config", "check", "--json"]);
    assert_eq!((&checked["ok"], checked["warnings"].as_array().map(Vec::len)), (&true.into(), Some(1)), "{checked}");
    assert!(sandbox.ok(["config", "check"]).contains(&place));
    let doctor = sandbox.run(["doctor"]);
    assert!(doctor.stdout.contains(&place), "{doctor:?}");

    fs::write(&file, "{ \"env\": { \"TOKEN\": \"sk-secret\" ").expect("written");
    check(&["dispatch", "shell", "true", "--wait"], &format!("{}:1: this is no JSON", file.display()));
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    check(&["dispatch", "shell", "true", "--wait"], "it is not a file");
    let log = fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    assert!(log.contains("this setting is left out") && !log.contains("secret"), "{log}");
}

#[test]
fn a_changed_number_of_slots_holds_at_once() {
    let sandbox = Sandbox::with_config("max_background_tasks = 1\n");
    sandbox.pipe("gate");
    for id in ["first", "second", "third"] {
        sandbox.ok(["dispatch", "shell", "read line < gate", "--id", id]);
    }
    eventually("one runs", || sandbox.state_of("first") == "running");
    let daemon = sandbox.daemon_pid();
    assert_eq!(sandbox.state_of("second"), "pending");
    fs::write(sandbox.home().join("hob.toml"), "max_background_tasks = 2\n").expect("written");
    eventually("two run", || sandbox.state_of("second") == "running");
    assert_eq!(sandbox.state_of("third"), "pending");
    // As editors do it.
    sandbox.configure("max_background_tasks = 3\n");
    eventually("three run", || sandbox.state_of("third") == "running");
    assert_eq!(sandbox.daemon_pid(), daemon);
    sandbox.ok(["cancel", "--all"]);
}

#[test]
fn what_is_imported_holds_at_once_and_a_mistake_changes_nothing() {
    let sandbox = Sandbox::with_config("import_claude_settings = true\n");
    let one = "{ \"sisyphus\": { \"max_background_tasks\": 1 } }";
    claude(&sandbox, one);
    sandbox.pipe("gate");
    for id in ["first", "second"] {
        sandbox.ok(["dispatch", "shell", "read line < gate", "--id", id]);
    }
    eventually("one runs", || sandbox.state_of("first") == "running");
    let log = || fs::read_to_string(sandbox.state().join("log/daemon.log")).expect("a log");
    sandbox.configure("max_background_tasks = \"many\"\n");
    eventually("the mistake is seen", || log().contains("the configuration stays as it was"));
    assert_eq!(sandbox.state_of("second"), "pending");
    sandbox.configure("import_claude_settings = true\n");
    claude(&sandbox, &one.replace('1', "2"));
    eventually("two run", || sandbox.state_of("second") == "running");
    sandbox.ok(["cancel", "--all"]);
}
