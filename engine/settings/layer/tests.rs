use super::*;
use hob_core::{Grant, Priority, TerminalNotice};
use std::{path::PathBuf, time::Instant};

fn places() -> Places {
    let path = |path: &str| PathBuf::from(path);
    Places {
        state: path("/home/ada/.local/state/hob"),
        config: path("/home/ada/.config/hob/hob.toml"),
        cache: path("/home/ada/.cache/hob"),
        home: Some(path("/home/ada")),
    }
}

/// The default file with all that is commented out in it.
fn whole_file() -> String {
    let mut example = false;
    let mut text = String::new();
    let first = Source::built_in().next().expect("config/hob.toml");
    for line in first.text().lines() {
        example |= line == "# [executors.example]";
        let strip = example || ["# default_executor = ", "# state_files = "].iter().any(|key| line.starts_with(key));
        let line = if strip { line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap_or(line) } else { line };
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn every_key_of_the_code_is_in_the_default_file() {
    let source = Source::new(None, whole_file());
    let table = DeTable::parse(source.text()).expect("the file is TOML");
    let reader = Reader::new(&source);
    let root = Table::new(&reader, String::new(), table.get_ref(), table.span());
    let layer = Layer::read_root(root, None, &places());
    let problems: Vec<String> = reader.problems().iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // The built-in executors say only what differs.
    let missing = reader.missing();
    let missing: Vec<_> = missing
        .iter()
        .filter(|key| {
            !["shell", "explore", "librarian", "web-fetch", "webReader"]
                .iter()
                .any(|name| key.starts_with(&format!("executors.{name}")))
        })
        // One example has a component and all that belongs to it, the other extends it.
        .filter(|key| !key.starts_with("executors.example-in-german") && *key != "executors.example.extends")
        // One child says only what it has to, the other everything.
        .filter(|key| !key.starts_with("presets.example.children.search"))
        .collect();
    assert!(missing.is_empty(), "config/hob.toml lacks {missing:?}");

    let extending = &layer.executors[&"example-in-german".parse::<ExecutorName>().expect("a name")];
    assert_eq!(extending.about.extends.as_ref().map(|at| at.value.as_str()), Some("example"));
    let example = &layer.executors[&"example".parse::<ExecutorName>().expect("a name")];
    assert_eq!(example.limits.resolve(), Limits::default(), "the limits that the file shows are the defaults");
    assert_eq!(example.about.repeatable.as_ref().map(|at| at.value), Some(false));
    assert_eq!(example.grant.state.as_ref().map(|at| at.value), Some(Grant::default().state));
}

#[test]
fn every_key_of_the_default_file_has_a_comment() {
    let text = whole_file();
    let mut seen = std::collections::BTreeSet::new();
    let mut before = "";
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with(['#', ' '])) {
            assert!(!seen.insert(key) || before.starts_with('#'), "{line}");
        }
        before = line;
    }
    for key in ["max_background_tasks", "default_executor", "http_body"] {
        assert!(seen.contains(key), "{key}");
    }
}

#[test]
fn the_defaults_are_complete() {
    let layer = Layer::built_in(&places());
    let GeneralLayer {
        max_background_tasks,
        default_executor,
        notifications,
        background_execution,
        import_claude_settings,
        state_files,
        autostart,
        lease,
        grace,
        nesting_depth,
        nesting_per_minute,
        age,
        count,
        output,
        hook_bytes,
    } = layer.general;
    assert_eq!(max_background_tasks.map(|at| at.value), Some(5));
    assert_eq!(default_executor, None);
    assert_eq!(notifications.map(|at| at.value), Some(true));
    assert_eq!(background_execution.map(|at| at.value), Some(true));
    assert_eq!(import_claude_settings.map(|at| at.value), Some(false));
    assert_eq!(state_files, None);
    let NotificationsLayer { desktop, command, terminal, min_duration, priorities, gather } = layer.notifications;
    assert_eq!(desktop.map(|at| at.value), Some(true));
    assert_eq!(command.map(|at| at.value), Some(Vec::new()));
    assert_eq!(terminal.map(|at| at.value), Some(TerminalNotice::None));
    assert_eq!(min_duration.map(|at| at.value), Some(Duration::ZERO));
    assert_eq!(priorities.map(|at| at.value), Some(Priority::ALL.into()));
    assert_eq!(gather.map(|at| at.value), Some(Duration::from_secs(2)));
    assert_eq!(autostart.map(|at| at.value), Some(true));
    assert_eq!(lease.map(|at| at.value), Some(Duration::from_mins(1)));
    assert_eq!(nesting_depth.map(|at| at.value), Some(8));
    assert_eq!(nesting_per_minute.map(|at| at.value), Some(300));
    assert_eq!(grace.map(|at| at.value), Some(Duration::from_secs(2)));
    assert_eq!(age.map(|at| at.value), Some(Some(Duration::from_hours(30 * 24))));
    assert_eq!(count.map(|at| at.value), Some(Some(10_000)));
    assert_eq!(output.map(|at| at.value), Some(Some(Bytes(5 << 30))));
    assert_eq!(hook_bytes.map(|at| at.value), Some(Bytes(8 << 10)));
    let executors: Vec<_> = layer.executors.keys().map(ExecutorName::as_str).collect();
    let ours = ["explore", "librarian", "shell", "web-fetch", "webReader"];
    let agents = ["agent", "frontend-engineer", "librarian-agent", "oracle", "reviewer"];
    let mut expect = [ours, agents].concat();
    expect.sort_unstable();
    assert_eq!(executors, expect);
}

#[test]
fn f65_any_damage_to_a_file_is_a_problem_and_never_a_panic() {
    let text = whole_file();
    let pieces =
        ["[", "]", "{", "}", "\"", "'''", "=", ".", "\n", "\u{0}", "é", "#", "9999999999999999999999", "nan", ","];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |most: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % most as u64).expect("below most")
    };
    let (mut good, mut bad) = (0, 0);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(500) || good + bad < 200 {
        let mut damaged: Vec<char> = text.chars().collect();
        for _ in 0..=next(3) {
            let at = next(damaged.len());
            match next(3) {
                0 => drop(damaged.drain(at..(at + next(40)).min(damaged.len()))),
                1 => drop(damaged.splice(at..at, pieces[next(pieces.len())].chars())),
                _ => {
                    let after = (at + 1) % damaged.len();
                    damaged.swap(at, after);
                }
            }
        }
        let source = Source::new(None, damaged.into_iter().collect());
        match Layer::read(&source, None, &places()) {
            Ok(_) => good += 1,
            Err(problems) => {
                bad += 1;
                for problem in problems {
                    let shown = problem.to_string();
                    assert_eq!(hob_core::sanitize(&shown), shown);
                    assert!(problem.line as usize <= source.text().lines().count() + 1, "{shown}");
                }
            }
        }
    }
    assert!(good > 0 && bad > 0, "{good} good, {bad} bad");
}
