//! hob's own children: the process that compiles a component, the daemon, a lazy worker, and a program that is asked for its
//! version. None needs a guard.

use crate::os;
use hob_core::ExitStatus;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A program of hob's own that is run to its end.
#[derive(Debug)]
pub struct OwnProgram<'a> {
    /// The file, mostly the present executable.
    pub program: &'a Path,
    /// Its arguments.
    pub args: &'a [OsString],
    /// All of its environment.
    pub env: &'a [(OsString, OsString)],
    /// What it reads.
    pub stdin: &'a [u8],
    /// It is killed after that.
    pub wall: Duration,
    /// Bytes kept of its standard output, and as many of its standard error.
    pub max_output: usize,
}

/// What a program of hob's own left.
#[derive(Debug)]
pub struct OwnOutput {
    /// How it ended; none if its time ran out.
    pub status: Option<ExitStatus>,
    /// The beginning of its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
    /// Whether either was longer than what was kept.
    pub truncated: bool,
}

/// Why a program of hob's own did not run.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// It did not start.
    #[error("start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// It started, and then the connection to it failed; it was killed.
    #[error("follow {}: {source}", program.display())]
    Follow {
        /// The program.
        program: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
}

/// Runs a program to its end in a process group of its own, feeds it and keeps what it prints. Blocks
/// the calling thread, at most for `wall`; nothing of the group is left then.
pub fn run_to_end(own: &OwnProgram<'_>) -> Result<OwnOutput, OwnError> {
    let child = Command::new(own.program)
        .args(own.args)
        .env_clear()
        .envs(own.env.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| OwnError::Start { program: own.program.to_owned(), source })?;
    follow(Killed(child), own).map_err(|source| OwnError::Follow { program: own.program.to_owned(), source })
}

/// Starts the daemon or a lazy worker: the program goes on when this process ends. Its standard input is `stdin`
/// (with the lock that this file may hold) or nothing, what it prints goes to `log`. It calls
/// [`detach`](crate::detach) itself.
pub fn spawn_detached(program: &Path, args: &[OsString], stdin: Option<File>, log: File) -> Result<Detached, OwnError> {
    let start = |source| OwnError::Start { program: program.to_owned(), source };
    let copy = log.try_clone().map_err(start)?;
    let stdin = stdin.map_or_else(Stdio::null, Stdio::from);
    let mut command = Command::new(program);
    command.args(args).stdin(stdin).stdout(copy).stderr(log);
    // A session of its own before it runs at all: whoever hangs up or interrupts right after a dispatch means that
    // one and not the daemon.
    // SAFETY: between fork and exec it calls nothing but setsid, which is safe to call there.
    #[expect(unsafe_code, reason = "the standard library offers a group of its own and no session")]
    unsafe {
        command.pre_exec(|| Ok(nix::unistd::setsid().map(drop)?));
    }
    Ok(Detached(command.spawn().map_err(start)?))
}

/// A program that was started to outlive this process. Nobody has to wait for it: init inherits it then.
#[derive(Debug)]
pub struct Detached(Child);

impl Detached {
    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Blocks until it has ended, however. For a thread that has nothing else to do.
    pub fn wait(mut self) -> io::Result<()> {
        self.0.wait().map(drop)
    }
}

/// Ends the group of a child, whatever happens.
struct Killed(Child);

impl Killed {
    /// Kills the group while the child is not reaped, so that the number still is its.
    fn end(&mut self) -> io::Result<ExitStatus> {
        os::signal_group(self.0.id().cast_signed(), &[nix::libc::SIGKILL]);
        let status = self.0.wait()?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => ExitStatus::Code(code),
            (None, signal) => ExitStatus::Signal(signal.unwrap_or_default()),
        })
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// A stream that is read to its end, and kept in part.
struct Kept<R> {
    from: Option<R>,
    bytes: Vec<u8>,
    room: usize,
    truncated: bool,
}

impl<R: Read + AsFd> Kept<R> {
    fn new(from: Option<R>, room: usize) -> io::Result<Self> {
        if let Some(from) = &from {
            set_nonblocking(from.as_fd())?;
        }
        Ok(Self { from, bytes: Vec::new(), room, truncated: false })
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.from.as_ref().map(AsFd::as_fd)
    }

    /// Reads what is there.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        while let Some(from) = &mut self.from {
            match from.read(buffer) {
                Ok(0) => self.from = None,
                Ok(count) => {
                    let kept = count.min(self.room - self.bytes.len());
                    self.bytes.extend_from_slice(&buffer[..kept]);
                    self.truncated |= kept < count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

fn follow(mut child: Killed, own: &OwnProgram<'_>) -> io::Result<OwnOutput> {
    let deadline = Instant::now() + own.wall;
    let exit = os::exit_watch(child.0.id());
    let mut stdin = child.0.stdin.take();
    let mut unsent = own.stdin;
    if let Some(stdin) = &stdin {
        set_nonblocking(stdin.as_fd())?;
    }
    let mut stdout = Kept::new(child.0.stdout.take(), own.max_output)?;
    let mut stderr = Kept::new(child.0.stderr.take(), own.max_output)?;
    let mut buffer = vec![0; 64 << 10];
    let in_time = loop {
        if let Some(pipe) = &mut stdin {
            match pipe.write(unsent) {
                Ok(count) => unsent = &unsent[count..],
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                // A program may well end without reading everything.
                Err(_) => unsent = &[],
            }
            if unsent.is_empty() {
                stdin = None;
            }
        }
        stdout.fill(&mut buffer)?;
        stderr.fill(&mut buffer)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break false;
        }
        // Without a descriptor for its end there has to be a look now and then.
        let pause = if exit.is_some() { left } else { left.min(Duration::from_millis(5)) };
        let writable = stdin.as_ref().map(|pipe| PollFd::new(pipe.as_fd(), PollFlags::POLLOUT));
        let readable = [stdout.fd(), stderr.fd()].into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let ended = exit.as_ref().map(|exit| PollFd::new(exit.as_fd(), PollFlags::POLLIN));
        let mut fds: Vec<_> = ended.into_iter().chain(writable).chain(readable).collect();
        match poll(&mut fds, PollTimeout::try_from(pause + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let has_ended = match &exit {
            Some(_) => fds[0].any().unwrap_or(true),
            None => os::has_ended(child.0.id()),
        };
        if has_ended {
            break true;
        }
    };
    let status = child.end()?;
    // What it wrote before it ended is in the pipes; nobody of its group writes any more.
    stdout.fill(&mut buffer)?;
    stderr.fill(&mut buffer)?;
    Ok(OwnOutput {
        status: in_time.then_some(status),
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.bytes,
        stderr: stderr.bytes,
    })
}
