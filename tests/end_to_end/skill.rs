//! The skill for agents: its format, and that what it says to type can be typed.

use crate::sandbox::Sandbox;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

/// The rules of the format: <https://agentskills.io/specification>.
const LONGEST_NAME: usize = 64;
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_COMPATIBILITY: usize = 500;
const FIELDS: [&str; 6] = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];
/// What is recommended for the whole file.
const MOST_LINES: usize = 500;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("skills/hob")
}

fn text() -> String {
    fs::read_to_string(folder().join("SKILL.md")).expect("the skill")
}

/// Frontmatter of plain `key: value` lines, and the body.
fn parts(text: &str) -> (BTreeMap<&str, &str>, &str) {
    let rest = text.strip_prefix("---\n").expect("begins with frontmatter");
    let (front, body) = rest.split_once("\n---\n").expect("frontmatter ends");
    let fields = front.lines().map(|line| line.split_once(": ").unwrap_or_else(|| panic!("no `key: value`: {line}")));
    (fields.collect(), body)
}

#[test]
fn the_skill_follows_the_rules_of_the_format() {
    let text = text();
    let (fields, body) = parts(&text);
    for (key, value) in &fields {
        assert!(FIELDS.contains(key), "`{key}` is no field of the format");
        // What YAML would read as something else than the text that stands there.
        let plain = !value.contains(": ")
            && !value.contains(" #")
            && !value.starts_with(['"', '\'', '[', '{', '>', '|', '&', '*', '!', '%', '@', '`']);
        assert!(plain && value.trim() == *value && !value.is_empty(), "{key}: {value}");
    }
    let name = fields["name"];
    assert!(name.len() <= LONGEST_NAME && !name.starts_with('-') && !name.ends_with('-') && !name.contains("--"));
    assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
    assert_eq!(folder().file_name().and_then(|name| name.to_str()), Some(name), "it has the name of its folder");
    let description = fields["description"];
    assert!(description.chars().count() <= LONGEST_DESCRIPTION, "{}", description.chars().count());
    assert!(description.contains("Use when"), "it says what it does and when to use it");
    assert!(fields["compatibility"].chars().count() <= LONGEST_COMPATIBILITY);
    assert!(text.lines().count() < MOST_LINES && !body.trim().is_empty());
}

#[test]
fn the_skill_has_the_words_that_it_is_wanted_by() {
    let text = text().to_lowercase();
    let (fields, body) = parts(&text);
    for word in ["edit", "fix", "update", "refactor", "feature", "dispatch", "background"] {
        assert!(fields["description"].contains(word), "{word}");
    }
    for practice in ["independent", "telling id", "--cwd", "look at the state", "can fail", "five at once", "--log"] {
        assert!(body.contains(practice), "{practice}");
    }
}

#[test]
fn the_binary_prints_the_skill() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.ok(["skill"]), text());
    let object = sandbox.json(["skill", "--json"]);
    assert_eq!((&object["name"], &object["text"]), (&"hob".into(), &text().into()));
    assert!(object["description"].as_str().is_some_and(|text| text.starts_with("Runs work in the background")));
}

/// The commands in its blocks, without the quoting that a shell takes off.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

#[test]
fn what_the_skill_says_to_type_can_be_typed() {
    // Nothing is run: what is handed in waits, and what would start a worker is refused.
    let sandbox = Sandbox::with_config("[daemon]\nautostart = false\n");
    fs::create_dir(sandbox.work().join("web")).expect("made");
    let agent = sandbox.file("bin/claude", "#!/bin/sh\necho 1.0\n");
    fs::set_permissions(agent, fs::Permissions::from_mode(0o755)).expect("set");
    let path = format!("{}:/usr/bin:/bin", sandbox.work().join("bin").display());
    let commands = commands(&text());
    assert!(commands.len() >= 12, "{commands:?}");
    for line in commands {
        let line = if line.contains(" wait ") { line.replace("5m", "1ms") } else { line };
        let mut shell = sandbox.command("sh");
        shell.env("PATH", &path);
        let hob = env!("CARGO_BIN_EXE_hob");
        shell.args(["-c", &format!("hob() {{ {hob} \"$@\"; }}\n{line}")]);
        let output = shell.output().expect("sh starts");
        let code = output.status.code();
        let is_fine = matches!(code, Some(0)) || (line.contains(" wait ") && code == Some(6));
        assert!(is_fine, "{line}: {code:?} {}", String::from_utf8_lossy(&output.stderr));
    }
}
