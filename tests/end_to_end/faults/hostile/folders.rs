//! Ways out of a granted folder (51), told to the host without a library between, with `openat2` and without it.

use crate::{
    denials::executor,
    plugins::sha256,
    sandbox::{Ran, Sandbox},
};
use nix::sys::stat::{Mode, SFlag, mknod};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{
        fs::{MetadataExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
    process::Command,
};

/// What leads through a folder or `..` to a place outside: every operation has to fail.
const OUTWARD: [&str; 18] = [
    "../outside/secret",
    "ABSOLUTE/outside/secret",
    "sub/../../outside/secret",
    "./../outside/secret",
    "sub/./../../outside/secret",
    ".//..//outside/secret",
    "../granted/../outside/secret",
    "folder-link/secret",
    "folder-link//secret",
    "folder-link/./secret",
    "slash-link/secret",
    "absolute-folder-link/secret",
    "folder-link/../outside/secret",
    "sub/up/up/outside/secret",
    "chain/secret",
    "proc-root-link/ABSOLUTE/outside/secret",
    "proc-cwd-link/outside/secret",
    "/etc/passwd",
];

/// Links in the folder: what follows them has to fail; the links themselves are the guest's own.
const LINKS: [&str; 14] = [
    "file-link",
    "absolute-link",
    "folder-link",
    "folder-link/",
    "folder-link/.",
    "slash-link",
    "slash-link/",
    "file-slash-link",
    "file-slash-link/",
    "chain",
    "proc-root-link",
    "proc-root-link/",
    "proc-self-link",
    "loop-link",
];

/// The folder around, and what is none.
const AROUND: [&str; 6] = ["..", "../", "/", "../..", "sub/../..", ""];

/// Neither files nor folders.
const SPECIAL: [&str; 5] = ["pipe", "socket", "device", "null-link", "pipe/"];

const FOLLOWING: [&str; 10] = [
    "read",
    "write",
    "create",
    "truncate",
    "truncate-reading",
    "create-reading",
    "list",
    "times",
    "size",
    "link-follow",
];

const WRITING: [&str; 8] =
    ["write", "create", "create-reading", "exclusive", "truncate", "truncate-reading", "size", "times"];

struct Place {
    sandbox: Sandbox,
    has_device: bool,
}

/// Two granted folders, one to read, and what lies beside them.
fn place(autostart: bool) -> Place {
    let sandbox = Sandbox::new();
    let work = sandbox.work();
    for folder in ["granted/sub/deep", "read-only/sub", "outside/inner"] {
        fs::create_dir_all(work.join(folder)).expect("made");
    }
    sandbox.file("granted/inside", "inside");
    sandbox.file("read-only/kept", "kept");
    sandbox.file("outside/secret", "secret");
    sandbox.file("outside/inner/other", "other");
    let link = |target: &str, at: &str| symlink(target, work.join(at)).expect("linked");
    let absolute = work.join("outside");
    let absolute = absolute.to_str().expect("text");
    link("../outside/secret", "granted/file-link");
    link(&format!("{absolute}/secret"), "granted/absolute-link");
    link("../outside", "granted/folder-link");
    link(absolute, "granted/absolute-folder-link");
    link("../outside/", "granted/slash-link");
    link("../outside/secret/", "granted/file-slash-link");
    link("folder-link", "granted/chain");
    link("..", "granted/sub/up");
    link("/proc/self/root", "granted/proc-root-link");
    link("/proc/self/cwd", "granted/proc-cwd-link");
    link("/proc/self/", "granted/proc-self-link");
    link("loop-link", "granted/loop-link");
    link("/dev/null", "granted/null-link");
    link("sub/../inside", "granted/good-link");
    nix::unistd::mkfifo(&work.join("granted/pipe"), Mode::S_IRWXU).expect("a pipe");
    drop(UnixListener::bind(work.join("granted/socket")).expect("a socket"));
    // Only root can make one: this is /dev/zero.
    let device = mknod(&work.join("granted/device"), SFlag::S_IFCHR, Mode::S_IRWXU, nix::sys::stat::makedev(1, 5));
    let dir = |name: &str, mode| {
        format!("{{ host = \"{}/{name}\", guest = \"/{mode}\", mode = \"{mode}\" }}", work.display())
    };
    let dirs = format!("dirs = [{}, {}]", dir("granted", "rw"), dir("read-only", "ro"));
    let toml = executor("hostile", "hostile", &format!("[executors.hostile.grant]\n{dirs}\n"));
    sandbox.configure(&format!("{toml}\n[daemon]\nautostart = {autostart}\n"));
    Place { sandbox, has_device: device.is_ok() }
}

fn tries(place: &Place) -> Vec<Value> {
    let work = place.sandbox.work();
    let work = work.to_str().expect("text");
    let mut tries = Vec::new();
    let mut add = |what: &str, path: &str, to: &str| {
        let (path, to) = (path.replace("ABSOLUTE", work), to.replace("ABSOLUTE", work));
        tries.push(json!({ "what": what, "at": "/rw", "path": path, "to": to }));
    };
    for path in OUTWARD {
        for what in FOLLOWING.iter().chain(&["read-nofollow", "exclusive", "unlink", "rmdir", "mkdir", "readlink"]) {
            add(what, path, "sub/got");
        }
        for what in ["rename", "link"] {
            add(what, path, "sub/got");
            add(what, "inside", path);
        }
        add("symlink", path, "inside");
    }
    for path in ["../outside/inner", "folder-link/inner", "../outside", "ABSOLUTE/outside/inner"] {
        for what in ["list", "rmdir", "rename", "times"] {
            add(what, path, "sub/got");
        }
        add("mkdir", &format!("{path}/new"), "");
        add("rename", "sub/deep", &format!("{path}/moved"));
    }
    for path in LINKS {
        for what in FOLLOWING {
            add(what, path, "sub/got");
        }
    }
    for path in AROUND {
        for what in ["read", "list", "write", "create", "truncate", "times", "mkdir", "rmdir", "unlink", "rename"] {
            add(what, path, "sub/got");
        }
    }
    for path in SPECIAL.iter().filter(|path| place.has_device || **path != "device") {
        for what in
            ["read", "read-nofollow", "write", "truncate", "truncate-reading", "create", "times", "size", "list"]
        {
            add(what, path, "");
        }
    }
    let mut add = |what: &str, at: &str, path: &str, to_at: &str, to: &str| {
        tries.push(json!({ "what": what, "at": at, "path": path, "to_at": to_at, "to": to }));
    };
    for what in WRITING {
        add(what, "/ro", "kept", "", "");
        add(what, "/ro", "new", "", "");
    }
    for (what, path) in [("unlink", "kept"), ("rmdir", "sub"), ("mkdir", "new"), ("symlink", "new"), ("times", "sub")] {
        add(what, "/ro", path, "", "kept");
    }
    for what in ["rename", "link"] {
        add(what, "/ro", "kept", "/ro", "other");
        add(what, "/ro", "kept", "/rw", "got");
        add(what, "/rw", "inside", "/ro", "new");
        add(what, "/rw", "inside", "/ro", "kept");
    }
    tries
}

/// Everything of a tree that could be changed: kind, mode, names, contents, times of writing, number of links.
fn census(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let about = path.symlink_metadata().expect("there");
        let content = if about.is_file() { sha256(&fs::read(&path).expect("read")) } else { String::new() };
        let facts = format!("{:o} {} {}.{} {content}", about.mode(), about.nlink(), about.mtime(), about.mtime_nsec());
        found.insert(path.display().to_string(), facts);
        if about.is_dir() {
            open.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
    }
    found
}

/// What came of each try, with the try.
#[track_caller]
fn outcomes(task: &Value, tries: &[Value]) -> Vec<(Value, String)> {
    let found = task["result"]["data"].as_array().unwrap_or_else(|| panic!("answers in {task}"));
    assert_eq!(found.len(), tries.len());
    let words = |text: &Value| text.as_str().expect("text").to_owned();
    tries.iter().cloned().zip(found.iter().map(words)).collect()
}

#[track_caller]
fn nothing_gets_out(place: &Place, run: impl Fn(&Sandbox)) {
    let Place { sandbox, .. } = place;
    let work = sandbox.work();
    let (outside, read_only) = (census(&work.join("outside")), census(&work.join("read-only")));
    let tries = tries(place);
    let params = json!({ "how": "tries", "tries": tries }).to_string();
    let params = format!("@{}", sandbox.file("../tries.json", params).display());
    // First of all: the same guest can do what was granted, so what fails below does not fail for another reason.
    let good: Vec<Value> =
        [("read", "inside"), ("read", "good-link"), ("create", "new"), ("list", "sub"), ("times", "new")]
            .map(|(what, path)| json!({ "what": what, "at": "/rw", "path": path }))
            .to_vec();
    let good_params = json!({ "how": "tries", "tries": good }).to_string();
    sandbox.ok(["dispatch", "hostile", "--id", "good", "--params", &good_params]);
    sandbox.ok(["dispatch", "hostile", "--id", "bad", "--timeout", "60s", "--params", &params]);
    run(sandbox);
    sandbox.wait(&["good", "bad"]);
    for (one, outcome) in outcomes(&sandbox.show("good"), &good) {
        assert!(!outcome.starts_with("error"), "{one}: {outcome}");
    }
    let allowed: Vec<_> = outcomes(&sandbox.show("bad"), &tries)
        .into_iter()
        .filter(|(_, outcome)| !outcome.starts_with("error "))
        .map(|(one, outcome)| format!("{one}: {outcome}"))
        .collect();
    assert_eq!(allowed, Vec::<String>::new());
    assert_eq!(census(&work.join("outside")), outside);
    assert_eq!(census(&work.join("read-only")), read_only);
}

#[test]
fn f51_no_path_leads_out_of_a_granted_folder() {
    nothing_gets_out(&place(true), |_| {});
}

#[test]
fn f51_no_path_leads_out_where_the_kernel_has_no_openat2() {
    let place = place(false);
    nothing_gets_out(&place, |sandbox| {
        let trace = sandbox.home().join("trace");
        let mut strace: Command = sandbox.command("timeout");
        // A slot that hangs for ever is no reason to wait for ever.
        strace.args(["-k", "1", "60", "strace", "-f", "-qq", "-e", "trace=openat2"]);
        strace.args(["-e", "inject=openat2:error=ENOSYS", "-o"]).arg(&trace);
        strace.args([env!("CARGO_BIN_EXE_hob"), "work"]);
        Ran::of(&strace.output().expect("strace, which `cargo xtask test` brings")).succeeded();
        let trace = fs::read_to_string(trace).expect("a trace");
        assert!(trace.contains("ENOSYS (Function not implemented) (INJECTED)"), "{trace}");
    });
}
