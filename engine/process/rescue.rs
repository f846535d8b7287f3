//! Whether anything of a dead worker still lives.

use crate::mark::{Mark, end_marked};
use std::{
    fs::{OpenOptions, TryLockError},
    io,
    path::Path,
    time::{Duration, Instant},
};

/// The shortest and the longest pause between two looks. A lock has no event; a rescue is rare, and
/// trees mostly end within milliseconds.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Waits until the zygote and all guards that share the lock file are gone, and with them every
/// process that they answer for; then ends what guards that were killed together with their zygote could not. False if
/// something is left after `deadline`. A file that does not exist is locked by nobody. Blocks the calling thread.
pub fn wait_for_guards(lock_path: &Path, deadline: Duration) -> io::Result<bool> {
    let file = match OpenOptions::new().read(true).write(true).open(lock_path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    let start = Instant::now();
    let mut pause = PAUSES.0;
    loop {
        match file.try_lock_shared() {
            Ok(()) => {
                let left = deadline.saturating_sub(start.elapsed());
                let mark = Mark::recorded(&file);
                return Ok(mark.is_none_or(|mark| end_marked(|worn| mark.is_on(worn), false, left)));
            }
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let Some(left) = deadline.checked_sub(start.elapsed()) else { return Ok(false) };
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSES.1);
    }
}
