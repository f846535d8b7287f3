//! `hob presets` and the files that presets come from.

use crate::sandbox::{Ran, Sandbox};
use std::fs;

const REVIEW: &str = r#"
[presets.review]
summary = "Look at what changed"
join = 2
result = "{report} for {input}"

[presets.review.children.tests]
executor = "shell"
params = { argv = ["echo", "{input}"] }

[presets.review.children.todo]
executor = "explore"
params = { about = "{input}" }

[presets.review.children.report]
executor = "shell"
needs = ["tests", "todo"]
params = { argv = ["cat", "{tests}", "{todo.data}"] }
timeout = "1m"
"#;

#[test]
fn presets_are_listed_and_explained() {
    let sandbox = Sandbox::with_config(REVIEW);
    let list = sandbox.ok(["presets"]);
    assert!(list.contains("review") && list.contains("tests, todo, report"), "{list}");
    let one = sandbox.ok(["presets", "review"]);
    for words in ["Look at what changed", "hob.toml:2", "report  shell, after tests and todo, at most 1m", "2 children"]
    {
        assert!(one.contains(words), "{words} in {one}");
    }
    let json = sandbox.json(["presets", "review", "--json"]);
    assert_eq!(json["children"][2]["needs"], serde_json::json!(["tests", "todo"]), "{json}");
    assert_eq!((&json["join"], &json["wants_input"]), (&2.into(), &true.into()), "{json}");
    assert_eq!(json["problems"], serde_json::json!([]), "{json}");
    sandbox.run(["presets", "reveiw"]).refused(4, &["reveiw", "review"]);
}

#[test]
fn a_preset_that_cannot_work_says_so() {
    let sandbox = Sandbox::with_config(
        "[presets.bad.children.a]\nexecutor = \"explore\"\nparams = { patern = [\"x\"] }\n\
         [presets.bad.children.b]\nexecutor = \"lint\"\n[executors.lint]\ncomponent = \"lint.wasm\"\n",
    );
    let ran = sandbox.run(["presets", "--check"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    for words in
        ["preset `bad`: child `a`", "`patern` is no parameter; did you mean `pattern`?", "child `b`", "lint.wasm"]
    {
        assert!(ran.stdout.contains(words), "{words} in {ran:?}");
    }
    assert!(sandbox.ok(["presets", "bad"]).contains("Problems"));

    // No agent is in the PATH of a sandbox, and hob's own preset wants one; that is all that is said.
    let sandbox = Sandbox::with_config(REVIEW);
    let ran = sandbox.run(["presets", "--check"]);
    assert!(ran.code == 3 && ran.stdout.lines().all(|line| line.contains("needs an agent")), "{ran:?}");
}

#[test]
fn a_cycle_is_refused_with_its_line() {
    let sandbox = Sandbox::with_config(
        "[presets.round.children.a]\nexecutor = \"shell\"\nneeds = [\"b\"]\n\
         [presets.round.children.b]\nexecutor = \"shell\"\nneeds = [\"a\"]\n",
    );
    sandbox.run(["presets"]).refused(3, &["hob.toml:3:9", "a -> b -> a"]);
}

#[test]
fn a_repository_has_presets_of_its_own_and_nothing_else() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join(".git")).expect("a folder");
    let path = sandbox.file(".hob.toml", REVIEW.replace("review", "ours"));
    sandbox.file("src/deep/file", "");
    let json = sandbox.json(["presets", "ours", "--cwd", "src/deep", "--json"]);
    assert_eq!(json["origin"]["file"], path.to_string_lossy().as_ref(), "{json}");

    sandbox.file(".hob.toml", "[executors.shell.grant]\nenv = []\n");
    sandbox.run(["presets"]).refused(3, &[".hob.toml:1:2", "executors", "hob config path"]);
    // It hurts nothing else.
    assert!(sandbox.ok(["executors"]).contains("shell"));
    sandbox.ok(["config", "check"]);
}

#[test]
fn a_preset_of_a_repository_is_handed_in_from_anywhere_in_it() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join(".git")).expect("a folder");
    sandbox.file(
        ".hob.toml",
        "[presets.ours]\nresult = \"{where} and {top} for {input}\"\n\
         [presets.ours.children.where]\nexecutor = \"shell\"\nparams = { command = \"basename $PWD\" }\n\
         [presets.ours.children.top]\nexecutor = \"shell\"\nneeds = [\"where\"]\ncwd = \"..\"\n\
         params = { argv = [\"sh\", \"-c\", \"basename $PWD; echo $1\", \"sh\", \"{where}\"] }\n",
    );
    sandbox.file("src/deep/file", "");
    let mut command = sandbox.hob(["fan-out", "ours", "a question", "--id", "o", "--wait"]);
    let ran = Ran::of(&command.current_dir(sandbox.work().join("src/deep")).output().expect("hob starts"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("\ndeep and src\ndeep for a question\n"), "{ran:?}");
    let shown = sandbox.show("o");
    assert!(shown["cwd"].as_str().is_some_and(|cwd| cwd.ends_with("/src/deep")), "{shown}");
    // What was handed in runs again although the preset is gone.
    fs::remove_file(sandbox.work().join(".hob.toml")).expect("removed");
    sandbox.run(["fan-out", "ours", "x"]).refused(4, &["ours"]);
    sandbox.ok(["retry", "o", "--wait"]);
}

#[test]
fn an_executor_that_extends_another_runs_its_component_with_its_grant() {
    let sandbox = Sandbox::with_config(
        "[executors.bare]\nextends = \"shell\"\ngrant = { env = [\"PATH\"] }\nsummary = \"Without your variables\"\n",
    );
    let list = sandbox.ok(["executors"]);
    assert!(list.contains("bare") && list.contains("Without your variables"), "{list}");
    let answer = sandbox.ok(["dispatch", "bare", "echo home=$HOB_HOME.", "--wait"]);
    assert!(answer.contains("home=."), "{answer}");
    let shown = sandbox.ok(["config", "show"]);
    assert!(shown.contains("[executors.bare]\nextends = \"shell\" # "), "{shown}");
}

#[test]
fn a_sentence_finds_first_what_has_most_of_its_words() {
    let sandbox = Sandbox::new();
    sandbox.file("a.txt", "the layer\nof nothing\n");
    sandbox.file("z.txt", "an api\nand its Layer\n");
    let answer = sandbox.ok(["dispatch", "explore", "--about", "refactor the API layer", "--wait", "--id", "about"]);
    assert!(answer.contains("3 hits in 2 files"), "{answer}");
    let report = sandbox.ok(["output", "about", "--log"]);
    assert!(report.starts_with("z.txt (2 hits)"), "{report}");
    sandbox.run(["dispatch", "explore", "x", "--about", "y z w"]).refused(2, &["PATTERN", "--about"]);
    sandbox.run(["dispatch", "explore"]).refused(2, &["pattern", "--about"]);
}
