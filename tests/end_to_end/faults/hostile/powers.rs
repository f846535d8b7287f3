//! Programs beyond a grant (53), and grants that nobody should give (60).

use crate::{denials::executor, sandbox::Sandbox};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

/// A program that leaves a mark, where only a trick leads to it.
fn trap(sandbox: &Sandbox, name: &str) {
    let path = sandbox.file(&format!("evil/{name}"), "#!/bin/sh\necho sprung >> \"$(dirname \"$0\")/mark\"\n");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn f53_no_trick_starts_another_program_or_the_granted_one_otherwise() {
    let sandbox = Sandbox::new();
    let grant = "[executors.runs.grant]\nprograms = { sh = { path = \"/bin/sh\" } }\n";
    let dirs = format!("dirs = [{{ host = \"{}/in\", guest = \"/p\", mode = \"rw\" }}]\n", sandbox.work().display());
    sandbox.configure(&(executor("runs", "program_run", grant) + &dirs));
    sandbox.file("in/inside", "inside");
    symlink("..", sandbox.work().join("in/out")).expect("linked");
    for name in ["sh", "bash", "env", "ls"] {
        trap(&sandbox, name);
    }
    let mark = || sandbox.work().join("evil/mark").exists();
    let evil = sandbox.work().join("evil").display().to_string();
    // The dispatcher's own environment is full of traps: none of it was granted.
    let run = |params: &Value| -> Value {
        let mut command = sandbox.hob(["dispatch", "runs", "--params", &params.to_string(), "--wait", "--json"]);
        command.env("PATH", format!("{evil}:/usr/bin:/bin")).env("BASH_ENV", format!("{evil}/sh"));
        command.env("ENV", format!("{evil}/sh")).env("LD_LIBRARY_PATH", &evil).env("IFS", "/");
        let output = command.output().expect("hob starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let task = run(&json!({ "program": "sh", "args": ["-c", "/usr/bin/env"] }));
    let seen = task["result"]["data"]["stdout"].as_str().unwrap_or_else(|| panic!("output in {task}"));
    // A shell sets these itself.
    let own = |line: &&str| ["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|name| line.starts_with(name));
    assert_eq!(seen.lines().filter(|line| !own(line)).collect::<Vec<_>>(), Vec::<&str>::new());
    let sh = |with: Value| {
        let mut params = json!({ "program": "sh", "args": ["-c", "echo started"] });
        params.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
        params
    };
    let env = |name: &str, value: &str| sh(json!({ "env": [[name, value]] }));
    // Each is denied, with the key that would allow it.
    for (params, key) in [
        (env("LD_PRELOAD", "/p/evil.so"), "env = ["),
        (env("LD_LIBRARY_PATH", "/p"), "env = ["),
        (env("LD_AUDIT", "/p/evil.so"), "env = ["),
        (env("BASH_ENV", &format!("{evil}/sh")), "env = ["),
        (env("ENV", &format!("{evil}/sh")), "env = ["),
        (env("PATH", &evil), "env = ["),
        (env("path", &evil), "env = ["),
        (env("LD_PRELOAD=/p/evil.so\0", ""), "env = ["),
        (sh(json!({ "cwd": "/" })), "dirs = ["),
        (sh(json!({ "cwd": "/etc" })), "dirs = ["),
        (sh(json!({ "program": "bash" })), "programs = {"),
        (sh(json!({ "program": "SH" })), "programs = {"),
        (sh(json!({ "program": "/bin/sh" })), "programs = {"),
        (sh(json!({ "program": "./sh" })), "programs = {"),
        (sh(json!({ "program": "../evil/sh" })), "programs = {"),
        (sh(json!({ "program": "sh/../sh" })), "programs = {"),
        (sh(json!({ "program": format!("{evil}/sh") })), "programs = {"),
        (sh(json!({ "program": "sh\0" })), "programs = {"),
        (sh(json!({ "program": "" })), "programs = {"),
    ] {
        let task = run(&params);
        let message = task["failure"]["message"].as_str().unwrap_or_else(|| panic!("a failure in {task}"));
        assert_eq!(task["failure"]["kind"], "denied", "{params}: {task}");
        assert!(message.contains("[executors.runs.grant]\n") && message.contains(key), "{params}: {message}");
    }
    // These name a granted folder and lead out of it.
    for cwd in ["/p/..", "/p/../evil", "/p/out", "/p/out/evil", "/p/inside"] {
        let task = run(&sh(json!({ "cwd": cwd })));
        assert_eq!(task["state"], "failed", "{cwd}: {task}");
    }
    assert!(!mark(), "a trap was sprung");
}

#[track_caller]
fn grants(sandbox: &Sandbox, grant: &str) -> (i32, String) {
    sandbox.configure(&executor("x", "dir_read", &format!("[executors.x.grant]\n{grant}\n")));
    let ran = sandbox.run(["config", "check"]);
    (ran.code, ran.stdout + &ran.stderr)
}

#[test]
fn f60_grants_are_nothing_by_default_exact_in_spelling_and_refused_where_they_are_dangerous() {
    let sandbox = Sandbox::new();
    for folder in [".ssh", "work"] {
        fs::create_dir_all(sandbox.user().join(folder)).expect("made");
    }
    symlink(sandbox.user().join(".ssh"), sandbox.work().join("innocent")).expect("linked");
    symlink(sandbox.home(), sandbox.work().join("own")).expect("linked");
    // An empty grant is fine, and is nothing.
    assert_eq!(grants(&sandbox, "").0, 0);
    sandbox.file("note", "inside");
    let params = json!({ "path": "/note" }).to_string();
    assert_eq!(sandbox.run(["dispatch", "x", "--id", "nothing", "--params", &params, "--wait"]).code, 1);
    assert!(sandbox.show("nothing")["failure"]["message"].to_string().contains("dirs = ["));
    // What is spelt wrongly is an error with its line.
    let line = format!("{}:", sandbox.home().join("hob.toml").display());
    for (grant, word) in [
        ("dir = []", "dir"),
        ("programms = \"any\"", "programs"),
        ("programs = \"all\"", "programs"),
        ("programs = \"*\"", "programs"),
        ("programs = \"Any\"", "programs"),
        ("env = \"*\"", "env"),
        ("dirs = \"*\"", "dirs"),
        ("dirs = [\"*\"]", "dirs"),
        ("dirs = [{ host = \"{cwd}\", guest = \"/\", mode = \"rwx\" }]", "mode"),
        ("dirs = [{ host = \"{cwd}\", guest = \"/\", wirte = true }]", "wirte"),
        ("dirs = [{ host = \"work\", guest = \"/\" }]", "absolute"),
        ("dirs = [{ host = \"{cwd}/..\", guest = \"/\" }]", ".."),
        ("http = [{ host = \"*\", method = [\"GET\"] }]", "method"),
        ("http = \"*\"", "http"),
        ("state = \"*\"", "state"),
        ("everything = true", "everything"),
        ("\"*\" = \"*\"", "*"),
    ] {
        let (code, words) = grants(&sandbox, grant);
        assert_eq!(code, 3, "{grant}: {words}");
        assert!(words.contains(&line) && words.contains(word), "{grant}: {words}");
        // And so with every other command: nothing runs on a guess.
        assert_eq!(sandbox.run(["dispatch", "x", "--params", &params]).code, 3, "{grant}");
    }
    // What is dangerous is refused, at the latest when it would be used, wherever it leads.
    for host in [
        "/",
        "//",
        "/.",
        "~",
        "~/",
        "~/.ssh",
        "~/.ssh/",
        "/proc",
        "/proc/self/root",
        "/sys",
        "/dev",
        "STATE",
        "HOME",
        "CACHE",
    ] {
        let place = |name: &str| match name {
            "STATE" => sandbox.state().display().to_string(),
            "HOME" => sandbox.home().display().to_string(),
            "CACHE" => concat!(env!("CARGO_TARGET_TMPDIR"), "/hob-cache").to_owned(),
            other => other.to_owned(),
        };
        refused_when_used(&sandbox, &place(host));
    }
    for link in ["innocent", "own", "own/state"] {
        refused_when_used(&sandbox, &sandbox.work().join(link).display().to_string());
    }
}

/// Either the configuration is wrong, or the task that would use it fails, with words about the folder.
#[track_caller]
fn refused_when_used(sandbox: &Sandbox, host: &str) {
    let (code, words) = grants(sandbox, &format!("dirs = [{{ host = \"{host}\", guest = \"/\" }}]"));
    let words = if code == 0 {
        let params = json!({ "path": "/" }).to_string();
        let ran = sandbox.run(["dispatch", "x", "--params", &params, "--wait", "--json"]);
        let task: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {host}: {ran:?}"));
        assert_eq!(task["state"], "failed", "{host}: {task}");
        task["failure"]["message"].as_str().expect("a message").to_owned()
    } else {
        words
    };
    let is_said = ["never granted", "the whole machine", "it contains", "it is inside"];
    assert!(is_said.iter().any(|said| words.contains(said)), "{host}: {words}");
}
