//! One daemon, however many processes want to start it.
//!
//! Two files: `daemon.lock` elects. Whoever gets it starts the daemon and hands it the locked file
//! as standard input, so there is no moment without an owner. `daemon.alive` is locked by the
//! daemon itself once it runs; asking takes a shared lock on that one and so never disturbs an
//! election.

use crate::os::private;
use hob_core::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fs::{File, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    path::Path,
    time::Duration,
};

const LOCK: &str = "daemon.lock";
const ALIVE: &str = "daemon.alive";
const WANTED: &str = "daemon.wanted";
/// So long a wish for a daemon is not repeated. One second: a worker that sees it takes some milliseconds.
const REPEATED: Duration = Duration::from_secs(1);

/// What the running daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonInfo {
    /// Its process id. Only to be trusted while the daemon lives, which is when one sees it.
    pub pid: u32,
    /// The version of hob it is.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
}

/// Whether there is a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// There is one; what it says of itself, unless it is only just writing that.
    Running(Option<DaemonInfo>),
    /// There is none.
    Stopped,
}

/// Looks whether a daemon lives.
pub fn presence(state: &Path) -> io::Result<Presence> {
    let mut alive = match File::open(state.join(ALIVE)) {
        Ok(alive) => alive,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Presence::Stopped),
        Err(error) => return Err(error),
    };
    match alive.try_lock_shared() {
        Ok(()) => Ok(Presence::Stopped),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            alive.read_to_string(&mut text)?;
            Ok(Presence::Running(serde_json::from_str(&text).ok()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Blocks until no daemon lives. For a thread that has nothing else to do.
pub fn until_stopped(state: &Path) -> io::Result<()> {
    match File::open(state.join(ALIVE)) {
        Ok(alive) => alive.lock_shared(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Leaves the wish for a daemon to whoever can start one: a process that a task started cannot, for what it
/// starts ends with the task. False if the same wish was left only just now.
pub fn want(state: &Path) -> io::Result<bool> {
    let path = state.join(WANTED);
    let is_new = match path.metadata().and_then(|data| data.modified()) {
        // One of a time to come was left before the clock was set back.
        Ok(at) => at.elapsed().map_or(true, |since| since >= REPEATED),
        Err(_) => true,
    };
    if is_new {
        private().create(true).truncate(true).write(true).open(path)?.write_all(b".")?;
    }
    Ok(is_new)
}

/// Whether somebody left the wish for a daemon, and there is none since.
pub fn is_wanted(state: &Path) -> bool {
    state.join(WANTED).exists()
}

/// The right, and the duty, to start the daemon; or to be it.
///
/// Handed to the daemon as its standard input: the lock belongs to the open file, not to a process.
pub struct Election(File);

impl Election {
    /// Takes the right; none if a daemon runs or is being started.
    pub fn win(state: &Path) -> io::Result<Option<Self>> {
        let lock = private().create(true).truncate(false).read(true).write(true).open(state.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The right that this process, started by the winner, was handed as its standard input.
    pub fn inherited() -> io::Result<Self> {
        use std::os::fd::AsFd as _;
        Ok(Self(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    /// The locked file, for the standard input of the daemon.
    pub fn into_stdin(self) -> File {
        self.0
    }
}

/// Held by the daemon for as long as it lives.
pub struct Seat {
    election: Election,
    _alive: File,
}

impl Seat {
    /// Sits down.
    pub fn take(state: &Path, election: Election, info: &DaemonInfo) -> io::Result<Self> {
        let mut alive = private().create(true).truncate(false).read(true).write(true).open(state.join(ALIVE))?;
        // Waits out those who only look; nobody else ever holds it.
        alive.lock()?;
        alive.set_len(0)?;
        alive.rewind()?;
        alive.write_all(serde_json::to_string(info)?.as_bytes())?;
        // That it cannot be removed is no reason not to serve; a wish that is fulfilled does no harm.
        let _ = std::fs::remove_file(state.join(WANTED));
        Ok(Self { election, _alive: alive })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Before it stops being seen alive, so that whoever sees it gone can win the next election. The
        // lock has another descriptor, standard input, and would outlast this one.
        let _ = self.election.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> DaemonInfo {
        DaemonInfo { pid: 7, version: "0.1.0".into(), started: Timestamp(1) }
    }

    #[test]
    fn one_election_has_one_winner() {
        let state = tempfile::tempdir().expect("a folder");
        let winner = Election::win(state.path()).expect("asked");
        assert!(winner.is_some());
        assert!(Election::win(state.path()).expect("asked").is_none());
        drop(winner);
        assert!(Election::win(state.path()).expect("asked").is_some());
    }

    #[test]
    fn a_wish_is_left_until_a_daemon_sits_down() {
        let state = tempfile::tempdir().expect("a folder");
        assert!(!is_wanted(state.path()));
        assert!(want(state.path()).expect("left") && is_wanted(state.path()));
        assert!(!want(state.path()).expect("there"), "it was left only just now");
        let election = Election::win(state.path()).expect("asked").expect("won");
        let seat = Seat::take(state.path(), election, &info()).expect("a seat");
        assert!(!is_wanted(state.path()));
        drop(seat);
    }

    #[test]
    fn presence_follows_the_seat() {
        let state = tempfile::tempdir().expect("a folder");
        assert_eq!(presence(state.path()).expect("asked"), Presence::Stopped);
        let election = Election::win(state.path()).expect("asked").expect("won");
        let seat = Seat::take(state.path(), election, &info()).expect("a seat");
        assert_eq!(presence(state.path()).expect("asked"), Presence::Running(Some(info())));
        assert!(Election::win(state.path()).expect("asked").is_none(), "the seat is taken");
        drop(seat);
        assert!(Election::win(state.path()).expect("asked").is_some(), "the seat is free");
        assert_eq!(presence(state.path()).expect("asked"), Presence::Stopped);
        until_stopped(state.path()).expect("stopped already");
    }
}
