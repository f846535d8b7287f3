//! A hermetic place for one test: own folders, a cleared environment, the built binary.

use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a test waits for what has to happen. Only reached when it does not.
pub const DEADLINE: Duration = Duration::from_mins(1);

pub struct Sandbox {
    root: TempDir,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("hob-test-").tempdir().expect("a folder");
        fs::create_dir(root.path().join("work")).expect("a folder");
        fs::create_dir(root.path().join("home")).expect("a folder");
        fs::create_dir(root.path().join("user")).expect("a folder");
        Self { root }
    }

    /// A sandbox with this `hob.toml`.
    pub fn with_config(toml: &str) -> Self {
        let sandbox = Self::new();
        sandbox.configure(toml);
        sandbox
    }

    pub fn configure(&self, toml: &str) {
        // A daemon that runs may look at any moment, and nobody's file is empty in between.
        let new = self.home().join("hob.toml.new");
        fs::write(&new, toml).expect("written");
        fs::rename(&new, self.home().join("hob.toml")).expect("replaced");
    }

    /// `HOB_HOME`.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// `HOME`.
    pub fn user(&self) -> PathBuf {
        self.root.path().join("user")
    }

    /// The folder from which commands are given.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub fn state(&self) -> PathBuf {
        self.home().join("state")
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, content).expect("written");
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.work().join(name)).unwrap_or_default()
    }

    /// A command in the sandbox's environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.user())
            .env("HOB_HOME", self.home())
            .env("HOB_CACHE_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("hob-cache"))
            .env("SHELL", "/bin/sh")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// `hob` with arguments.
    pub fn hob<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_hob"));
        command.args(args);
        command
    }

    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(&self.hob(args).output().expect("hob starts"))
    }

    /// Runs a command that has to succeed; what it printed.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        self.run(args).succeeded()
    }

    /// Runs a command that has to succeed and to print JSON.
    #[track_caller]
    pub fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let text = self.ok(args);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The task as `show --json` has it.
    #[track_caller]
    pub fn show(&self, id: &str) -> Value {
        self.json(["show", id, "--json"])
    }

    #[track_caller]
    pub fn state_of(&self, id: &str) -> String {
        self.show(id)["state"].as_str().expect("a state").to_owned()
    }

    /// Waits for tasks to end; the exit code of `hob wait`.
    #[track_caller]
    pub fn wait(&self, ids: &[&str]) -> i32 {
        let args = ["wait", "--timeout", "60s"].iter().copied().chain(ids.iter().copied());
        let ran = self.run(args);
        assert!(ran.code == 0 || ran.code == 1, "{ran:?}");
        ran.code
    }

    /// A named pipe in the working folder, with which a test holds a task and lets it go.
    pub fn pipe(&self, name: &str) -> PathBuf {
        let path = self.work().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
        path
    }

    /// Process id of the daemon.
    #[track_caller]
    pub fn daemon_pid(&self) -> i32 {
        let status = self.json(["status", "--json"]);
        let pid = status["daemon"]["info"]["pid"].as_i64().unwrap_or_else(|| panic!("a daemon in {status}"));
        i32::try_from(pid).expect("a pid")
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.hob(["daemon", "stop"]).output();
    }
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }

    /// Asserts the exit code and that stderr has each of `words`, and nothing was printed.
    #[track_caller]
    pub fn refused(self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "", "a refusal prints nothing on stdout");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
    }
}

/// Waits for `condition`, looking again every few milliseconds.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process of that id is there and not a zombie.
pub fn is_alive(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X'])))
}

pub fn kill(pid: i32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("a signal sent");
}
