//! What differs between the platforms: `linux` and `other_unix` offer the same names.

mod wait;
pub(crate) use wait::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod procfs;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::*;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod bounds;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use bounds::*;

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod other_unix;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) use other_unix::*;

#[cfg(not(unix))]
compile_error!(
    "hob starts native programs under a guard process, which is written for Unix; Windows needs job objects in engine/process/os"
);

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// One child that has ended, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Children live; none has ended.
    Running,
    /// There is no child: whatever descended from here is gone.
    Childless,
    /// This child has ended, with this status.
    Ended(i32, Status),
    /// This child was stopped.
    Stopped(i32),
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Returned(i32),
    Signalled(i32),
}

/// What a pass over a tree met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Processes of the tree.
    pub(crate) found: usize,
    /// Those among them that may not be signalled: they run as another user.
    pub(crate) refused: usize,
}

/// Waits until one of `fds` can be read or was closed, or until `timeout` passed (none: for ever).
/// Tells for each whether it is so. A missing descriptor is never ready.
pub(crate) fn wait_readable<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> nix::Result<[bool; N]> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    // A whole millisecond more than the part: a deadline has passed when this returns.
    let timeout = timeout.map_or(PollTimeout::NONE, |t| {
        PollTimeout::try_from(t + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)
    });
    let mut places = [0; N];
    let mut polled = Vec::with_capacity(N);
    for (place, fd) in places.iter_mut().zip(fds) {
        *place = polled.len();
        polled.extend(fd.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
    }
    match poll(&mut polled, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(error) => return Err(error),
    }
    let mut ready = [false; N];
    for (n, fd) in fds.iter().enumerate() {
        ready[n] = fd.is_some() && polled[places[n]].any().unwrap_or(true);
    }
    Ok(ready)
}

/// Wakes a process when one of its children ended.
pub(crate) trait Wake: AsFd {
    /// Takes the wake-ups that have come, before children are reaped.
    fn clear(&self);
}
