//! What a process of hob's does to itself.

use nix::{
    libc,
    sys::{
        resource::{Resource, setrlimit},
        signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction, signal},
        stat::{Mode, umask},
    },
};
use std::{io, sync::OnceLock, time::Duration};
use tokio::signal::unix::{Signal as Incoming, SignalKind};

/// The mask before [`detach`] made it private: what programs are to have.
static FIRST_UMASK: OnceLock<Mode> = OnceLock::new();

/// Cuts the ties of a daemon to whoever started it: a session of its own without a terminal, folder
/// `/`, and files that are private from the start. Programs started by a zygote still get the file
/// mode creation mask from before.
pub fn detach() -> io::Result<()> {
    match nix::unistd::setsid() {
        // It leads a group already, so it was given one of its own.
        Ok(_) | Err(nix::errno::Errno::EPERM) => {}
        Err(error) => return Err(error.into()),
    }
    std::env::set_current_dir("/")?;
    let before = umask(Mode::from_bits_truncate(0o077));
    let _ = FIRST_UMASK.set(before);
    Ok(())
}

/// Whether this process descends from a program that a worker runs. What it starts then ends with that program,
/// a daemon of its own session included.
pub fn is_within_a_task() -> bool {
    crate::os::is_below_a_guard()
}

/// What `variable` was for the program that a worker runs and from which this process descends, whatever was made of
/// it in between; none outside of such a program.
pub fn variable_of_the_task(variable: &str) -> Option<String> {
    String::from_utf8(crate::os::variable_of_the_task(variable.as_bytes())?).ok()
}

/// Which process this is, for [`end_identified`](crate::end_identified); empty where nothing tells it from another one.
pub fn identity() -> String {
    crate::os::identity(std::process::id().cast_signed()).unwrap_or_default()
}

/// In a zygote: takes back what [`detach`] did to the mask.
pub(crate) fn restore_umask() {
    if let Some(mask) = FIRST_UMASK.get() {
        umask(*mask);
    }
}

/// In a zygote, for it and its guards: every signal that can be caught is, and does nothing. A handler
/// is gone after an exec, so that programs find the default of each signal; one that is ignored they
/// would ignore, too: the broken pipe that Rust ignores, the hang-up that nohup does, the interrupt of
/// a shell's background.
pub(crate) fn deafen() {
    extern "C" fn nothing(_: i32) {}
    let deaf = SigAction::new(SigHandler::Handler(nothing), SaFlags::SA_RESTART, SigSet::empty());
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for one in Signal::iterator() {
        // A fault of the process itself would come again for ever.
        let fault = matches!(one, Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGILL | Signal::SIGFPE);
        // SAFETY: the handler is empty. SIGKILL and SIGSTOP refuse, and stay what they are.
        #[expect(unsafe_code, reason = "signal dispositions are process-wide")]
        let _ = unsafe { sigaction(one, if fault { &default } else { &deaf }) };
    }
}

/// Limits this process before it does something that hostile input could blow up: seconds of
/// computing, after which it gets `SIGXCPU` and a second later `SIGKILL`, bytes of data; no core dump.
/// It also ends with the thread that started it, where the platform can do that. Limits that were
/// lower stay.
pub fn limit_self(cpu: Duration, data_bytes: u64) -> io::Result<()> {
    let seconds = cpu.as_secs() + u64::from(cpu.subsec_nanos() > 0);
    // Where both limits of computing time are one, Linux sends SIGKILL, which does not say why.
    for (resource, soft, hard) in [
        (Resource::RLIMIT_CPU, seconds, seconds + 1),
        (Resource::RLIMIT_DATA, data_bytes, data_bytes),
        (Resource::RLIMIT_CORE, 0, 0),
    ] {
        let (_, most) = nix::sys::resource::getrlimit(resource)?;
        setrlimit(resource, soft.min(most), hard.min(most))?;
    }
    Ok(crate::os::end_with_parent()?)
}

/// No core dump is made of this process, unless somebody asks for one by raising the limit.
pub(crate) fn leave_no_core() -> io::Result<()> {
    Ok(crate::os::leave_no_core()?)
}

/// Opens as many files as the system lets this process, instead of the few that programs with old habits can bear.
/// To be called after the zygote was forked, whose programs keep the limit that was there.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let (soft, hard) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    Ok(())
}

/// How many more descriptors this process gets by its own limit. They are counted only if `wanted` could matter: what is
/// open is a fraction of a limit that is eight times as high.
pub fn free_descriptors(wanted: u64) -> u64 {
    /// What is open beside tasks: the database, locks, watches, the zygote's sockets. 64: twice what was counted.
    const OWN: u64 = 64;
    let Ok((soft, _)) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    if soft / 8 >= wanted + OWN {
        return wanted;
    }
    // Nothing is tried out: what that takes, if only for a moment, is missing to an attempt that runs.
    let open = std::fs::read_dir("/dev/fd").map(|entries| entries.count() as u64);
    open.map_or(0, |open| soft.saturating_sub(open))
}

/// Gives memory that is free back to the system: of every thread what lies between what is in use, and of the calling
/// thread also what lies behind it. Takes a fraction of a millisecond, more where there is more to give back.
pub fn return_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// What a thread's heap may keep at its end. 1 MiB: a task's ordinary ups and downs. Without a number of ours
        /// the allocator of GNU takes twice the largest block that was ever freed, up to 64 MiB for each thread.
        const KEPT: i32 = 1 << 20;
        /// To free a block of this size makes the allocator look at the end of the thread's heap.
        const LOOK: usize = 96 << 10;
        static LIMITED: std::sync::Once = std::sync::Once::new();
        LIMITED.call_once(|| {
            // SAFETY: it sets a number under the allocator's own lock.
            #[expect(unsafe_code, reason = "no safe wrapper exists")]
            unsafe {
                libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
            }
        });
        // SAFETY: it takes the allocator's own locks, and touches nothing that is in use.
        #[expect(unsafe_code, reason = "no safe wrapper exists")]
        unsafe {
            libc::malloc_trim(0);
        }
        drop(std::hint::black_box(Vec::<u8>::with_capacity(LOOK)));
    }
}

/// A write beyond the file size limit is then an error instead of the end of the process.
pub fn ignore_sigxfsz() -> io::Result<()> {
    // SAFETY: ignoring a signal installs no handler.
    #[expect(unsafe_code, reason = "signal dispositions are process-wide")]
    unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }?;
    Ok(())
}

/// The requests to end that reach this process.
#[derive(Debug)]
pub struct Shutdown {
    terminate: Incoming,
    interrupt: Incoming,
    hang_up: Option<Incoming>,
}

/// From now on SIGTERM and SIGINT (and SIGHUP, unless this process was started with it ignored) do not
/// end this process but [`Shutdown::requested`]. To be called within a tokio runtime that has I/O.
pub fn shutdown_signal() -> io::Result<Shutdown> {
    let hang_up =
        if is_ignored(libc::SIGHUP) { None } else { Some(tokio::signal::unix::signal(SignalKind::hangup())?) };
    Ok(Shutdown {
        terminate: tokio::signal::unix::signal(SignalKind::terminate())?,
        interrupt: tokio::signal::unix::signal(SignalKind::interrupt())?,
        hang_up,
    })
}

impl Shutdown {
    /// Waits for the next request. A second one means that the person is in a hurry.
    pub async fn requested(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hang_up => {}
        }
    }
}

fn is_ignored(number: i32) -> bool {
    // SAFETY: sigaction is plain data, for which all zeros is a value; with no new action the call
    // only writes the present one to it.
    #[expect(unsafe_code, reason = "nix can only ask by changing")]
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(number, std::ptr::null(), &raw mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
    }
}
