//! 05 and 06: no room on the disk, and files that may not grow.

use super::{QUIET, whole};
use crate::{
    faults::oracle::database,
    sandbox::{Ran, Sandbox, eventually},
};
use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command},
};

/// A namespace of its own in which a small file system lies over a folder of the sandbox.
struct SmallDisk<'a> {
    sandbox: &'a Sandbox,
    folder: PathBuf,
    holder: Child,
}

impl<'a> SmallDisk<'a> {
    #[track_caller]
    fn over(sandbox: &'a Sandbox, folder: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&folder).expect("made");
        let script = "mount -t tmpfs -o \"size=$2,mode=700\" tmpfs \"$1\" && touch \"$1/.mounted\" && exec sleep 3600";
        let mut unshare = sandbox.command("unshare");
        unshare.args(["--mount", "sh", "-c", script, "sh"]).arg(&folder).arg(size);
        let holder = unshare.spawn().expect("unshare starts: this test needs root");
        let disk = Self { sandbox, folder, holder };
        let mounted = disk.inside().join(".mounted");
        eventually("the small disk is mounted, which needs root", || mounted.exists());
        fs::remove_file(mounted).expect("removed");
        disk
    }

    /// The folder, seen from outside.
    fn inside(&self) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.holder.id())).join(self.folder.strip_prefix("/").expect("absolute"))
    }

    fn hob<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.sandbox.command("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()));
        command.args(["env", "-C"]).arg(self.sandbox.work()).arg(env!("CARGO_BIN_EXE_hob")).args(args);
        command
    }

    #[track_caller]
    fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&self.hob(args).output().expect("nsenter starts"))
    }

    #[track_caller]
    fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.run(args).succeeded()
    }

    #[track_caller]
    fn show(&self, id: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(["show", id, "--json"])).expect("JSON")
    }

    #[track_caller]
    fn daemon(&self) -> serde_json::Value {
        let status: serde_json::Value = serde_json::from_str(&self.ok(["status", "--json"])).expect("JSON");
        status["daemon"]["info"]["pid"].clone()
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut ballast = fs::File::create(self.inside().join("ballast")).expect("made");
        for size in [4096, 1] {
            while ballast.write(&vec![b'x'; size]).is_ok_and(|written| written > 0) {}
        }
    }

    fn clear(&self) {
        fs::remove_file(self.inside().join("ballast")).expect("removed");
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = self.hob(["daemon", "stop"]).output();
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

#[test]
fn f05_a_full_disk_refuses_dispatches_lets_tasks_finish_and_heals() {
    let sandbox = Sandbox::with_config(QUIET);
    let disk = SmallDisk::over(&sandbox, sandbox.state(), "1m");
    disk.ok(["daemon", "start"]);
    let daemon = disk.daemon();
    sandbox.pipe("gate");
    disk.ok(["dispatch", "shell", "read line < gate; echo through", "--id", "runs"]);
    eventually("it runs", || disk.show("runs")["state"] == "running");
    disk.fill();

    let mut accepted = Vec::new();
    let refused = (0..200).find_map(|n| {
        let ran = disk.run(["dispatch", "shell", "true", "--id", &format!("t{n}")]);
        if ran.code == 0 {
            accepted.push(format!("t{n}"));
            return None;
        }
        Some(ran)
    });
    let path = database(&sandbox);
    refused.expect("a refusal").refused(70, &["the disk is full", path.to_str().expect("text"), "make room"]);
    // What reads goes on.
    disk.ok(["status"]);
    assert!(disk.ok(["list", "--all"]).contains("runs"));
    fs::write(sandbox.work().join("gate"), "go\n").expect("opened");

    disk.clear();
    let state = |id: &str| disk.show(id)["state"].clone();
    eventually("it ended", || state("runs") == "completed");
    assert_eq!(disk.ok(["output", "runs", "--log"]), "through\n");
    disk.ok(["dispatch", "shell", "echo again", "--id", "after", "--wait"]);
    for id in &accepted {
        eventually("what was accepted has ended", || state(id) == "completed");
    }
    assert_eq!(disk.daemon(), daemon, "the same daemon went on");
    let all: Vec<serde_json::Value> = serde_json::from_str(&disk.ok(["list", "--all", "--json"])).expect("JSON");
    assert_eq!(all.len(), accepted.len() + 2);
}

#[test]
fn f05_an_output_that_fills_the_disk_is_cut_and_gives_room_back() {
    let sandbox = Sandbox::with_config(QUIET);
    let disk = SmallDisk::over(&sandbox, sandbox.state(), "1536k");
    disk.ok(["daemon", "start"]);
    let daemon = disk.daemon();
    // Nobody makes room but the output itself.
    disk.ok(["dispatch", "shell", "yes | head -c 4000000; echo the end", "--id", "flood", "--wait"]);
    let said = disk.ok(["output", "flood", "--log"]);
    assert!(said.starts_with("y\ny\n") && said.ends_with("the end\n"), "{}", said.len());
    assert!(said.contains(" bytes left out]\n") && said.len() < 1_500_000, "{}", said.len());
    disk.ok(["dispatch", "shell", "echo small", "--id", "small", "--wait"]);
    assert_eq!(disk.ok(["output", "small", "--log"]), "small\n");
    assert_eq!(disk.daemon(), daemon);
}

#[test]
fn f05_a_full_disk_for_outputs_only_fails_no_task() {
    let sandbox = Sandbox::with_config(QUIET);
    let disk = SmallDisk::over(&sandbox, sandbox.state().join("output"), "256k");
    disk.ok(["daemon", "start"]);
    disk.fill();
    disk.ok(["dispatch", "shell", "echo lost", "--id", "nothing-fits", "--wait"]);
    disk.ok(["dispatch", "shell", "true", "--id", "silent", "--wait"]);
    disk.clear();
    disk.ok(["dispatch", "shell", "yes | head -c 1000000; echo the end", "--id", "flood", "--wait"]);
    let said = disk.ok(["output", "flood", "--log"]);
    assert!(said.starts_with("y\ny\n") && said.ends_with("the end\n"), "{}", said.len());
    assert!(said.contains(" bytes left out]\n"), "{}", said.len());
    disk.ok(["dispatch", "shell", "echo whole", "--id", "after", "--wait"]);
    assert_eq!(disk.ok(["output", "after", "--log"]), "whole\n");
}

/// `hob` whose files may not grow beyond so many bytes, which it may change.
fn limited(sandbox: &Sandbox, bytes: u64, args: &[&str]) -> Ran {
    let mut command = sandbox.command("prlimit");
    command.arg(format!("--fsize={bytes}:unlimited")).arg(env!("CARGO_BIN_EXE_hob")).args(args);
    Ran::of(&command.output().expect("prlimit starts"))
}

#[test]
fn f06_a_limit_on_files_is_an_error_that_heals_and_ends_nobody() {
    let sandbox = Sandbox::with_config(QUIET);
    sandbox.ok(["dispatch", "shell", "true", "--id", "first"]);
    let log = sandbox.state().join("hob.db-wal");
    let size = || fs::metadata(&log).expect("a log").len();

    let path = database(&sandbox);
    let words = ["no file may grow beyond", "ulimit -f", path.to_str().expect("text")];
    limited(&sandbox, size(), &["dispatch", "shell", "true", "--id", "too-much"]).refused(70, &words);
    limited(&sandbox, 4096, &["dispatch", "shell", "true", "--id", "too-much"]).refused(70, &words);
    assert!(!whole(&path).contains_key("too-much"));

    // Room for the daemon's own row, and not for a claim.
    limited(&sandbox, size() + (20 << 10), &["daemon", "start"]).succeeded();
    let daemon = sandbox.daemon_pid();
    sandbox.ok(["dispatch", "shell", "yes | head -c 3000000; echo the end", "--id", "flood"]);
    let said = || fs::read_to_string(sandbox.state().join("log/daemon.log")).unwrap_or_default();
    eventually("the claim is refused", || said().contains("no file may grow beyond"));
    assert_eq!(whole(&path)["flood"], "pending");
    let raise = |bytes: &str| {
        let mut prlimit = sandbox.command("prlimit");
        let status = prlimit.args(["--pid", &daemon.to_string(), &format!("--fsize={bytes}:unlimited")]).status();
        assert!(status.expect("prlimit starts").success());
    };
    raise("2000000");
    sandbox.wait(&["flood"]);
    assert_eq!(sandbox.state_of("flood"), "completed");
    let said = sandbox.ok(["output", "flood", "--log"]);
    assert!(said.starts_with("y\ny\n") && said.ends_with("the end\n"), "{}", said.len());
    assert!(said.contains(" bytes left out]\n") && said.len() <= 2_000_000, "{}", said.len());
    raise("unlimited");
    sandbox.ok(["dispatch", "shell", "true", "--id", "after", "--wait"]);
    assert_eq!(sandbox.daemon_pid(), daemon, "the same daemon went on");
}
