//! Linux: subreapers, signalfd, pidfd, /proc.

use super::{Pass, Wake, procfs, signal_group};
use nix::{
    errno::Errno,
    libc,
    sys::{
        prctl,
        signal::{SigSet, SigmaskHow, Signal, sigprocmask},
        signalfd::{SfdFlags, SignalFd},
        socket::MsgFlags,
    },
};
use std::{
    collections::HashSet,
    ffi::CStr,
    io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

/// Descriptors that arrive are not for the programs that are started.
pub(crate) const RECEIVE: MsgFlags = MsgFlags::MSG_CMSG_CLOEXEC;
/// A peer that is gone is an error, not a signal.
pub(crate) const SEND: MsgFlags = MsgFlags::MSG_NOSIGNAL.union(MsgFlags::MSG_DONTWAIT);
/// What a program's group gets once the program has ended; what is left of it becomes the guard's, which
/// sees to the rest.
pub(crate) const AT_EXIT: [i32; 2] = [libc::SIGTERM, libc::SIGCONT];
/// Pipes may grow to this many bytes. 1 MiB: what an unprivileged user may ask for by default.
const PIPE_BYTES: i32 = 1 << 20;

/// Threads of this process.
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// Numbers of all open descriptors, the one used for looking included.
pub(crate) fn open_descriptors() -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir("/proc/self/fd")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// Received descriptors close on exec from the start here.
pub(crate) fn keep_from_programs(_: &OwnedFd) {}

/// Descendants whose parent goes become children of this process. Names it, too.
pub(crate) fn become_reaper(name: &CStr) -> nix::Result<()> {
    prctl::set_child_subreaper(true)?;
    prctl::set_name(name)
}

/// Whether a guard, which every process of its tree has above it, is above this one.
pub(crate) fn is_below_a_guard() -> bool {
    procfs::is_below(crate::guard::NAME.to_bytes())
}

/// What that variable was for the program of the task in which this process runs; none outside of a task.
pub(crate) fn variable_of_the_task(variable: &[u8]) -> Option<Vec<u8>> {
    procfs::variable_below(crate::guard::NAME.to_bytes(), variable)
}

pub(crate) use super::procfs::is_ending;

/// This process and no other, on no other machine and after no other boot.
pub(crate) fn identity(pid: i32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(format!("{pid} {} {}", procfs::read(pid)?.started, boot.trim()))
}

/// Kills the process of that number if it has that identity.
pub(crate) fn kill_identified(pid: i32, wanted: &str) -> io::Result<bool> {
    let process = match pidfd_open(pid) {
        Err(Errno::ESRCH) => return Ok(false),
        process => process?,
    };
    // What is looked at after it was opened is what was opened, or is gone.
    if identity(pid).as_deref() != Some(wanted) {
        return Ok(false);
    }
    pidfd_signal(&process, libc::SIGKILL)?;
    Ok(true)
}

/// This process ends with the thread that started it.
pub(crate) fn end_with_parent() -> nix::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)
}

/// Lets a pipe hold more, if the system permits.
pub(crate) fn widen_pipe(pipe: BorrowedFd<'_>) {
    // More than the user's share of pipe memory is refused; the pipe then stays as it is.
    let _ = nix::fcntl::fcntl(pipe, nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE_BYTES));
}

/// Wakes on SIGCHLD.
pub(crate) struct ChildEvents(SignalFd);

impl ChildEvents {
    /// Blocks every signal but those that cannot be, so that none but SIGKILL ends this process, and
    /// gives SIGCHLD a descriptor.
    pub(crate) fn new() -> nix::Result<Self> {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGCHLD);
        SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Self)
    }
}

/// Runs `start` with no signal blocked, which is what a program inherits. Signals that come meanwhile
/// are caught and forgotten; of children that end meanwhile
/// [`peek_ended`](super::peek_ended) tells.
pub(crate) fn unblocked<T>(start: impl FnOnce() -> T) -> nix::Result<T> {
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    let result = start();
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
    Ok(result)
}

impl AsFd for ChildEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Wake for ChildEvents {
    fn clear(&self) {
        while let Ok(Some(_)) = self.0.read_signal() {}
    }
}

/// Becomes ready when the process, a child of this one, has ended. None where the kernel has no such thing.
pub(crate) fn exit_watch(pid: u32) -> Option<OwnedFd> {
    pidfd_open(i32::try_from(pid).ok()?).ok()
}

pub(super) fn pidfd_open(pid: i32) -> nix::Result<OwnedFd> {
    // SAFETY: the call takes two numbers and touches no memory.
    #[expect(unsafe_code, reason = "no safe wrapper exists")]
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(Errno::result(fd)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel just made this descriptor for us, close-on-exec, and nobody else has it.
    #[expect(unsafe_code, reason = "taking ownership of a new descriptor")]
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(super) fn pidfd_signal(process: &OwnedFd, signal: i32) -> nix::Result<()> {
    let info: *const libc::siginfo_t = std::ptr::null();
    // SAFETY: a null siginfo is documented to mean what kill would send.
    #[expect(unsafe_code, reason = "no safe wrapper exists")]
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal, info, 0) };
    Errno::result(result).map(drop)
}

/// Asks every descendant of this process outside group `told` to end, and stopped ones to go on so
/// that they can.
pub(crate) fn ask_tree(told: i32) -> Pass {
    each_descendant(&HashSet::new(), |process| {
        if process.group == told { Ok(()) } else { signal_exactly(process, &[libc::SIGTERM, libc::SIGCONT]) }
    })
}

/// Kills every descendant of this process but `spared` children and what descends from them. What was
/// forked meanwhile is met by the next pass: when its parent dies it becomes a child of this process.
pub(crate) fn kill_tree(spared: &HashSet<i32>) -> Pass {
    let own = nix::unistd::getpgrp().as_raw();
    let mut groups = HashSet::new();
    each_descendant(spared, |process| {
        // A group at once, which no fork escapes. Its members all descend from here: a process can
        // only enter a group of its own session, and sessions other than ours are made below us.
        if process.group != own && groups.insert(process.group) && procfs::is_same(process) {
            signal_group(process.group, &[libc::SIGKILL]);
        }
        signal_exactly(process, &[libc::SIGKILL])
    })
}

/// Processes that descend from this one.
pub(crate) fn count_tree() -> usize {
    each_descendant(&HashSet::new(), |_| Ok(())).found
}

/// Calls `act` for each descendant as soon as it is read, so that little time passes for it to fork.
fn each_descendant(spared: &HashSet<i32>, mut act: impl FnMut(&procfs::Process) -> nix::Result<()>) -> Pass {
    let mut tree = HashSet::from([std::process::id().cast_signed()]);
    let mut others = Vec::new();
    let mut pass = Pass::default();
    let mut meet = |process: &procfs::Process, tree: &mut HashSet<i32>| {
        let member = tree.contains(&process.parent) && !spared.contains(&process.pid);
        if member {
            tree.insert(process.pid);
            pass.found += 1;
            pass.refused += usize::from(act(process) == Err(Errno::EPERM));
        }
        member
    };
    procfs::each_process(|process| {
        if !meet(&process, &mut tree) {
            others.push(process);
        }
    });
    // Parents mostly have lower numbers than their children, but numbers wrap.
    loop {
        let before = others.len();
        others.retain(|process| !meet(process, &mut tree));
        if others.len() == before {
            return pass;
        }
    }
}

/// Signals the very process that was read, never another that has its number by now.
fn signal_exactly(process: &procfs::Process, signals: &[i32]) -> nix::Result<()> {
    let handle = match pidfd_open(process.pid) {
        Err(Errno::ESRCH) => return Ok(()),
        handle => handle,
    };
    if !procfs::is_same(process) {
        return Ok(());
    }
    for &signal in signals {
        let sent = handle.as_ref().map_err(|error| *error).and_then(|handle| pidfd_signal(handle, signal));
        let sent = match sent {
            Ok(()) | Err(Errno::ESRCH) => continue,
            // An old kernel, a sandbox that forbids these calls, or no descriptor left.
            Err(_) => nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(process.pid),
                Signal::try_from(signal).map_err(|_| Errno::EINVAL)?,
            ),
        };
        match sent {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
