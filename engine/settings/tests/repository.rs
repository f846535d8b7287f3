//! Presets of a repository: where its file is looked for, and what it may not say.
#![cfg(unix)]

use hob_settings::{Error, Origin, Places, Presets, Settings};
use std::{fs, path::Path};

fn places(home: &Path) -> Places {
    Places {
        state: home.join("state"),
        config: home.join("hob.toml"),
        cache: home.join("cache"),
        home: Some(home.to_owned()),
    }
}

fn names(presets: &Presets) -> Vec<&str> {
    let own = presets.iter().filter(|preset| preset.origin != Origin::Default);
    own.map(|preset| preset.preset.name.as_str()).collect()
}

const LINT: &str = "[presets.lint.children.a]\nexecutor = \"shell\"\n";

#[test]
fn the_nearest_file_up_to_the_repository() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("hob.toml"), LINT.replace("lint", "own")).expect("written");
    let settings = Settings::load(&places(root)).expect("loads");
    let at = |path: &str| settings.presets_in(&root.join(path)).expect("no problem");
    for path in ["repo/.git", "repo/src/deep", "repo/other", "plain/below"] {
        fs::create_dir_all(root.join(path)).expect("a folder");
    }
    // Outside of every repository, above it, within it and nearer.
    for (file, name) in
        [(".hob.toml", "above"), ("repo/.hob.toml", "lint"), ("repo/other/.hob.toml", "near"), ("plain/.hob.toml", "p")]
    {
        fs::write(root.join(file), LINT.replace("lint", name)).expect("written");
    }
    assert_eq!(names(&at("repo")), ["lint", "own"]);
    assert_eq!(names(&at("repo/src/deep")), ["lint", "own"]);
    assert_eq!(names(&at("repo/other")), ["near", "own"]);
    assert_eq!(names(&at("plain")), ["own", "p"]);
    assert_eq!(names(&at("plain/below")), ["own"], "without a repository only the folder itself counts");
    assert_eq!(names(&settings.presets()), ["own"]);
    assert_eq!(at("repo/src").repository(), Some(root.join("repo/.hob.toml").as_path()));
    fs::remove_file(root.join("repo/.hob.toml")).expect("removed");
    assert_eq!(names(&at("repo/src/deep")), ["own"], "what lies above the repository is not part of it");
    let unknown = at("repo/other").find("nera").expect_err("unknown");
    assert_eq!(unknown.to_string(), "there is no preset `nera`; did you mean `near`?");
}

#[test]
fn what_a_repository_may_not_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    fs::write(root.join("hob.toml"), LINT.replace("lint", "own")).expect("written");
    let settings = Settings::load(&places(root)).expect("loads");
    let repository = root.join("repo");
    fs::create_dir_all(repository.join(".git")).expect("a folder");
    let text = format!(
        "max_background_tasks = 9\n[executors.shell.grant]\nenv = []\n{}{}{}",
        LINT.replace("lint", "own"),
        LINT,
        "[presets.far.children.a]\nexecutor = \"shelf\"\n"
    );
    fs::write(repository.join(".hob.toml"), text).expect("written");
    let problems: Vec<String> = settings.check_presets_in(&repository).iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 4, "{problems:#?}");
    let expected = [
        [":1:1: max_background_tasks: a repository's file has presets", "hob config path"],
        [":2:2: executors: a repository's file has presets", "hob config path"],
        [":4:10: presets.own: the preset `own` is defined in", "hob.toml:1"],
        [":9:12: presets.far.children.a.executor: there is no executor", "did you mean `shell`?"],
    ];
    for (problem, expected) in problems.iter().zip(expected) {
        for words in expected {
            assert!(problem.contains(words), "{words} in {problem}");
        }
    }
    let first = settings.presets_in(&repository).expect_err("a problem");
    assert!(matches!(first, Error::Invalid { more: 3, .. }), "{first}");
    assert!(first.to_string().contains("`hob presets --check`"), "{first}");
    assert!(Settings::check(&places(root)).is_empty(), "it hurts nothing but presets");
}
