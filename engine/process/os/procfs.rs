//! Reading the process table.

use std::{fs::File, io::Read as _};

/// A process, as /proc shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// Clock ticks from boot to its start: with the number, this is one process and no other.
    pub(crate) started: u64,
}

/// Calls `act` for every process, in the order of /proc, which is that of the numbers.
pub(crate) fn each_process(mut act: impl FnMut(Process)) {
    each_number(|pid| {
        if let Some(process) = read(pid) {
            act(process);
        }
    });
}

/// The same with no more than the number of each.
pub(crate) fn each_number(mut act: impl FnMut(i32)) {
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            act(pid);
        }
    }
}

/// The limit in which a process bears its mark, or what else it has there. None for one that has ended.
pub(crate) fn mark(pid: i32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max realtime timeout"))?;
    // Soft, hard, unit. One that is "unlimited" is no mark.
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Whether the process has that name.
pub(crate) fn is_called(pid: i32, name: &[u8]) -> bool {
    stat(pid).is_some_and(|stat| called(&stat) == Some(name))
}

/// Whether the process has ended as far as its first thread goes; others of its threads may still hold its files.
pub(crate) fn is_ending(pid: i32) -> bool {
    let state = |stat: &[u8]| stat.iter().rposition(|byte| *byte == b')').and_then(|end| stat.get(end + 2).copied());
    stat(pid).is_some_and(|stat| matches!(state(&stat), Some(b'Z' | b'X')))
}

/// Whether the process still is the one that was read. One that may not be read is not.
pub(crate) fn is_same(process: &Process) -> bool {
    read(process.pid).is_some_and(|now| now.started == process.started)
}

/// The processes above this one with what /proc says of each, the nearest first. One that may not be read ends it.
fn above() -> impl Iterator<Item = (i32, Vec<u8>)> {
    fn parent((pid, stat): &(i32, Vec<u8>)) -> Option<(i32, Vec<u8>)> {
        let parent = parse(*pid, stat)?.parent;
        if parent > 1 { Some((parent, self::stat(parent)?)) } else { None }
    }
    let own = std::process::id().cast_signed();
    // The numbers above a process do not come in circles, but they can change while they are read.
    std::iter::successors(stat(own).map(|stat| (own, stat)), parent).skip(1).take(1000)
}

/// Whether a process of this name is above this one. A process that may not be read ends the search.
pub(crate) fn is_below(name: &[u8]) -> bool {
    above().any(|(_, stat)| called(&stat) == Some(name))
}

/// What the variable is in the environment of the first process on the way from the one of that name, which is
/// above this one, down to this one. The environment is that with which a program was started.
pub(crate) fn variable_below(name: &[u8], variable: &[u8]) -> Option<Vec<u8>> {
    let mut below = vec![std::process::id().cast_signed()];
    let is_found = above().any(|(pid, stat)| {
        below.push(pid);
        called(&stat) == Some(name)
    });
    // No environment is read where there is no such process, as in a person's own terminal.
    if !is_found {
        return None;
    }
    let value = |entry: &[u8]| Some(entry.strip_prefix(variable)?.strip_prefix(b"=")?.to_vec());
    below.iter().rev().skip(1).find_map(|pid| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        environment.split(|byte| *byte == 0).find_map(value)
    })
}

pub(crate) fn read(pid: i32) -> Option<Process> {
    parse(pid, &stat(pid)?)
}

fn stat(pid: i32) -> Option<Vec<u8>> {
    // 52 numbers of at most 20 digits, and a name of 15 bytes.
    let mut buffer = vec![0; 1200];
    let length = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
    buffer.truncate(length);
    Some(buffer)
}

fn called(stat: &[u8]) -> Option<&[u8]> {
    let begin = stat.iter().position(|byte| *byte == b'(')?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(begin + 1..end)
}

fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    // The name, in brackets, may hold anything: brackets, blanks, line ends.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = std::str::from_utf8(&stat[end + 1..]).ok()?.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let started = fields.nth(16)?.parse().ok()?;
    Some(Process { pid, parent, group, started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_brackets_is_read_over() {
        let stat = b"42 (a) R 7 ((\n) S 3 40 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        assert_eq!(parse(42, stat), Some(Process { pid: 42, parent: 3, group: 40, started: 98_765 }));
        assert_eq!(called(stat), Some(b"a) R 7 ((\n".as_slice()));
        assert_eq!(parse(42, b"42 (a) S 3"), None);
        assert_eq!(parse(42, b""), None);
    }

    #[test]
    fn this_process_is_in_the_table_and_is_itself() {
        let pid = std::process::id().cast_signed();
        let mut found = None;
        each_process(|process| {
            if process.pid == pid {
                found = Some(process);
            }
        });
        let found = found.expect("listed");
        assert_eq!(found.parent, nix::unistd::getppid().as_raw());
        assert!(is_same(&found));
        assert!(!is_same(&Process { started: found.started + 1, ..found }), "another start is another process");
        let parent = stat(found.parent).expect("it may be read");
        assert!(is_below(called(&parent).expect("a name")));
        assert!(!is_below(b"nobody's name"));
    }
}
