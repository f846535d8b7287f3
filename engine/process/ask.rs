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

/// Whether the process with this number was ended and is only being taken apart: some of its threads may still hold its
/// locks. False where that cannot be seen.
pub fn is_ending(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(crate::os::is_ending)
}

/// Ends the process of that [identity](crate::identity) at once, a frozen one included; false if it is not there:
/// another with its number is left alone.
pub fn end_identified(identity: &str) -> io::Result<bool> {
    let pid = identity.split_ascii_whitespace().next().and_then(|pid| pid.parse::<i32>().ok());
    match pid.filter(|pid| *pid > 1) {
        Some(pid) => crate::os::kill_identified(pid, identity),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f41_only_the_process_of_that_start_and_boot_is_ended() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("starts");
        let pid = child.id().cast_signed();
        let identity = crate::os::identity(pid).expect("known");
        let [number, start, boot] = identity.split(' ').collect::<Vec<_>>()[..] else { panic!("{identity}") };
        let later = start.parse::<u64>().expect("ticks") + 1;
        for other in [format!("{number} {later} {boot}"), format!("{number} {start} another"), String::new()] {
            assert!(!end_identified(&other).expect("looked"), "{other}");
        }
        assert!(child.try_wait().expect("looked").is_none(), "it lives");
        assert!(end_identified(&identity).expect("ended"));
        assert!(!child.wait().expect("gone").success());
        assert!(!end_identified(&identity).expect("looked"), "it is gone");
    }

    #[test]
    fn groups_and_init_are_never_asked() {
        for pid in [0, 1, u32::MAX] {
            assert_eq!(ask_to_end(pid).map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput), "{pid}");
        }
    }
}
