//! The negative statements of ARCHITECTURE.md, each held by a look at the sources.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                let path = path.strip_prefix(root).expect("below the root").to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

/// No line of code in `folder`, but for files whose path has one of `except`, has any of `words`.
#[track_caller]
fn absent(folder: &str, words: &[&str], except: &[&str]) {
    for (path, text) in sources(folder) {
        if except.iter().any(|part| path.to_string_lossy().contains(part)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            for word in words {
                assert!(!code.contains(word), "{}:{} has `{word}`: {line}", path.display(), number + 1);
            }
        }
    }
}

/// The crates of the workspace that `crate_name` names as dependencies.
fn rooms_below(folder: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let normal = text.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or_default();
    let mut rooms: Vec<String> = normal
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next()?.strip_prefix("hob-").map(str::to_owned))
        .collect();
    rooms.sort();
    rooms
}

#[test]
fn arrows_point_one_way() {
    for (room, below) in [
        ("core", [].as_slice()),
        ("settings", &["core"]),
        ("store", &["core"]),
        ("process", &["core"]),
        ("runner", &["core", "store"]),
        ("host", &["core", "process", "runner"]),
        ("conformance", &["core", "host", "runner"]),
        ("notify", &["core", "process", "store"]),
        ("plugins", &["core"]),
    ] {
        let named = rooms_below(&format!("engine/{room}"));
        for name in &named {
            assert!(below.contains(&name.as_str()), "engine/{room} imports {name}");
        }
    }
}

#[test]
fn only_host_names_wasmtime() {
    absent("engine", &["wasmtime"], &["engine/host/"]);
}

#[test]
fn only_store_has_sql() {
    absent("engine", &["rusqlite", "SELECT ", "INSERT INTO"], &["engine/store/"]);
}

#[test]
fn only_process_spawns_and_signals() {
    let words = ["process::Command", "libc::kill", "signal::kill", "fork()", "tokio::process"];
    absent("engine", &words, &["engine/process/", "/tests/", "tests.rs"]);
    // In cli, `Command` is one of the command line, unless it is imported from elsewhere.
    absent("engine/cli", &["process::{Command"], &[]);
    absent("engine", &["Command::new"], &["engine/process/", "engine/cli/", "/tests/", "tests.rs"]);
}

#[test]
fn no_command_but_a_worker_or_a_trial_makes_a_host() {
    absent("engine/cli", &["Host::new"], &["engine/cli/wire.rs"]);
    absent("engine/cli", &["wire::host", "host(&places"], &["engine/cli/wire.rs", "engine/cli/trial.rs"]);
}

#[test]
fn nothing_below_cli_prints_or_ends_the_process() {
    let words = ["println!", "eprintln!", "print!(", "eprint!(", "process::exit", "std::env::args"];
    absent("engine", &words, &["engine/cli/", "/examples/", "/tests/", "engine/process/"]);
}

#[test]
fn core_has_no_io_no_clock_and_no_async() {
    let words = ["std::fs", "std::net", "std::env", "SystemTime", "Instant", "async fn", "tokio"];
    absent("engine/core", &words, &[]);
}

#[test]
fn unsafe_code_is_only_in_process_and_in_the_loader_of_host() {
    absent("engine", &["unsafe {", "unsafe fn"], &["engine/process/", "engine/host/artefact"]);
}

#[test]
fn no_test_is_switched_off_and_none_expects_a_panic() {
    for folder in ["engine", "tests", "plugins", "xtask"] {
        absent(folder, &[concat!("#[ig", "nore"), concat!("#[should", "_panic")], &[]);
    }
}

#[test]
fn no_file_is_two_rooms() {
    for folder in ["engine", "tests", "plugins", "xtask"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
        }
    }
}
