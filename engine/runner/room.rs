//! Whether this process can open what another attempt needs.

/// Descriptors of one attempt: its output, pipes, sockets, folders, the database. 32: a shell command has 12.
const OF_AN_ATTEMPT: u64 = 32;

/// How many attempts there is room for beside those that run, `most` at most, given how many more descriptors the
/// process gets if it wants that many. Those that run may not have opened all of theirs yet.
pub(crate) fn room(running: u32, most: u32, free: impl Fn(u64) -> u64) -> u32 {
    if most == 0 {
        return 0;
    }
    let wanted = u64::from(running.saturating_add(most)) * OF_AN_ATTEMPT;
    let attempts = free(wanted).min(wanted) / OF_AN_ATTEMPT;
    u32::try_from(attempts).unwrap_or(most).saturating_sub(running).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f40_there_is_room_for_as_many_as_have_descriptors() {
        for (running, most, free, expect) in [
            (0, 0, 9_999, 0),
            (0, 5, 9_999, 5),
            (3, 2, 9_999, 2),
            (0, 5, 70, 2),
            (1, 5, 70, 1),
            (2, 1, 70, 0),
            (0, 1, 0, 0),
        ] {
            assert_eq!(room(running, most, |_| free), expect, "{running} {most} {free}");
        }
    }
}
