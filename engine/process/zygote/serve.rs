//! The zygote's own process: forks guards, and ends what a killed guard leaves behind.

use crate::{
    guard,
    mark::Mark,
    oneself,
    os::{self, Wait, Wake as _},
    wire::{Report, ask},
};
use nix::{
    libc,
    sys::socket::{ControlMessageOwned, MsgFlags, recvmsg},
    unistd::ForkResult,
};
use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, IoSliceMut, Read as _, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd, FromRawFd as _, OwnedFd},
        unix::net::UnixStream,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    time::{Duration, Instant},
};

/// How long guards may take to end their trees once the worker is gone, before the zygote does it for
/// them. Three times the grace that a guard gives its tree then: only a guard that was tampered with
/// takes longer.
const GUARDS_PATIENCE: Duration = Duration::from_secs(6);
/// A worker that lived for less has no successor: what killed it would kill that one, too.
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// How long a sweep tries to end what may not be signalled.
const SWEEP_PATIENCE: Duration = Duration::from_secs(3);
/// Between the passes of a sweep, unless a child ends earlier.
const SWEEP_PAUSE: Duration = Duration::from_millis(5);

/// Runs the zygote in a process that was just forked for it, to the end of that process.
pub(super) fn serve(socket: &UnixStream, lock: &File, mark: Option<Mark>, successor: Option<Vec<OsString>>) -> ! {
    let code = catch_unwind(AssertUnwindSafe(|| match run(socket, lock, mark, successor) {
        Ok(()) => 0,
        Err(_) => 1,
    }));
    leave(code.unwrap_or(2))
}

/// Ends this process and nothing else: no exit routine, no destructor, no flush of what was copied by
/// the fork.
fn leave(code: i32) -> ! {
    // SAFETY: _exit is always safe to call; it does not return.
    #[expect(unsafe_code, reason = "std's exit runs what belongs to the process that was copied")]
    unsafe {
        libc::_exit(code)
    }
}

struct Zygote<'a> {
    socket: &'a UnixStream,
    events: os::ChildEvents,
    /// Processes that are guards, with the numbers by which workers know them: those of processes are
    /// used again.
    guards: HashMap<i32, i32>,
    forked: i32,
    mark: Option<Mark>,
    /// What to run if the worker is killed.
    successor: Option<Vec<OsString>>,
}

fn run(socket: &UnixStream, lock: &File, mark: Option<Mark>, successor: Option<Vec<OsString>>) -> io::Result<()> {
    let begun = Instant::now();
    let events = settle(socket, lock)?;
    let mut zygote = Zygote { socket, events, guards: HashMap::new(), forked: 0, mark, successor };
    loop {
        let [asked, ended] = os::wait_readable([Some(socket.as_fd()), Some(zygote.events.as_fd())], None)?;
        if ended && zygote.reap() {
            zygote.sweep();
        }
        if asked && !zygote.answer()? {
            zygote.finish();
            return if begun.elapsed() < SHORT_LIFE { Ok(()) } else { zygote.succeed() };
        }
    }
}

/// Cuts every tie to the worker but the socket and the lock.
fn settle(socket: &UnixStream, lock: &File) -> io::Result<os::ChildEvents> {
    // It may lead already, if the worker did: then that group is its own.
    let _ = nix::unistd::setsid();
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    drop(null);
    let kept = [0, 1, 2, socket.as_raw_fd(), lock.as_raw_fd()];
    for fd in os::open_descriptors()? {
        if !kept.contains(&fd) {
            // Whatever owns the number belongs to the worker's code, which never runs here. One of
            // them was for looking, and is closed already.
            let _ = nix::unistd::close(fd);
        }
    }
    std::env::set_current_dir("/")?;
    oneself::restore_umask();
    oneself::deafen();
    let events = os::ChildEvents::new()?;
    os::become_reaper(c"hob-zygote")?;
    Ok(events)
}

impl Zygote<'_> {
    /// Does what the worker asks. False when the worker is gone.
    fn answer(&mut self) -> io::Result<bool> {
        let Some((what, mut descriptors)) = receive(self.socket)? else { return Ok(false) };
        if what == ask::FAREWELL {
            self.successor = None;
            return Ok(true);
        }
        // Without descriptors there was no room for them here; the worker sees its socket closed.
        if descriptors.is_empty() {
            return Ok(true);
        }
        let stream = UnixStream::from(descriptors.remove(0));
        match what {
            ask::SPAWN => self.fork_guard(stream, descriptors),
            ask::SWEEP => {
                let mut guard = [0; 4];
                // A worker that sent none is none of ours.
                if (&stream).read_exact(&mut guard).is_err() {
                    return Ok(true);
                }
                self.bury_guard(i32::from_le_bytes(guard));
                if self.sweep() {
                    // A worker that does not wait any more is fine.
                    let _ = (&stream).write_all(&[ask::DONE]);
                }
            }
            _ => {}
        }
        Ok(true)
    }

    fn fork_guard(&mut self, stream: UnixStream, stdio: Vec<OwnedFd>) {
        self.forked = self.forked.wrapping_add(1);
        // SAFETY: the zygote has one thread for ever, so the copy may run any code; it leaves through
        // `leave`, so no destructor of the zygote runs in it.
        #[expect(unsafe_code, reason = "a guard is a copy of the zygote; executing a program would cost far more")]
        let forked = unsafe { nix::unistd::fork() };
        match forked {
            Ok(ForkResult::Child) => {
                // The copies: a guard that held them would keep the worker from seeing the zygote die.
                let _ = nix::unistd::close(self.socket.as_raw_fd());
                let _ = nix::unistd::close(self.events.as_fd().as_raw_fd());
                let (number, mark) = (self.forked, self.mark);
                let code =
                    catch_unwind(AssertUnwindSafe(|| i32::from(guard::run(stream, stdio, number, mark).is_err())));
                leave(code.unwrap_or(2))
            }
            Ok(ForkResult::Parent { child }) => {
                self.guards.insert(child.as_raw(), self.forked);
            }
            Err(errno) => {
                let _ = (&stream).write_all(&Report::Failed { errno: errno as i32 }.encode());
            }
        }
    }

    /// Waits until a guard that its worker lost is buried: a process closes its sockets before its
    /// children are handed on, so that it may still seem to have them. It is of no more use, should it live.
    fn bury_guard(&mut self, number: i32) {
        loop {
            self.reap();
            let Some((pid, _)) = self.guards.iter().find(|(_, known)| **known == number) else { return };
            os::signal_child(*pid, libc::SIGKILL);
            let _ = os::wait_readable([Some(self.events.as_fd())], None);
        }
    }

    /// Buries children. True if something may be left to [sweep](Self::sweep): one was a guard that did
    /// not end by itself, or no guard at all.
    fn reap(&mut self) -> bool {
        self.events.clear();
        let mut lost = false;
        loop {
            match os::reap_any() {
                Wait::Ended(pid, status) => {
                    let guard = self.guards.remove(&pid).is_some();
                    lost |= !guard || status != os::Status::Returned(0);
                }
                // A guard only stops when somebody stops it, and then its program would have no guard.
                Wait::Stopped(pid) if self.guards.contains_key(&pid) => os::signal_child(pid, libc::SIGCONT),
                Wait::Stopped(_) => {}
                Wait::Running | Wait::Childless => return lost,
            }
        }
    }

    /// Ends all children that are no guards, and their trees. They became the zygote's when their
    /// guard died. False if some may not be signalled and live on.
    fn sweep(&mut self) -> bool {
        let start = Instant::now();
        loop {
            let guards: HashSet<i32> = self.guards.keys().copied().collect();
            let pass = os::kill_tree(&guards);
            // One that was buried meanwhile may have forked another that the pass did not meet.
            let buried = self.reap();
            if pass.found == 0 && !buried {
                return true;
            }
            if pass.found > 0 && pass.found == pass.refused && start.elapsed() > SWEEP_PATIENCE {
                return false;
            }
            let _ = os::wait_readable([Some(self.events.as_fd())], Some(SWEEP_PAUSE));
        }
    }

    /// Starts who is to go on in the worker's place, unless the worker ended in order.
    fn succeed(&self) -> io::Result<()> {
        let Some((program, args)) = self.successor.as_deref().and_then(<[OsString]>::split_first) else {
            return Ok(());
        };
        Command::new(program).args(args).spawn().map(drop)
    }

    /// The worker is gone, and each guard knows by its own socket. Waits for them.
    fn finish(&mut self) {
        let start = Instant::now();
        loop {
            if self.reap() {
                self.sweep();
            }
            if self.guards.is_empty() {
                break;
            }
            let Some(left) = GUARDS_PATIENCE.checked_sub(start.elapsed()) else {
                for (guard, _) in self.guards.drain() {
                    os::signal_child(guard, libc::SIGKILL);
                }
                break;
            };
            let _ = os::wait_readable([Some(self.events.as_fd())], Some(left));
        }
        self.sweep();
    }
}

/// One request with its descriptors; none when the worker is gone.
fn receive(socket: &UnixStream) -> io::Result<Option<(u8, Vec<OwnedFd>)>> {
    let mut byte = [0];
    let mut space = nix::cmsg_space!([i32; ask::MAX_FDS]);
    let mut descriptors = Vec::new();
    let mut parts = [IoSliceMut::new(&mut byte)];
    let message = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), os::RECEIVE) {
            Err(nix::errno::Errno::EINTR) => {}
            message => break message?,
        }
    };
    let truncated = message.flags.contains(MsgFlags::MSG_CTRUNC);
    let received = message.bytes;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            // SAFETY: the kernel just made these descriptors for this process, and each is taken once.
            #[expect(unsafe_code, reason = "received descriptors arrive as numbers")]
            descriptors.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    descriptors.iter().for_each(os::keep_from_programs);
    if received == 0 {
        return Ok(None);
    }
    if truncated {
        descriptors.clear();
    }
    Ok(Some((byte[0], descriptors)))
}
