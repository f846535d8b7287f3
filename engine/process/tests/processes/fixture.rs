//! What every case uses.

use hob_process::{Child, SpawnRequest, StdioSpec, Zygote};
use std::{
    ffi::OsString,
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tokio::io::AsyncReadExt as _;

/// Everything that is waited for comes within this time, or the case fails. Generous: the machine may
/// be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Fixture {
    pub(crate) zygote: Zygote,
    pub(crate) folder: tempfile::TempDir,
}

/// A variable that every descendant of a program inherits, so that none can hide.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(format!("{}.{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn variable(&self) -> (OsString, OsString) {
        ("HOB_TEST_MARK".into(), (&self.0).into())
    }

    /// Processes that live and have it; or `sleep` for so long with a 9 before, where all variables were dropped.
    pub(crate) fn living(&self) -> Vec<u32> {
        let (variable, time) = (format!("HOB_TEST_MARK={}", self.0), format!("9{}", self.0));
        let has = |pid: u32, file: &str, what: &str| {
            let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
            text.split(|byte| *byte == 0).any(|one| one == what.as_bytes())
        };
        let numbers = fs::read_dir("/proc").expect("/proc").flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.filter(|pid| has(*pid, "environ", &variable) || has(*pid, "cmdline", &time)).collect()
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

impl Fixture {
    /// A request that runs a line of shell, with a mark.
    pub(crate) fn shell(&self, script: &str) -> (SpawnRequest, Mark) {
        let mark = Mark::new();
        let mut request = SpawnRequest::new("/bin/sh", self.folder.path());
        request.args = vec!["-c".into(), script.into()];
        request.env = vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default()), mark.variable()];
        (request, mark)
    }

    /// A request that makes this very binary play a role.
    pub(crate) fn role(&self, role: &str, args: &[OsString]) -> SpawnRequest {
        let mut request = SpawnRequest::new(this_binary(), self.folder.path());
        request.args = [OsString::from(format!("role:{role}"))].into_iter().chain(args.iter().cloned()).collect();
        request
    }

    /// Runs to the end and returns standard output.
    pub(crate) async fn stdout(&self, mut request: SpawnRequest) -> Vec<u8> {
        request.stdout = StdioSpec::Pipe;
        let mut child = self.zygote.spawn(request).await.expect("spawned");
        read_all(&mut child).await
    }
}

pub(crate) fn this_binary() -> PathBuf {
    std::env::current_exe().expect("the path of this binary")
}

/// Reads standard output to its end.
pub(crate) async fn read_all(child: &mut Child) -> Vec<u8> {
    let mut pipe = child.take_stdout().expect("a pipe").expect("not taken yet");
    let mut bytes = Vec::new();
    in_time(pipe.read_to_end(&mut bytes)).await.expect("read");
    bytes
}

/// Waits until the program has printed so many lines `ready`.
pub(crate) async fn ready(child: &mut Child, lines: usize) -> tokio::net::unix::pipe::Receiver {
    let mut pipe = child.take_stdout().expect("a pipe").expect("not taken yet");
    for _ in 0..lines {
        let mut line = [0; 6];
        in_time(pipe.read_exact(&mut line)).await.expect("a line");
        assert_eq!(&line, b"ready\n");
    }
    pipe
}

pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it came in time")
}

/// Waits for what has no event of its own.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::yield_now();
    }
}

/// A field of /proc/PID/stat, counted from the state as 0.
pub(crate) fn stat(pid: u32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_ascii_whitespace().nth(field).map(str::to_owned)
}

/// The process that answers for a program: its parent.
pub(crate) fn guard_of(child: &Child) -> u32 {
    stat(child.pid(), 1).and_then(|parent| parent.parse().ok()).expect("a parent")
}

pub(crate) fn kill(pid: u32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.cast_signed()), signal).expect("signalled");
}

/// Open descriptors of a process.
pub(crate) fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors").count()
}
