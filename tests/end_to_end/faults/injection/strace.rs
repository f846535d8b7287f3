//! `hob` under strace, which kills it or fails its system calls where a test wants.

use crate::sandbox::{Ran, Sandbox, eventually};
use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// What is done to the Nth of a call.
#[derive(Clone, Copy)]
pub enum Fault {
    /// The process dies before it is made.
    Death,
    /// It fails as on a bad disk.
    BadDisk,
}

impl Fault {
    fn words(self) -> &'static str {
        match self {
            Self::Death => "signal=SIGKILL",
            Self::BadDisk => "error=EIO",
        }
    }
}

/// What came of a command to which something was done.
pub struct Traced {
    pub ran: Ran,
    /// The line of the call to which it was done; none if the command made fewer calls.
    pub injected: Option<String>,
}

/// Runs `hob` with a fault at the `n`th `call` of one of its threads.
#[track_caller]
pub fn hob<S: AsRef<OsStr>>(
    sandbox: &Sandbox,
    call: &str,
    fault: Fault,
    n: u64,
    args: impl IntoIterator<Item = S>,
) -> Traced {
    let log = log(sandbox);
    let mut command = strace(sandbox, call, fault, &format!(":when={n}"));
    let output = command.arg("-f").arg(env!("CARGO_BIN_EXE_hob")).args(args).output().expect("strace starts");
    let ran = Ran::of(&output);
    let lines = fs::read_to_string(&log).expect("strace's log");
    let injected = match fault {
        // The call itself was not made, and strace does not say so.
        Fault::Death => (ran.code == 137).then(String::new),
        Fault::BadDisk => lines.lines().find(|line| line.contains("(INJECTED)")).map(str::to_owned),
    };
    Traced { ran, injected }
}

/// strace that lies in wait for one thread of a process, or for all of them.
pub struct Attached {
    child: Child,
    log: PathBuf,
}

impl Attached {
    /// Lies in wait. With a `call` number only that one is hit, else each.
    #[track_caller]
    pub fn to(sandbox: &Sandbox, threads: &[i32], call: &str, fault: Fault, n: Option<u64>) -> Self {
        let log = log(sandbox);
        let said = sandbox.work().join("strace.err");
        let when = n.map_or_else(String::new, |n| format!(":when={n}"));
        let mut command = strace(sandbox, call, fault, &when);
        for thread in threads {
            command.args(["-p", &thread.to_string()]);
        }
        let child = command.stderr(fs::File::create(&said).expect("made")).spawn().expect("strace starts");
        eventually("strace is there", || {
            let said = fs::read_to_string(&said).unwrap_or_default();
            said.lines().filter(|line| line.contains("attached")).count() >= threads.len()
        });
        Self { child, log }
    }

    /// How many calls it has hit.
    pub fn hits(&self) -> usize {
        fs::read_to_string(&self.log).unwrap_or_default().matches("(INJECTED)").count()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // Asked, it lets go of the process; killed, it would leave it stopped.
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

/// The threads of a process that have one of these names; all of them, if there is none.
pub fn threads(process: i32, names: &[&str]) -> Vec<i32> {
    let all = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let fitting = all.filter(|thread| {
        let name = fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        names.is_empty() || names.contains(&name.trim())
    });
    fitting.filter_map(|thread| thread.file_name().to_str()?.parse().ok()).collect()
}

fn strace(sandbox: &Sandbox, call: &str, fault: Fault, when: &str) -> Command {
    let mut command = sandbox.command("strace");
    let inject = format!("inject={call}:{}{when}", fault.words());
    command.args(["-y", "-e", &format!("trace={call}"), "-e", &inject, "-o"]);
    command.arg(log(sandbox)).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn log(sandbox: &Sandbox) -> PathBuf {
    sandbox.work().join("strace.log")
}
