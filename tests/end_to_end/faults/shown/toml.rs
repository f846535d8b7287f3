//! Configuration of somebody who means no good.

use crate::sandbox::{Ran, Sandbox};
use std::{
    fs,
    time::{Duration, Instant},
};

/// Every command that reads the configuration says what is wrong, where, and ends as documented.
#[track_caller]
fn refused(sandbox: &Sandbox, case: &str, words: &[&str]) {
    for args in [vec!["config", "check"], vec!["dispatch", "shell", "true"], vec!["executors"]] {
        let start = Instant::now();
        let ran = sandbox.run(args.clone());
        assert!(start.elapsed() < Duration::from_secs(10), "{args:?}: {:?}", start.elapsed());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, 3, "{case}: {args:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{case}: {args:?}: `{word}` is not in: {said}");
        }
        assert!(said.len() < 20_000, "{args:?} said {} bytes", said.len());
    }
}

#[test]
fn f65_hostile_configuration_is_a_precise_error_with_its_line() {
    let sandbox = Sandbox::new();
    let deep = format!("x = {}1{}\n", "[".repeat(50_000), "]".repeat(50_000));
    let tables = format!("[{}]\n", vec!["a"; 50_000].join("."));
    let cases: &[(&str, String, &[&str])] = &[
        ("twice", "max_background_tasks = 1\nmax_background_tasks = 2\n".to_owned(), &["hob.toml:2", "set twice"]),
        ("a table twice", "[executors.shell]\n[executors.shell]\n".to_owned(), &["hob.toml:2"]),
        ("deep", deep, &["hob.toml:1"]),
        ("deep tables", tables, &["hob.toml:1"]),
        ("a name that is a path", "[executors.\"../x\"]\ncomponent = \"x.wasm\"\n".to_owned(), &["hob.toml:1", "../x"]),
        ("a preset that is a path", "[presets.\"../x\"]\n".to_owned(), &["hob.toml:1", "../x"]),
        ("no text", "max_background_tasks = \"\u{1}\"\n".to_owned(), &["hob.toml:1"]),
        ("a number beyond all", "max_background_tasks = 99999999999999999999\n".to_owned(), &["hob.toml:1"]),
        ("no end", "[executors.\"".to_owned(), &["hob.toml:1"]),
    ];
    for (name, text, words) in cases {
        sandbox.configure(text);
        refused(&sandbox, name, words);
    }
    // 100 MB, of which no byte is ever on the disk.
    fs::write(sandbox.home().join("hob.toml"), "").expect("written");
    fs::File::options()
        .write(true)
        .open(sandbox.home().join("hob.toml"))
        .expect("opened")
        .set_len(100 << 20)
        .expect("set");
    refused(&sandbox, "100 MB", &["hob.toml"]);
    assert!(!sandbox.state().join("hob.db").exists(), "nothing was accepted");
}

/// What a repository brings may name work, and never give itself anything.
#[test]
fn f65_a_repositorys_file_that_grants_itself_powers_is_refused_and_gives_none() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.work().join(".git")).expect("made");
    let preset = "[presets.theirs.children.one]\nexecutor = \"shell\"\nparams = { command = \"true\" }\n";
    let powers = [
        "[executors.explore.grant]\nprograms = \"any\"\n",
        "[executors.mine]\ncomponent = \"evil.wasm\"\n[executors.mine.grant]\nhttp = [\"*\"]\n",
        "max_background_tasks = 256\n",
        "default_executor = \"shell\"\n",
        "[notifications]\ncommand = [\"sh\", \"-c\", \"touch owned\"]\n",
        "[daemon]\nautostart = false\n",
        "[presets.ultrawork.children.one]\nexecutor = \"shell\"\nparams = { command = \"touch owned\" }\n",
    ];
    let before = (sandbox.ok(["executors", "explore", "--json"]), sandbox.ok(["config", "show"]));
    for power in powers {
        sandbox.file(".hob.toml", format!("{power}{preset}"));
        let ran: Ran = sandbox.run(["fan-out", "theirs", "x"]);
        assert_eq!(ran.code, 3, "{power}: {ran:?}");
        assert!(ran.stderr.contains(".hob.toml:1"), "{power}: {}", ran.stderr);
        // It is not in the way of anything else, and changes nothing.
        sandbox.ok(["dispatch", "shell", "true", "--wait"]);
        let after = (sandbox.ok(["executors", "explore", "--json"]), sandbox.ok(["config", "show"]));
        assert_eq!(after, before, "{power}");
    }
    assert!(!sandbox.work().join("owned").exists());
}
