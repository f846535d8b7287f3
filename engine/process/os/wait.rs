//! Waiting and signalling, which are the same everywhere. By `libc`, because `nix` has no value for
//! real-time signals: it fails to tell of a child that one of them ended, after having reaped it.

use super::{Status, Wait};
use nix::{errno::Errno, libc};

/// A child that has ended; it keeps its number, and that of its group, until [`reap`].
pub(crate) fn peek_ended() -> Wait {
    peek(libc::P_ALL, 0)
}

/// Whether this child has ended; it keeps its number until it is reaped.
pub(crate) fn has_ended(pid: u32) -> bool {
    !matches!(peek(libc::P_PID, pid), Wait::Running)
}

fn peek(which: libc::idtype_t, id: libc::id_t) -> Wait {
    // SAFETY: siginfo_t is plain data, for which all zeros is a value.
    #[expect(unsafe_code, reason = "waitid leaves the process a zombie; nix's form fails for real-time signals")]
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: `info` lives through the call, which writes at most one siginfo_t to it.
    #[expect(unsafe_code, reason = "as above")]
    let result = unsafe { libc::waitid(which, id, &raw mut info, flags) };
    if result != 0 {
        return if Errno::last() == Errno::ECHILD { Wait::Childless } else { Wait::Running };
    }
    // SAFETY: waitid succeeded, so these fields of the union are those of SIGCHLD, or still zero.
    #[expect(unsafe_code, reason = "the fields of a union")]
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    match info.si_code {
        _ if pid == 0 => Wait::Running,
        libc::CLD_EXITED => Wait::Ended(pid, Status::Returned(status)),
        _ => Wait::Ended(pid, Status::Signalled(status)),
    }
}

/// Buries a child that has ended.
pub(crate) fn reap(pid: i32) {
    let mut status = 0;
    // SAFETY: `status` lives through the call, which writes one int to it.
    #[expect(unsafe_code, reason = "nix's form fails for real-time signals, after it has reaped")]
    let _ = unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) };
}

/// Buries any child that has ended, or tells of one that was stopped.
pub(crate) fn reap_any() -> Wait {
    let mut status = 0;
    // SAFETY: `status` lives through the call, which writes one int to it.
    #[expect(unsafe_code, reason = "nix's form fails for real-time signals, after it has reaped")]
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
    match pid {
        0 => Wait::Running,
        -1 if Errno::last() == Errno::ECHILD => Wait::Childless,
        -1 => Wait::Running,
        pid if libc::WIFSTOPPED(status) => Wait::Stopped(pid),
        pid if libc::WIFSIGNALED(status) => Wait::Ended(pid, Status::Signalled(libc::WTERMSIG(status))),
        pid => Wait::Ended(pid, Status::Returned(libc::WEXITSTATUS(status))),
    }
}

/// Sends `signals` to a process group; one that is gone already is fine.
pub(crate) fn signal_group(group: i32, signals: &[i32]) {
    // 0 and 1 would mean this process's own group and everything.
    if group <= 1 {
        return;
    }
    for signal in signals {
        // SAFETY: kill touches no memory.
        #[expect(unsafe_code, reason = "any signal number, real-time ones included")]
        let _ = unsafe { libc::kill(-group, *signal) };
    }
}

/// Sends a signal to a child of this process that has not been reaped.
pub(crate) fn signal_child(pid: i32, signal: i32) {
    if pid > 1 {
        // SAFETY: kill touches no memory; the number belongs to the child until it is reaped.
        #[expect(unsafe_code, reason = "any signal number, real-time ones included")]
        let _ = unsafe { libc::kill(pid, signal) };
    }
}
