//! A folder for each case: `hob.toml`, and either `error.txt`, every problem that has to be found in it, or
//! `effective.toml`, what then differs from the defaults.
//!
//! With `HOB_BLESS=1` the expectations are written anew; read the difference before you keep it.
#![cfg(unix)]

use hob_settings::{Error, Origin, Places, Settings, Shown};
use std::{
    fs,
    path::{Path, PathBuf},
};

fn places(config: &Path) -> Places {
    let home = PathBuf::from("/home/ada");
    Places {
        state: home.join(".local/state/hob"),
        config: config.to_owned(),
        cache: home.join(".cache/hob"),
        home: Some(home),
    }
}

fn effective(settings: &Settings) -> String {
    let mut shown = settings.shown();
    shown.retain(|shown| shown.origin != Origin::Default);
    Shown::as_toml(&shown)
}

fn problems(places: &Places) -> String {
    let problems: Vec<String> = Settings::check(places).iter().map(Error::to_string).collect();
    problems.join("\n\n") + "\n"
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let bless = std::env::var_os("HOB_BLESS").is_some();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).expect("the cases") {
        let case = entry.expect("a case").path();
        let places = places(&case.join("hob.toml"));
        let (name, found) = match Settings::load(&places) {
            Ok(settings) => {
                assert!(Settings::check(&places).is_empty(), "{}: loads, and has problems", case.display());
                ("effective.toml", effective(&settings))
            }
            Err(_) => ("error.txt", problems(&places)),
        };
        let found = found.replace(&case.display().to_string(), "{case}");
        let other = if name == "error.txt" { "effective.toml" } else { "error.txt" };
        if bless {
            fs::write(case.join(name), &found).expect("write");
        }
        let expected = fs::read_to_string(case.join(name)).unwrap_or_default();
        if found != expected || case.join(other).exists() {
            wrong.push(format!("== {}\n-- expected {name}\n{expected}\n-- found\n{found}", case.display()));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 30, "only {seen} cases");
}

#[test]
fn what_is_shown_means_the_same_when_it_is_read() {
    for case in ["everything", "extends", "notifications", "presets", "advice"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
        let settings = Settings::load(&places(&folder.join("hob.toml"))).expect("loads");
        let written = tempfile::tempdir().expect("a folder");
        let places = places(&written.path().join("hob.toml"));
        fs::write(&places.config, Shown::as_toml(&settings.shown())).expect("write");
        let again = Settings::load(&places).expect("what was shown loads");
        assert_eq!(again, settings, "{case}");
    }
}

#[test]
fn f60_another_component_inherits_no_grant() {
    let grant = |case: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(case);
        let settings = Settings::load(&places(&folder.join("hob.toml"))).expect("loads");
        settings.executor(&"shell".parse().expect("a name")).expect("there from the start").grant.clone()
    };
    let own = grant("empty");
    assert_ne!(own, hob_core::Grant::default());
    assert_eq!(grant("same-component"), own, "what is not said stays as it was");
    assert_eq!(grant("another-component"), hob_core::Grant::default(), "nothing listed is nothing granted");

    let changed = grant("one-key-of-a-grant");
    assert_eq!(changed.programs, own.programs);
    assert_ne!(changed.env, own.env);
}

#[test]
fn notifications_are_yes_or_no_or_a_table() {
    let read = |text: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let places = places(&folder.path().join("hob.toml"));
        fs::write(&places.config, text).expect("write");
        Settings::load(&places).expect("loads").notifications
    };
    let all = read("");
    assert!(all.desktop && all.command.is_empty() && !all.is_choosy(), "{all:?}");
    assert_eq!(read("notifications = true"), all);
    assert!(read("notifications = false").is_off());
    assert_eq!(read("[notifications]\ngather = \"2s\""), all, "a table says yes");
    assert!(read("notifications = { desktop = false }").is_off(), "nobody is left");
    let quiet = read("executors.explore.notifications = false\nexecutors.pages.extends = \"explore\"");
    let silent: Vec<_> = quiet.silent.iter().map(hob_core::ExecutorName::as_str).collect();
    assert_eq!(silent, ["explore", "pages"], "who extends it is as quiet");
}
