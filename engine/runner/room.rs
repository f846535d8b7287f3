//! Whether this process can open what another attempt needs.

use std::fs::File;

/// Descriptors of one attempt: its output, pipes, sockets, folders, the database. 32: a shell command has 12.
const OF_AN_ATTEMPT: u32 = 32;

/// How many attempts there is room for beside those that run, `most` at most. Those that run may not have opened
/// all of theirs yet.
pub(crate) fn room(running: u32, most: u32) -> u32 {
    if most == 0 {
        return 0;
    }
    let wanted = running.saturating_add(most).saturating_mul(OF_AN_ATTEMPT);
    (free(wanted) / OF_AN_ATTEMPT).saturating_sub(running).min(most)
}

/// How many descriptors this process gets, `wanted` at most. Tried out, for the limits of the process and of the
/// system both count.
fn free(wanted: u32) -> u32 {
    let Ok(first) = File::open(NULL) else { return 0 };
    let mut copies = Vec::new();
    let mut count = 1;
    while count < wanted
        && let Ok(copy) = first.try_clone()
    {
        copies.push(copy);
        count += 1;
    }
    count
}

/// A file that is always there.
#[cfg(unix)]
const NULL: &str = "/dev/null";
#[cfg(not(unix))]
const NULL: &str = "NUL";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f40_with_plenty_of_descriptors_there_is_room_for_all() {
        assert_eq!((room(0, 0), room(0, 5), room(3, 2)), (0, 5, 2));
    }
}
