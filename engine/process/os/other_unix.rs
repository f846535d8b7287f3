//! macOS and other Unixes, as well as their process tables allow. Written with care, not yet run.
//!
//! There is no subreaper: what leaves its parent belongs to the system's first process and is found only
//! by its process group. A program's group is therefore killed when the program ends, and a process that
//! both left its group and lost its parent before the end escapes.

use super::{Pass, Wake, signal_group};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, OFlag, fcntl},
    libc,
    sys::{
        signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask},
        socket::MsgFlags,
    },
    unistd::Pid,
};
use std::{
    collections::HashSet,
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
    process::{Command, Stdio},
    sync::atomic::{AtomicI32, Ordering},
};

/// Nothing can be asked for on receiving; see [`keep_from_programs`].
pub(crate) const RECEIVE: MsgFlags = MsgFlags::empty();
/// A peer that is gone is an error: Rust programs ignore SIGPIPE.
pub(crate) const SEND: MsgFlags = MsgFlags::MSG_DONTWAIT;
/// What a program's group gets once the program has ended. Nobody sees to what is left of it later.
pub(crate) const AT_EXIT: [i32; 1] = [libc::SIGKILL];

/// Threads of this process, where the system tells.
pub(crate) fn thread_count() -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Numbers of all open descriptors, the one used for looking included.
pub(crate) fn open_descriptors() -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir("/dev/fd")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// Makes a received descriptor close on exec. The receiver has one thread, so nothing forks in between.
pub(crate) fn keep_from_programs(fd: &OwnedFd) {
    let _ = fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
}

/// Nothing of the kind exists here.
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn become_reaper(_: &CStr) -> nix::Result<()> {
    Ok(())
}

/// A guard ends a process group here, which a daemon leaves.
pub(crate) fn is_below_a_guard() -> bool {
    false
}

/// That is not seen here.
pub(crate) fn is_ending(_: i32) -> bool {
    false
}

/// Nobody's variables can be read here.
pub(crate) fn variable_of_the_task(_: &[u8]) -> Option<Vec<u8>> {
    None
}

/// Nothing tells a process from one that had its number before.
pub(crate) fn identity(_: i32) -> Option<String> {
    None
}

/// So nobody is killed by mistake.
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn kill_identified(_: i32, _: &str) -> io::Result<bool> {
    Ok(false)
}

/// Nothing of the kind exists here; the limit on computing time ends an orphan.
#[expect(clippy::unnecessary_wraps, reason = "it can fail elsewhere")]
pub(crate) fn end_with_parent() -> nix::Result<()> {
    Ok(())
}

/// Pipes grow by themselves here.
pub(crate) fn widen_pipe(_: BorrowedFd<'_>) {}

/// No descriptor stands for a process here; the caller looks now and then.
pub(crate) fn exit_watch(_: u32) -> Option<OwnedFd> {
    None
}

/// Where the handler of SIGCHLD writes.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Wakes on SIGCHLD: a pipe that its handler writes to.
pub(crate) struct ChildEvents {
    reader: OwnedFd,
    _writer: OwnedFd,
}

impl ChildEvents {
    /// Blocks every signal that can be but SIGCHLD, and gives that one a descriptor.
    pub(crate) fn new() -> nix::Result<Self> {
        extern "C" fn wake(_: i32) {
            let before = Errno::last_raw();
            // SAFETY: write is safe in a handler and the byte is static. The pipe never blocks; when it
            // is full there is a wake-up in it already.
            #[expect(unsafe_code, reason = "a signal handler may do little else")]
            let _ = unsafe { libc::write(WAKE.load(Ordering::Relaxed), b"!".as_ptr().cast(), 1) };
            Errno::set_raw(before);
        }
        let (reader, writer) = nix::unistd::pipe()?;
        for end in [&reader, &writer] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
            keep_from_programs(end);
        }
        WAKE.store(writer.as_raw_fd(), Ordering::Relaxed);
        let action = SigAction::new(SigHandler::Handler(wake), SaFlags::SA_RESTART, SigSet::empty());
        // SAFETY: the handler only makes a call that is safe in handlers, and keeps errno.
        #[expect(unsafe_code, reason = "signal dispositions are process-wide")]
        unsafe { sigaction(Signal::SIGCHLD, &action) }?;
        mask_all_but_children()?;
        Ok(Self { reader, _writer: writer })
    }
}

fn mask_all_but_children() -> nix::Result<()> {
    let mut mask = SigSet::all();
    mask.remove(Signal::SIGCHLD);
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask), None)
}

impl AsFd for ChildEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Wake for ChildEvents {
    fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!(nix::unistd::read(&self.reader, &mut bytes), Ok(1..) | Err(Errno::EINTR)) {}
    }
}

/// Runs `start` with no signal blocked, which is what a program inherits.
pub(crate) fn unblocked<T>(start: impl FnOnce() -> T) -> nix::Result<T> {
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    let result = start();
    mask_all_but_children()?;
    Ok(result)
}

struct Process {
    pid: i32,
    parent: i32,
    group: i32,
}

/// The descendants of this process as `ps` sees them, parents first.
fn descendants(spared: &HashSet<i32>) -> Vec<Process> {
    let mut command = Command::new("/bin/ps");
    command.args(["-A", "-o", "pid=,ppid=,pgid="]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(ps) = command.spawn() else { return Vec::new() };
    // It is a child of this process itself, and sees that.
    let looking = ps.id().cast_signed();
    let Ok(table) = ps.wait_with_output() else { return Vec::new() };
    let text = String::from_utf8_lossy(&table.stdout);
    let mut others: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_ascii_whitespace().map(|number| number.parse().ok());
            Some(Process { pid: numbers.next()??, parent: numbers.next()??, group: numbers.next()?? })
        })
        .filter(|process| process.pid != looking && !spared.contains(&process.pid))
        .collect();
    let mut tree = HashSet::from([std::process::id().cast_signed()]);
    let mut found = Vec::new();
    loop {
        let (members, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(|one| tree.contains(&one.parent));
        if members.is_empty() {
            return found;
        }
        tree.extend(members.iter().map(|one| one.pid));
        found.extend(members);
        others = rest;
    }
}

fn signal_one(process: &Process, signal: Signal) -> nix::Result<()> {
    match nix::sys::signal::kill(Pid::from_raw(process.pid), signal) {
        Err(Errno::ESRCH) => Ok(()),
        sent => sent,
    }
}

/// Asks every descendant of this process outside group `told` to end, and stopped ones to go on.
pub(crate) fn ask_tree(told: i32) -> Pass {
    let found = descendants(&HashSet::new());
    let mut pass = Pass { found: found.len(), refused: 0 };
    for process in found.iter().filter(|process| process.group != told) {
        let sent = signal_one(process, Signal::SIGTERM).and_then(|()| signal_one(process, Signal::SIGCONT));
        pass.refused += usize::from(sent == Err(Errno::EPERM));
    }
    pass
}

/// Kills every descendant of this process but `spared` children and what descends from them. All are
/// stopped first, so that none forks or loses its parent between the look and the blow.
pub(crate) fn kill_tree(spared: &HashSet<i32>) -> Pass {
    for process in descendants(spared) {
        let _ = signal_one(&process, Signal::SIGSTOP);
    }
    let own = nix::unistd::getpgrp().as_raw();
    let found = descendants(spared);
    let mut pass = Pass { found: found.len(), refused: 0 };
    let groups: HashSet<_> = found.iter().map(|process| process.group).filter(|group| *group != own).collect();
    for group in groups {
        signal_group(group, &[libc::SIGKILL]);
    }
    for process in &found {
        pass.refused += usize::from(signal_one(process, Signal::SIGKILL) == Err(Errno::EPERM));
    }
    pass
}

/// No limit here is inherited and means nothing.
pub(crate) fn can_bear_a_mark() -> bool {
    false
}

/// See [`can_bear_a_mark`].
pub(crate) fn bear(_: u64) -> nix::Result<()> {
    Err(Errno::ENOSYS)
}

/// See [`can_bear_a_mark`].
pub(crate) fn kill_marked(_: impl Fn(u64) -> bool, _: bool) -> Pass {
    Pass::default()
}

/// The system's own limit has to do.
pub(crate) fn bound_processes(most: u32) -> u32 {
    most
}

/// Programs leave no core dump, unless they ask for one.
pub(crate) fn leave_no_core() -> nix::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    setrlimit(Resource::RLIMIT_CORE, 0, hard)
}

/// Nobody tells, and `ps` costs too much to be asked all the time.
pub(crate) fn newest_process() -> Option<u64> {
    None
}

/// Processes that descend from this one.
pub(crate) fn count_tree() -> usize {
    descendants(&HashSet::new()).len()
}

/// There is no subreaper.
pub(crate) fn has_reapers() -> bool {
    false
}

/// There are none.
pub(crate) fn delegated_cgroup() -> Option<std::path::PathBuf> {
    None
}
