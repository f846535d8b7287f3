//! `docs/origins.md` names what there is: tests that exist, commands and settings that `hob` knows.

use crate::sandbox::Sandbox;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Cells of a row.
struct Row {
    line: usize,
    hob: Vec<String>,
    tests: Vec<String>,
}

fn rows() -> Vec<Row> {
    let path = root().join("docs/origins.md");
    let text = fs::read_to_string(path).expect("the page");
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [document, hob, shown] = cells.as_slice() else { panic!("line {}: three cells: {line}", number + 1) };
        if *document == "the document" {
            continue;
        }
        rows.push(Row { line: number + 1, hob: spans(hob), tests: spans(shown) });
    }
    rows
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// What stands between backticks.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of all tests in the sources.
fn tests() -> BTreeSet<String> {
    let mut folders: Vec<PathBuf> = ["engine", "tests", "plugins", "xtask"].map(|name| root().join(name)).into();
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(path).expect("text");
                let functions = text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1));
                let name = |after: &str| Some(after.split_once("fn ")?.1.split_once('(')?.0.to_owned());
                found.extend(functions.filter_map(name));
            }
        }
    }
    found
}

#[test]
fn every_test_that_is_named_exists() {
    let (rows, tests) = (rows(), tests());
    assert!(rows.len() >= 70, "only {} rows", rows.len());
    for Row { line, hob, tests: named } in &rows {
        assert!(!hob.is_empty(), "line {line}: what of hob does it?");
        assert!(!named.is_empty(), "line {line}: which test shows it?");
        for name in named {
            assert!(tests.contains(name), "line {line}: there is no test `{name}`");
        }
    }
}

#[test]
fn every_command_that_is_named_is_known() {
    let sandbox = Sandbox::new();
    let commands = rows().into_iter().flat_map(|row| row.hob.into_iter().map(move |name| (row.line, name)));
    let mut known = 0;
    for (line, name) in commands.filter(|(_, name)| name.starts_with("hob ")) {
        let typed: Vec<&str> = name.split_whitespace().skip(1).collect();
        let (options, verbs): (Vec<&str>, Vec<&str>) = typed.iter().partition(|word| word.starts_with("--"));
        let ran = sandbox.run([&verbs[..], &["--help"]].concat());
        assert_eq!(ran.code, 0, "line {line}: `{name}`: {}", ran.stderr);
        for option in options {
            assert!(ran.stdout.contains(option), "line {line}: `{name}` has no {option}");
        }
        known += 1;
    }
    assert!(known >= 60, "only {known} commands");
}

#[test]
fn every_setting_that_is_named_is_known() {
    let sandbox = Sandbox::new();
    let mut known = 0;
    for Row { line, hob, .. } in rows() {
        for key in hob.iter().filter(|name| !name.starts_with("hob ")) {
            // No setting is a list of lists, so that a known key has a problem of another sort.
            sandbox.configure(&format!("{key} = [[]]\n"));
            let ran = sandbox.run(["config", "check"]);
            assert_eq!(ran.code, 3, "line {line}: {ran:?}");
            assert!(!ran.stdout.contains("unknown key"), "line {line}: {}", ran.stdout);
            known += 1;
        }
    }
    assert!(known >= 10, "only {known} settings");
}
