//! What to start, and why it may not start.

use crate::wire::{MAX_REQUEST, Request, has_nul};
use nix::{errno::Errno, unistd::AccessFlags};
use std::{
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// A program to start, byte for byte.
#[derive(Debug)]
pub struct SpawnRequest {
    /// The file. Relative to `cwd` where it is not absolute; never looked up in a `PATH`
    /// ([`find_program`](crate::find_program) does that).
    pub program: PathBuf,
    /// What the program sees as its own name; the path where there is none.
    pub arg0: Option<OsString>,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// All of its environment. Of a name that is given twice the last value counts.
    pub env: Vec<(OsString, OsString)>,
    /// Its folder, absolute.
    pub cwd: PathBuf,
    /// Its file mode creation mask; that with which the worker was started, where there is none.
    pub umask: Option<u32>,
    /// Processes that it may have at once, itself and all that descends from it. A tree that grows beyond is ended
    /// ([`Tree::crowded`](crate::Tree::crowded)).
    pub processes: u32,
    /// Its standard input.
    pub stdin: StdioSpec,
    /// Its standard output.
    pub stdout: StdioSpec,
    /// Its standard error.
    pub stderr: StdioSpec,
}

impl SpawnRequest {
    /// `program` in folder `cwd`: no arguments, no variables, nothing to read, nobody listening.
    pub fn new(program: impl Into<PathBuf>, cwd: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arg0: None,
            args: Vec::new(),
            env: Vec::new(),
            cwd: cwd.into(),
            umask: None,
            processes: u32::MAX,
            stdin: StdioSpec::Null,
            stdout: StdioSpec::Null,
            stderr: StdioSpec::Null,
        }
    }

    /// The form for the guard, the descriptors that go with it, and this side's ends of new pipes.
    pub(crate) fn prepare(self) -> Result<Prepared, SpawnError> {
        let program = if self.program.is_absolute() { self.program } else { self.cwd.join(self.program) };
        let os = |source| SpawnError::Os { program: program.clone(), source };
        let mut ours = [None, None, None];
        let mut theirs = Vec::with_capacity(3);
        let mut piped = [false; 3];
        for (n, spec) in [self.stdin, self.stdout, self.stderr].into_iter().enumerate() {
            let fd = match spec {
                StdioSpec::Null => continue,
                StdioSpec::Fd(fd) => fd,
                StdioSpec::Pipe => {
                    let (reader, writer) = io::pipe().map_err(os)?;
                    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
                    let (near, far) = if n == 0 { (writer, reader) } else { (reader, writer) };
                    ours[n] = Some(near);
                    far
                }
            };
            piped[n] = true;
            theirs.push(fd);
        }
        let strings = self.args.iter().chain(&self.arg0).chain(self.env.iter().map(|(_, value)| value));
        if has_nul(&program) || has_nul(&self.cwd) || strings.into_iter().any(|s| s.as_bytes().contains(&0)) {
            return Err(SpawnError::Invalid { program, what: "an argument or variable with a NUL byte in it" });
        }
        let bad_name = |name: &OsString| name.is_empty() || name.as_bytes().iter().any(|byte| matches!(byte, 0 | b'='));
        if self.env.iter().any(|(name, _)| bad_name(name)) {
            return Err(SpawnError::Invalid {
                program,
                what: "a variable whose name is empty or has `=` or NUL in it",
            });
        }
        let Self { arg0, args, env, cwd, umask, processes, .. } = self;
        let request = Request { program, arg0, args, env, cwd, umask, processes, piped };
        let encoded = request.encode();
        let Request { program, cwd, .. } = request;
        if encoded.len() > MAX_REQUEST {
            return Err(SpawnError::TooLong { program });
        }
        Ok(Prepared { program, cwd, encoded, ours, theirs })
    }
}

/// A request, ready to be sent.
pub(crate) struct Prepared {
    pub(crate) program: PathBuf,
    pub(crate) cwd: PathBuf,
    pub(crate) encoded: Vec<u8>,
    pub(crate) ours: [Option<OwnedFd>; 3],
    pub(crate) theirs: Vec<OwnedFd>,
}

/// Where one of a program's three standard streams leads.
#[derive(Debug)]
pub enum StdioSpec {
    /// Nothing to read; what is written is gone.
    Null,
    /// A new pipe, whose other end the [`Child`](crate::Child) has.
    Pipe,
    /// This descriptor, such as the writing end of a pipe that is shared by two streams.
    Fd(OwnedFd),
}

/// Why a program did not start. Each text names the path that is to blame.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// There is no such file.
    #[error("`{}` was not found", program.display())]
    NotFound {
        /// The program.
        program: PathBuf,
    },
    /// The script is there, but not what its first line says it is for.
    #[error("`{}` cannot run: the interpreter named in its first line was not found", program.display())]
    NoInterpreter {
        /// The script.
        program: PathBuf,
    },
    /// It is no program, or the person may not run it.
    #[error("`{}` is not executable: {source}", program.display())]
    NotExecutable {
        /// The program.
        program: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// The folder to run it in is none, or may not be entered.
    #[error("`{}` cannot be the folder of `{}`: {source}", cwd.display(), program.display())]
    BadFolder {
        /// The program.
        program: PathBuf,
        /// The folder.
        cwd: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// The operating system takes no argument, or no list of arguments and variables, that long.
    #[error("the arguments and variables of `{}` are too long for the operating system", program.display())]
    TooLong {
        /// The program.
        program: PathBuf,
    },
    /// What no program can be given.
    #[error("`{}` cannot be given {what}", program.display())]
    Invalid {
        /// The program.
        program: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The operating system has no process, memory or descriptor left for it; it may have later.
    #[error("no room to start `{}`: {source}", program.display())]
    Exhausted {
        /// The program.
        program: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// Any other error of the operating system.
    #[error("`{}` could not be started: {source}", program.display())]
    Os {
        /// The program.
        program: PathBuf,
        /// The operating system's own words.
        source: io::Error,
    },
    /// The process that starts programs for this worker was killed; a new worker has a new one.
    #[error("`{}` could not be started: the process that starts programs for this worker is gone", program.display())]
    Lost {
        /// The program.
        program: PathBuf,
    },
}

impl SpawnError {
    /// Names the error that starting `program` in `cwd` ended with.
    pub(crate) fn from_errno(program: &Path, cwd: &Path, errno: Errno) -> Self {
        let (program, source) = (program.to_owned(), io::Error::from(errno));
        let folder = |source| Self::BadFolder { program: program.clone(), cwd: cwd.to_owned(), source };
        match errno {
            Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP | Errno::ENAMETOOLONG => {
                // Changing the folder and executing the file end with the same errors.
                match std::fs::metadata(cwd) {
                    Err(source) => return folder(source),
                    Ok(found) if !found.is_dir() => return folder(Errno::ENOTDIR.into()),
                    Ok(_) => {}
                }
                if let Err(errno) = nix::unistd::access(cwd, AccessFlags::X_OK) {
                    return folder(errno.into());
                }
                match errno {
                    Errno::ENOENT if program.exists() => Self::NoInterpreter { program },
                    Errno::ENOENT | Errno::ENOTDIR => Self::NotFound { program },
                    Errno::EACCES => Self::NotExecutable { program, source },
                    _ => Self::Os { program, source },
                }
            }
            Errno::ENOEXEC => Self::NotExecutable { program, source },
            Errno::E2BIG => Self::TooLong { program },
            Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE | Errno::ETOOMANYREFS => {
                Self::Exhausted { program, source }
            }
            _ => Self::Os { program, source },
        }
    }
}
