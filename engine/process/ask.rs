//! Asking another process of hob's to end.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::io;

/// Asks the process with this number to end, as `kill` does. Whether the number is still that process's is
/// for the caller to know: by a lock that only it can hold.
pub fn ask_to_end(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill(Pid::from_raw(pid), Signal::SIGTERM)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_init_are_never_asked() {
        for pid in [0, 1, u32::MAX] {
            assert_eq!(ask_to_end(pid).map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput), "{pid}");
        }
    }
}
