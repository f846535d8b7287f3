//! What suits the background and what is better watched.

use crate::sandbox::{Ran, Sandbox};

/// Where work of this sort goes, its sort, and the line to type.
#[track_caller]
fn suggested(sandbox: &Sandbox, words: &[&str]) -> (String, String, String) {
    let args = [&["suggest", "--json"], words].concat();
    let answer = sandbox.json(&args);
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    assert!(!text("why").is_empty(), "{answer}");
    (text("place"), text("sort"), text("dispatch"))
}

#[test]
fn what_suits_the_background_is_sent_there() {
    let sandbox = Sandbox::new();
    for (input, sort, line) in [
        ("explore finding all usages", "searches", "hob dispatch explore finding all usages"),
        ("rg -n 'a b' src", "searches", r"hob dispatch shell 'rg -n '\''a b'\'' src'"),
        ("find all usages of parse", "searches", "hob dispatch shell 'find all usages of parse'"),
        ("search for callers of parse", "searches", "hob dispatch explore --about 'search for callers of parse'"),
        ("librarian researching APIs", "documentation", "hob dispatch librarian researching APIs"),
        ("Scrape documentation for tokio", "documentation", "hob dispatch librarian 'Scrape documentation for tokio'"),
        ("lsp_workspace_symbols Parser", "symbols", "hob dispatch shell 'lsp_workspace_symbols Parser'"),
        ("ast_grep_search 'foo($A)'", "syntax", r"hob dispatch shell 'ast_grep_search '\''foo($A)'\'''"),
        ("webReader https://example.org/", "pages", "hob dispatch webReader https://example.org/"),
        ("Fix all lint errors in src/", "upkeep", "hob dispatch agent 'Fix all lint errors in src/'"),
        ("Format code", "upkeep", "hob dispatch agent 'Format code'"),
        ("Update dependencies", "upkeep", "hob dispatch agent 'Update dependencies'"),
        ("Run full test suite", "long-runs", "hob dispatch agent 'Run full test suite'"),
        ("refactor the API layer", "agents", "hob dispatch agent 'refactor the API layer'"),
    ] {
        let found = suggested(&sandbox, &[input]);
        assert_eq!(found, ("background".to_owned(), sort.to_owned(), line.to_owned()), "{input}");
    }
}

#[test]
fn what_should_be_watched_stays_in_the_foreground() {
    let sandbox = Sandbox::new();
    for (input, sort) in [
        ("sed -i s/a/b/ file", "edits"),
        ("Edit src/main.rs", "edits"),
        ("cargo build --release", "builds"),
        ("npm run build", "builds"),
        ("make", "builds"),
        ("cargo test", "tests"),
        ("cd web && npm test", "tests"),
        ("Run tests for auth module", "tests"),
        ("git commit -m 'one'", "git"),
        ("git push --force", "git"),
    ] {
        let (place, found, line) = suggested(&sandbox, &[input]);
        assert_eq!((place.as_str(), found.as_str()), ("foreground", sort), "{input}");
        assert!(line.starts_with("hob dispatch ") && line.ends_with(" --follow"), "{line}");
    }
    let (_, sort, line) = suggested(&sandbox, &["git", "commit", "-m", "a b"]);
    assert_eq!((sort.as_str(), line.as_str()), ("git", "hob dispatch shell -- git commit -m 'a b' --follow"));
}

#[test]
fn a_suggestion_reads_well_and_runs_nothing() {
    let sandbox = Sandbox::new();
    let shown = sandbox.ok(["suggest", "cargo test"]);
    assert_eq!(
        shown,
        "foreground  tests: a test that fails wants attention at once\n            cargo test\n            hob \
         dispatch shell 'cargo test' --follow\n            the latter shows what it prints, and goes on when you stop \
         looking\n"
    );
    let (place, sort, line) = suggested(&sandbox, &["echo x > made"]);
    assert_eq!((place.as_str(), sort.as_str(), line.as_str()), ("either", "", "hob dispatch shell 'echo x > made'"));
    assert!(!sandbox.work().join("made").exists() && !sandbox.state().exists());
    sandbox.run(["suggest"]).refused(2, &["COMMAND"]);
    sandbox.run(["suggest", " "]).refused(2, &["which command?"]);
}

#[test]
fn the_lists_are_configuration() {
    let sandbox = Sandbox::with_config(
        "default_executor = \"oracle\"\n[advice.foreground.deploy]\nwhy = \"it asks\"\ncommands = [\"deploy\"]\n\
         [advice.background.tests]\nwhy = \"ours take an hour\"\ncommands = [\"cargo test\"]\n",
    );
    assert_eq!(suggested(&sandbox, &["deploy now"]).0, "foreground");
    assert_eq!(suggested(&sandbox, &["cargo test"]).0, "background");
    assert_eq!(suggested(&sandbox, &["npm test"]).0, "either", "an entry is replaced as a whole");
    assert_eq!(suggested(&sandbox, &["Format code"]).2, "hob dispatch oracle 'Format code'");
    assert!(sandbox.ok(["config", "show"]).contains("[advice.background.searches]"));
}

/// Dispatches with and without a session, and gives what was said on stderr.
fn said(sandbox: &Sandbox, args: &[&str], session: bool) -> Ran {
    let mut hob = sandbox.hob([&["dispatch", "shell"], args].concat());
    if session {
        hob.env("HOB_SESSION", "s-1");
    }
    Ran::of(&hob.output().expect("hob starts"))
}

#[test]
fn a_dispatch_says_what_is_better_watched_to_those_who_can_do_with_it() {
    let sandbox = Sandbox::new();
    let noted = said(&sandbox, &["git push || true", "--id", "a"], true);
    assert_eq!(noted.stdout, "a\n");
    assert!(noted.stderr.starts_with("hob: better watched (git): it changes the state"), "{noted:?}");
    assert!(noted.stderr.contains("hob output a --follow"), "{noted:?}");

    for (why, args, session) in [
        ("a script", &["git push || true"][..], false),
        ("the same again", &["git push || true", "--id", "a"], true),
        ("quiet", &["-q", "git push || true"], true),
        ("watched", &["git push || true", "--wait"], true),
        ("nothing to watch", &["echo git push"], true),
        ("JSON has it in itself", &["--json", "git push || true"], true),
    ] {
        let ran = said(&sandbox, args, session);
        assert!(!ran.stderr.contains("better watched"), "{why}: {ran:?}");
    }
    let object = sandbox.json(["dispatch", "shell", "--json", "--", "git", "push"]);
    assert_eq!((&object["advice"]["place"], &object["advice"]["sort"]), (&"foreground".into(), &"git".into()));
    assert!(sandbox.json(["dispatch", "shell", "--json", "true"])["advice"].is_null());

    sandbox.configure("[advice]\nnotes = false\n");
    assert_eq!(said(&sandbox, &["git push || true"], true).stderr, "");
}
