//! Bytes that are compiled, and code that was compiled (50, 57): only the limited child compiles, and only what it
//! made is loaded.

use super::neighbours::{Place, how};
use crate::{
    denials::{executor, guest},
    plugins::refused::bomb,
    sandbox::{Ran, Sandbox, eventually},
};
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

#[test]
fn f50_the_daemon_leaves_compiling_to_a_limited_child() {
    let place = Place::new("max_background_tasks = 1\n", "[executors.later]\ncomponent = \"later.wasm\"\n");
    let sandbox = &place.sandbox;
    // Accepted as it was, and another thing when its turn comes.
    let component = sandbox.home().join("later.wasm");
    fs::copy(guest("noop"), &component).expect("copied");
    sandbox.ok(["dispatch", "hostile", "--id", "before", "--params", &how("wait", 0).to_string()]);
    eventually("the slot is taken", || sandbox.state_of("before") == "running");
    sandbox.ok(["dispatch", "later", "--id", "later"]);
    fs::write(sandbox.home().join("new.wasm"), bomb(50_000, 5_000)).expect("written");
    fs::rename(sandbox.home().join("new.wasm"), &component).expect("replaced");
    // From here on the system counts the daemon's highest mark anew.
    fs::write(format!("/proc/{}/clear_refs", place.daemon), "5").expect("our own process");
    let before = place.figure("VmHWM:");
    sandbox.ok(["cancel", "before"]);
    eventually("it is blocked", || sandbox.show("later")["blocked"].is_string());
    let blocked = sandbox.show("later")["blocked"].to_string();
    for word in ["later.wasm", "cannot be compiled within", "3GiB of memory"] {
        assert!(blocked.contains(word), "`{word}` is not in: {blocked}");
    }
    let grown = place.figure("VmHWM:").saturating_sub(before);
    assert!(grown < 16 << 10, "the daemon took {grown} KiB while the child compiled");
    sandbox.ok(["dispatch", "noop", "--wait"]);
    assert_eq!(sandbox.daemon_pid(), place.daemon);
}

/// A sandbox with a cache of its own.
struct Cached {
    sandbox: Sandbox,
    cache: PathBuf,
}

impl Cached {
    fn new(toml: &str) -> Self {
        let sandbox = Sandbox::with_config(toml);
        let cache = sandbox.home().join("cache");
        Self { sandbox, cache }
    }

    fn hob<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&self.sandbox.hob(args).env("HOB_CACHE_DIR", &self.cache).output().expect("hob starts"))
    }

    /// What an executor answers in a fresh daemon.
    #[track_caller]
    fn answer(&self, executor: &str) -> String {
        self.hob(["dispatch", executor, "--wait"]).succeeded();
        let list = self.hob(["list", "--json"]).succeeded();
        self.hob(["daemon", "stop"]).succeeded();
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        list[0]["result"]["summary"].as_str().expect("a summary").to_owned()
    }

    fn compiled(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.cache.join("components")).expect("a cache");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "cwasm"));
        paths.sort();
        paths
    }
}

fn replace(path: &Path, bytes: &[u8], mode: u32) {
    fs::remove_file(path).expect("removed");
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

#[test]
fn f57_native_code_in_the_cache_that_is_not_its_own_is_made_anew() {
    let start = executor("start", "hostile_start", "");
    let place = Cached::new(&(executor("noop", "noop", "") + &start));
    assert_eq!(place.answer("noop"), "done");
    let noop = place.compiled().pop().expect("native code");
    let good = fs::read(&noop).expect("read");
    assert_eq!(place.answer("start"), "started");
    let other = place.compiled().into_iter().find(|path| *path != noop).expect("another");
    let foreign = fs::read(other).expect("read");
    // Whole and valid code of another component; its own with one bit changed; its own, open to everybody.
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (bytes, mode) in [(&foreign, 0o400), (&flipped, 0o400), (&good, 0o666)] {
        replace(&noop, bytes, mode);
        assert_eq!(place.answer("noop"), "done");
        assert_eq!(fs::read(&noop).expect("read").len(), good.len());
        assert_eq!(fs::metadata(&noop).expect("there").permissions().mode() & 0o777, 0o400, "it was made anew");
    }
    // Beside it, under a name of its own, nothing is looked at.
    let beside = noop.with_file_name(format!("{}-0123456789abcdef.cwasm", "0".repeat(64)));
    fs::write(&beside, &foreign).expect("written");
    assert_eq!(place.answer("noop"), "done");
}
