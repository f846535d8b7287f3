//! Programs that only want to be many.

use crate::sandbox::{DEADLINE, Ran, Sandbox, is_alive};
use hob_fault_case::Case;
use nix::unistd::{Gid, Uid, chown};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Users that nobody else is, for whom a limit on processes holds; one for each test, because it counts them all.
const USERS: [u32; 2] = [61_735, 61_736];
/// Processes and threads that this user may have: a bomb that nobody stopped would still hurt nobody else.
const MOST: &str = "400";

/// A bomb of which nothing gives up when there is no room for more; shells do, and fizzle out.
const PLAIN: &str = "exec perl -e 'while (1) { fork // select(undef, undef, undef, 0.05) }'";
/// The same, and each leaves its session, its group and its parent.
const SCATTERED: &str = "exec perl -MPOSIX -e 'while (1) { my $child = fork; \
                         defined $child ? setsid() : select(undef, undef, undef, 0.05) }'";

/// A sandbox that belongs to a limited user, and everything of hob's in it.
struct Limited {
    sandbox: Sandbox,
    hob: PathBuf,
    user: u32,
}

impl Limited {
    fn new(user: u32, config: &str) -> Self {
        let sandbox = Sandbox::with_config(config);
        if Uid::current().is_root() {
            give(sandbox.home().parent().expect("its folder"), user);
        }
        // Where it was built others may not look. After the giving: a link is the same file.
        let hob = sandbox.work().join("hob");
        fs::hard_link(env!("CARGO_BIN_EXE_hob"), &hob)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_hob"), &hob).map(drop))
            .expect("the program");
        Self { sandbox, hob, user }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = if Uid::current().is_root() {
            let mut command = self.sandbox.command("setpriv");
            let user = self.user;
            command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups", "prlimit"]);
            command.arg(format!("--nproc={MOST}:{MOST}"));
            command
        } else {
            // Whoever runs the tests has processes of other things.
            let mut command = self.sandbox.command("prlimit");
            command.arg("--nproc=4000:4000");
            command
        };
        command.arg(&self.hob).args(args).env("HOB_CACHE_DIR", self.sandbox.user().join("cache"));
        command
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        Ran::of(&self.command(args).output().expect("hob starts")).succeeded()
    }

    /// Dispatches a bomb, and asks for the status until its task has ended; the slowest answer.
    fn explode(&self, id: &str, bomb: &str) -> Duration {
        self.ok(&["dispatch", "shell", bomb, "--id", id]);
        let (mut slowest, begun) = (Duration::ZERO, Instant::now());
        loop {
            assert!(begun.elapsed() < DEADLINE, "{id} goes on");
            let start = Instant::now();
            let status = self.ok(&["status", "--json"]);
            slowest = slowest.max(start.elapsed());
            let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
            if status["counts"]["running"] == 0 && status["counts"]["pending"] == 0 {
                return slowest;
            }
        }
    }

    fn failure(&self, id: &str) -> (String, String) {
        let shown: serde_json::Value = serde_json::from_str(&self.ok(&["show", id, "--json"])).expect("JSON");
        assert_eq!(shown["state"], "failed", "{shown}");
        let text = |key: &str| shown["failure"][key].as_str().expect("text").to_owned();
        (text("kind"), text("message"))
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        // A bomb that nothing stopped would outlive its test. To everybody that this user may signal: itself.
        if Uid::current().is_root() {
            let user = self.user;
            let mut command = self.sandbox.command("setpriv");
            command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
            let _ = command.args(["sh", "-c", "kill -9 -1"]).status();
        }
    }
}

fn give(path: &Path, user: u32) {
    chown(path, Some(Uid::from_raw(user)), Some(Gid::from_raw(user))).expect("given");
    if path.is_dir() {
        fs::read_dir(path).expect("a folder").flatten().for_each(|entry| give(&entry.path(), user));
    }
}

/// Processes of the limited user that hob did not start for itself.
fn strays(limited: &Limited) -> Vec<i32> {
    super::within(&limited.sandbox.work()).into_iter().filter(|pid| is_alive(*pid)).collect()
}

#[test]
fn f35_a_fork_bomb_fails_with_the_limits_name_and_hob_answers_meanwhile() {
    let limited = Limited::new(USERS[0], "[executors.shell.limits]\nprocesses = 100\n");
    let case = Case::begin(35);
    limited.ok(&["dispatch", "shell", "true", "--wait"]);
    let mut slowest = Duration::ZERO;
    for (id, bomb) in [("plain", PLAIN), ("scattered", SCATTERED)] {
        slowest = slowest.max(limited.explode(id, bomb));
        let (kind, message) = limited.failure(id);
        assert_eq!(kind, "limit", "{message}");
        assert!(message.contains("processes of one program, 100"), "{message}");
        assert!(message.contains("[executors.shell.limits]\nprocesses = 200"), "{message}");
        assert_eq!(strays(&limited), Vec::<i32>::new());
    }
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    limited.ok(&["dispatch", "shell", "true", "--wait"]);
    limited.command(&["daemon", "stop"]).stdout(Stdio::null()).status().expect("stopped");
    case.end("bombs", 2, 0, 0, &format!("slowest `hob status` meanwhile {slowest:.1?}"));
}

#[test]
fn f35_what_a_user_may_have_is_never_used_up_by_a_task() {
    if !Uid::current().is_root() {
        // The share of a person's own limit depends on what else that person runs; a user of the test's own needs root.
        return;
    }
    let limited = Limited::new(USERS[1], "");
    let slowest = limited.explode("bomb", SCATTERED);
    assert!(slowest < Duration::from_secs(10), "{slowest:?}");
    let (kind, message) = limited.failure("bomb");
    assert_eq!(kind, "limit", "{message}");
    assert!(message.contains("processes of one program") && message.contains("ulimit -u"), "{message}");
    assert_eq!(strays(&limited), Vec::<i32>::new());
    limited.command(&["daemon", "stop"]).stdout(Stdio::null()).status().expect("stopped");
}
