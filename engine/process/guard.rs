//! The process that starts one program and answers for everything that descends from it.

mod crowd;

use crate::{
    mark::{Mark, end_marked},
    os::{self, Status, Wait, Wake as _},
    wire::{Order, Report, Request},
};
use crowd::Crowd;
use nix::{errno::Errno, libc, sys::stat::Mode};
use std::{
    collections::HashSet,
    ffi::CStr,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::{net::UnixStream, process::CommandExt as _},
    },
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What a program leaves running may take so long to end after SIGTERM. Half a second: it was not
/// meant to be left, and the task's slot waits for it.
const LEFTOVER_GRACE: Duration = Duration::from_millis(500);
/// The same for a whole tree whose worker is gone. Two seconds: enough to remove a lock file, and far
/// within the ten seconds in which everything has to be gone.
const ORPHAN_GRACE: Duration = Duration::from_secs(2);
/// So long are processes that may not be signalled (another user's, by `sudo`) waited for.
const REFUSED_PATIENCE: Duration = Duration::from_secs(5);

/// What the process is called.
pub(crate) const NAME: &CStr = c"hob-guard";

struct Guard {
    stream: UnixStream,
    events: os::ChildEvents,
    /// The program, whose number is that of its process group too.
    program: i32,
    exited: bool,
    worker_lives: bool,
    ending: Option<Ending>,
    crowd: Crowd,
}

struct Ending {
    /// From then on there is no more asking.
    deadline: Instant,
    /// When killing began, and when the next pass is due.
    killing: Option<(Instant, Instant)>,
    /// Since when nothing but refusing processes was found.
    refused: Option<Instant>,
}

/// Runs a guard in a process that was just forked for it, until the tree is gone. `number` is what the
/// zygote knows it by.
pub(crate) fn run(mut stream: UnixStream, stdio: Vec<OwnedFd>, number: i32, mark: Option<Mark>) -> io::Result<()> {
    let zygote = nix::unistd::getppid();
    // A session of its own, without a terminal: the program cannot get one, for it does not lead it.
    nix::unistd::setsid()?;
    let events = os::ChildEvents::new()?;
    os::become_reaper(NAME)?;
    let Ok(request) = Request::read(&stream) else { return Ok(()) };
    // This process gets them too, for programs to inherit. What cannot be limited is started all the same.
    if let Some(mark) = mark {
        let _ = os::bear(mark.of_tree(number));
    }
    let _ = os::leave_no_core();
    let crowd = Crowd::bound(request.processes);
    let program = match start(&request, stdio) {
        Ok(pid) => pid,
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(Errno::EINVAL as i32);
            return stream.write_all(&Report::Failed { errno }.encode());
        }
    };
    drop(request);
    let mut guard = Guard { stream, events, program, exited: false, worker_lives: true, ending: None, crowd };
    let spawned = [Report::Guard { number }.encode(), Report::Spawned { pid: program }.encode()].concat();
    // A worker that is gone is noticed where it is waited for.
    let _ = guard.stream.write_all(&spawned);
    let left = guard.watch()?;
    guard.report(Report::Ended { left });
    // Worker and zygote are dead, perhaps another guard too: then nobody is left who could end its tree.
    if let (Some(mark), false, true) = (mark, guard.worker_lives, nix::unistd::getppid() != zygote) {
        std::thread::sleep(ORPHAN_GRACE);
        end_marked(|worn| mark.is_on(worn), true, REFUSED_PATIENCE);
    }
    Ok(())
}

/// Starts the program. The standard library does so by `posix_spawn`; all descriptors of this process
/// but the three close on exec.
fn start(request: &Request, stdio: Vec<OwnedFd>) -> io::Result<i32> {
    if let Some(mask) = request.umask {
        nix::sys::stat::umask(Mode::from_bits_truncate(mask as libc::mode_t));
    }
    let mut descriptors = stdio.into_iter();
    let mut stream = |piped: bool| {
        if piped {
            descriptors.next().map(Stdio::from).ok_or(io::ErrorKind::InvalidInput)
        } else {
            // A guard's own three lead to /dev/null.
            Ok(Stdio::inherit())
        }
    };
    let mut command = Command::new(&request.program);
    command
        .args(&request.args)
        .env_clear()
        .envs(request.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&request.cwd)
        .process_group(0)
        .stdin(stream(request.piped[0])?)
        .stdout(stream(request.piped[1])?)
        .stderr(stream(request.piped[2])?);
    if let Some(arg0) = &request.arg0 {
        command.arg0(arg0);
    }
    // Forgetting the handle: this process reaps by itself, the program and whatever else becomes its child.
    Ok(os::unblocked(|| command.spawn())??.id().cast_signed())
}

impl Guard {
    /// Returns when the tree is gone, with the number of processes that could not be ended.
    fn watch(&mut self) -> io::Result<i32> {
        loop {
            self.events.clear();
            if self.bury() {
                return Ok(0);
            }
            if self.exited && self.ending.is_none() {
                self.end(LEFTOVER_GRACE);
                continue;
            }
            if self.ending.is_none() && self.crowd.is_over() {
                self.report(Report::Crowded { most: self.crowd.most() });
                self.end(Duration::ZERO);
            }
            let timeout = match self.press() {
                Ok(None) => self.crowd.pause(),
                Ok(timeout) => timeout,
                Err(left) => return Ok(left),
            };
            let stream = self.worker_lives.then(|| self.stream.as_fd());
            let [told, _] = os::wait_readable([stream, Some(self.events.as_fd())], timeout)?;
            if told {
                self.obey();
            }
        }
    }

    /// Takes note of children that ended. True if none is left.
    fn bury(&mut self) -> bool {
        loop {
            match os::peek_ended() {
                Wait::Childless => return true,
                Wait::Running | Wait::Stopped(_) => return false,
                Wait::Ended(pid, status) => {
                    if pid == self.program && !self.exited {
                        self.exited = true;
                        self.report(match status {
                            Status::Returned(code) => Report::Returned { code },
                            Status::Signalled(signal) => Report::Signalled { signal },
                        });
                        // As long as the program is not reaped its group's number is nobody else's.
                        os::signal_group(self.program, &os::AT_EXIT);
                    }
                    os::reap(pid);
                }
            }
        }
    }

    /// Asks the tree to end within `grace`, or shortens the grace that it has.
    fn end(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        if let Some(ending) = &mut self.ending {
            ending.deadline = ending.deadline.min(deadline);
            return;
        }
        self.ending = Some(Ending { deadline, killing: None, refused: None });
        if !grace.is_zero() {
            if !self.exited {
                os::signal_group(self.program, &[libc::SIGTERM, libc::SIGCONT]);
            }
            os::ask_tree(self.program);
        }
    }

    /// Kills what is left after the grace. The time until this is to be called again; or, given up,
    /// how many processes are left.
    fn press(&mut self) -> Result<Option<Duration>, i32> {
        let Some(ending) = &mut self.ending else { return Ok(None) };
        let now = Instant::now();
        if now < ending.deadline {
            return Ok(Some(ending.deadline - now));
        }
        let (began, due) = *ending.killing.get_or_insert((now, now));
        if now < due {
            return Ok(Some(due - now));
        }
        let pass = os::kill_tree(&HashSet::new());
        if pass.found > pass.refused {
            ending.refused = None;
        } else if ending.refused.get_or_insert(now).elapsed() > REFUSED_PATIENCE {
            return Err(i32::try_from(pass.found.max(1)).unwrap_or(i32::MAX));
        }
        // A fork that was missed is met soon; a process that hangs in the kernel is asked about less and less.
        let pause = (began.elapsed() / 4).clamp(Duration::from_millis(2), Duration::from_secs(1));
        ending.killing = Some((began, Instant::now() + pause));
        Ok(Some(pause))
    }

    /// Does what the worker says; its silence for ever means the end.
    fn obey(&mut self) {
        let mut frame = [0; Order::SIZE];
        // The worker writes an order in one piece, so that it is here in one piece.
        match self.stream.read_exact(&mut frame) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                self.worker_lives = false;
                self.end(ORPHAN_GRACE);
            }
            Ok(()) => match Order::decode(frame) {
                Some(Order::Signal { number }) if !self.exited => {
                    os::signal_group(self.program, &[number.cast_signed()]);
                }
                Some(Order::End { grace_ms }) => self.end(Duration::from_millis(grace_ms.into())),
                Some(Order::Signal { .. }) | None => {}
            },
        }
    }

    /// Tells the worker. One that is gone needs no report.
    fn report(&mut self, report: Report) {
        let _ = self.stream.write_all(&report.encode());
    }
}
