//! Bad input: one clear message, a documented exit code, nothing changed, nothing lost.

use crate::{denials::executor, sandbox::Sandbox};
use std::{fs, os::unix::fs::PermissionsExt as _};

fn no_task(sandbox: &Sandbox) {
    assert_eq!(sandbox.json(["list", "--all", "--json"]), serde_json::json!([]));
}

#[test]
fn an_unknown_executor_with_the_nearest_name() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "explor", "x"]).refused(4, &["explor", "explore"]);
    no_task(&sandbox);
}

#[test]
fn an_unknown_parameter_with_the_nearest_name() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "explore", "x", "--litteral"]).refused(2, &["--litteral", "--literal"]);
    sandbox.run(["dispatch", "explore", "--params", r#"{"pattern":["x"],"litteral":true}"#]).refused(2, &["litteral"]);
    no_task(&sandbox);
}

#[test]
fn a_parameter_of_a_wrong_type() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "explore", "x", "--context", "many"]).refused(2, &["--context", "many"]);
    sandbox.run(["dispatch", "explore", "--params", r#"{"pattern":"x"}"#]).refused(2, &["pattern"]);
    sandbox.run(["dispatch", "explore", "--params", "{"]).refused(2, &["--params"]);
    sandbox.run(["dispatch", "explore"]).refused(2, &["pattern"]);
    no_task(&sandbox);
}

#[test]
fn options_that_are_none() {
    let sandbox = Sandbox::new();
    sandbox.run(["dispatch", "shell", "true", "--priority", "urgent"]).refused(2, &["urgent", "low, medium"]);
    sandbox.run(["dispatch", "shell", "true", "--timeout", "10"]).refused(2, &["10", "90s"]);
    sandbox.run(["dispatch", "shell", "true", "--id", "../x"]).refused(2, &["../x"]);
    sandbox.run(["dispatch", "shell", "true", "--cwd", "nowhere"]).refused(2, &["nowhere"]);
    sandbox.run(["list", "--state", "done"]).refused(2, &["done", "completed"]);
    no_task(&sandbox);
}

#[test]
fn an_unknown_task_with_the_nearest_id() {
    let sandbox = Sandbox::new();
    sandbox.ok(["dispatch", "shell", "true", "--id", "search-auth", "--wait"]);
    for verb in ["show", "output", "wait", "cancel", "retry"] {
        sandbox.run([verb, "search-auht"]).refused(4, &["search-auht", "search-auth"]);
    }
}

#[test]
fn an_abbreviation_that_fits_two_tasks() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    for id in ["search-1", "search-2"] {
        sandbox.ok(["dispatch", "shell", "true", "--id", id]);
    }
    sandbox.run(["show", "search"]).refused(2, &["search-1", "search-2"]);
    assert_eq!(sandbox.show("search-1")["id"], "search-1");
}

#[test]
fn bad_toml_with_file_line_and_column() {
    let sandbox = Sandbox::with_config("max_background_tasks = 5\nnotifications = yes\n");
    sandbox.run(["dispatch", "shell", "true"]).refused(3, &["hob.toml", "2"]);
    sandbox.configure("max_background_task = 5\n");
    sandbox.run(["dispatch", "shell", "true"]).refused(3, &["max_background_task", "max_background_tasks", "1"]);
    sandbox.configure("[executors.shell.limits]\nmemory = \"lots\"\n");
    let check = sandbox.run(["config", "check"]);
    assert_eq!(check.code, 3, "{check:?}");
    assert!(["hob.toml:2", "memory", "lots", "64MiB"].iter().all(|word| check.stdout.contains(word)), "{check:?}");
    sandbox.configure("");
    no_task(&sandbox);
}

#[test]
fn a_missing_and_a_broken_component() {
    let missing = "[executors.gone]\ncomponent = \"/nonexistent/gone.wasm\"\n";
    let sandbox = Sandbox::with_config(missing);
    sandbox.run(["dispatch", "gone"]).refused(3, &["gone", "/nonexistent/gone.wasm"]);
    let broken = sandbox.file("broken.wasm", b"\0asm\x0d\0\x01\0broken");
    sandbox.configure(&format!("[executors.broken]\ncomponent = \"{}\"\n", broken.display()));
    sandbox.run(["dispatch", "broken"]).refused(3, &["broken.wasm"]);
    let module = sandbox.file("module.wasm", b"\0asm\x01\0\0\0");
    sandbox.configure(&format!("[executors.module]\ncomponent = \"{}\"\n", module.display()));
    sandbox.run(["dispatch", "module"]).refused(3, &["module.wasm", "component"]);
    let path = crate::denials::guest("noop");
    sandbox.configure(&format!("[executors.p]\ncomponent = \"{}\"\nsha256 = \"{}\"\n", path.display(), "0".repeat(64)));
    sandbox.run(["dispatch", "p"]).refused(3, &["sha256", &"0".repeat(64)]);
    no_task(&sandbox);
}

#[test]
fn a_component_of_another_version_is_refused_with_both() {
    let sandbox = Sandbox::with_config(&executor("old", "other_version", ""));
    sandbox.run(["dispatch", "old"]).refused(3, &["0.1.0", "9.9.0"]);
    no_task(&sandbox);
}

#[test]
fn an_unwritable_state_folder() {
    let sandbox = Sandbox::new();
    // Root writes where nobody may, so the folder's place is taken by a file.
    fs::write(sandbox.state(), "in the way").expect("written");
    sandbox.run(["dispatch", "shell", "true"]).refused(70, &["state"]);
    assert_eq!(fs::read(sandbox.state()).expect("still there"), b"in the way");
    fs::remove_file(sandbox.state()).expect("removed");
}

#[test]
fn a_database_that_is_not_ours_or_newer_stays_as_it_is() {
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    sandbox.ok(["dispatch", "shell", "true", "--id", "kept"]);
    let database = sandbox.state().join("hob.db");
    let ours = fs::read(&database).expect("a database");
    for (content, words) in [
        (b"this is no database, but somebody's only copy of a text".to_vec(), ["hob.db", "not"]),
        (with_user_version(&ours, 9999), ["hob.db", "9999"]),
        (Vec::new(), ["hob.db", "empty"]),
    ] {
        for side in ["hob.db-wal", "hob.db-shm"] {
            let _ = fs::remove_file(sandbox.state().join(side));
        }
        fs::write(&database, &content).expect("written");
        for args in [["status", "--json"].as_slice(), &["dispatch", "shell", "true"], &["list"]] {
            let ran = sandbox.run(args);
            assert_eq!(ran.code, 70, "{args:?}: {ran:?}");
            assert_eq!(ran.stdout, "", "{args:?}");
            assert!(words.iter().all(|word| ran.stderr.contains(word)), "{args:?}: {}", ran.stderr);
            assert_eq!(fs::read(&database).expect("still there"), content, "the file is untouched");
        }
    }
}

/// The database with another `user_version` (section 1.3 of the file format: offset 60).
fn with_user_version(database: &[u8], version: u32) -> Vec<u8> {
    let mut changed = database.to_vec();
    changed[60..64].copy_from_slice(&version.to_be_bytes());
    changed
}

#[test]
fn a_batch_with_one_bad_line_is_refused_as_a_whole() {
    let sandbox = Sandbox::new();
    let good = r#"{"executor":"shell","params":{"command":"true"}}"#;
    let file = sandbox.file("batch.jsonl", format!("{good}\n{good}\n{{\"executor\":\"shel\",\"params\":{{}}}}\n"));
    let args = ["dispatch".as_ref(), "--batch".as_ref(), file.as_os_str()];
    sandbox.run(args).refused(4, &["line 3", "shel", "shell"]);
    no_task(&sandbox);
}

#[test]
fn files_are_private_whatever_the_umask() {
    let sandbox = Sandbox::new();
    let hob = env!("CARGO_BIN_EXE_hob");
    let script = format!("umask 000; {hob} dispatch shell 'echo x' --id open --wait");
    assert!(sandbox.command("sh").args(["-c", &script]).output().expect("sh runs").status.success());
    let mut folders = vec![sandbox.state()];
    while let Some(folder) = folders.pop() {
        let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).expect("listed") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}
