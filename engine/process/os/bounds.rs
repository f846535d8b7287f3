//! Linux: what a program inherits and cannot shake off.

use super::{Pass, procfs};
use nix::{
    errno::Errno,
    libc,
    sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit},
};

/// The user's processes may grow by so many times what one program may have, as long as it runs: others have
/// to have room to come, and nobody counts as fast as a bomb forks.
const CROWD: u64 = 16;

/// Whether programs of this process can bear a mark: who has one already, or less, cannot be given one.
pub(crate) fn can_bear_a_mark() -> bool {
    getrlimit(Resource::RLIMIT_RTTIME).is_ok_and(|(_, hard)| hard == RLIM_INFINITY)
}

/// This process and all that it will start bear the mark.
pub(crate) fn bear(mark: u64) -> nix::Result<()> {
    setrlimit(Resource::RLIMIT_RTTIME, mark, mark)
}

/// Bounds what this process will start: at most how many processes it then may have at once, for the caller to see to.
///
/// The kernel counts all processes of the user, threads included, and not those of root; so its bound is only
/// there to leave something for the others, and for whoever ends the tree.
pub(crate) fn bound_processes(most: u32) -> u32 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NPROC) else { return most };
    // A quarter of what the user may have is not for tasks.
    let spared = if soft == RLIM_INFINITY { soft } else { soft - soft / 4 };
    let crowd = census().map_or(RLIM_INFINITY, |(threads, _)| threads + CROWD * u64::from(most));
    let bound = spared.min(crowd).min(hard);
    // Without it the count still is there.
    let _ = setrlimit(Resource::RLIMIT_NPROC, bound, bound);
    most.min(u32::try_from(bound / 4 * 3).unwrap_or(u32::MAX)).max(1)
}

/// Programs leave no core dump, unless they ask for one: it would hold what they were told in confidence.
///
/// One byte and not none: the kernel then does not even start the program that takes dumps.
pub(crate) fn leave_no_core() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
    setrlimit(Resource::RLIMIT_CORE, hard.min(1), hard)
}

/// The number that the newest process got. It tells how many came between two looks, at most.
pub(crate) fn newest_process() -> Option<u64> {
    census().map(|(_, newest)| newest)
}

/// Threads on this machine, and the number of the newest process.
fn census() -> Option<(u64, u64)> {
    // "0.20 0.18 0.12 1/80 11206"
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    let mut words = text.split_ascii_whitespace().skip(3);
    let threads = words.next()?.split('/').nth(1)?.parse().ok()?;
    Some((threads, words.next()?.parse().ok()?))
}

/// Kills every process with a mark that is `wanted`, but this one, and guards where they are to live.
pub(crate) fn kill_marked(wanted: impl Fn(u64) -> bool, guards_live: bool) -> Pass {
    let own = std::process::id().cast_signed();
    let mut pass = Pass::default();
    procfs::each_number(|pid| {
        let is_it = || procfs::mark(pid).is_some_and(&wanted);
        if pid == own || !is_it() || (guards_live && procfs::is_called(pid, crate::guard::NAME.to_bytes())) {
            return;
        }
        pass.found += 1;
        // Seen again once its number cannot become another's.
        let killed = match super::linux::pidfd_open(pid) {
            Ok(process) if is_it() => super::linux::pidfd_signal(&process, libc::SIGKILL),
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(_) if is_it() => {
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
            }
            Err(_) => Ok(()),
        };
        pass.refused += usize::from(killed == Err(Errno::EPERM));
    });
    pass
}

/// Whether whatever leaves its parent comes back to the process that looks after it.
pub(crate) fn has_reapers() -> bool {
    nix::sys::prctl::get_child_subreaper().is_ok() && std::path::Path::new("/proc/self/stat").exists()
}

/// The cgroup of this process, where it was delegated to this user.
pub(crate) fn delegated_cgroup() -> Option<std::path::PathBuf> {
    use nix::unistd::AccessFlags;
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = std::path::Path::new("/sys/fs/cgroup").join(own);
    let is_open = |name: &str| nix::unistd::access(&folder.join(name), AccessFlags::W_OK).is_ok();
    ["", "cgroup.procs", "cgroup.subtree_control"].into_iter().all(is_open).then_some(folder)
}
