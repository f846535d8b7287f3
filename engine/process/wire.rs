//! What worker and guard say to each other. Both are the same binary, forked, so the form needs no
//! version. Byte strings travel as a length and their bytes: arguments and variables stay exact.

use std::{
    ffi::OsString,
    io::{self, Read},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

/// No request is longer. The kernel takes at most 6 MiB of arguments and variables; what lies between is
/// refused by it, with its own error.
pub(crate) const MAX_REQUEST: usize = 64 << 20;

/// What to start. Whether a descriptor was sent for each of stdin, stdout and stderr is in `piped`.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) program: PathBuf,
    pub(crate) arg0: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) cwd: PathBuf,
    pub(crate) umask: Option<u32>,
    pub(crate) processes: u32,
    pub(crate) piped: [bool; 3],
}

impl Request {
    /// The request with its length in front.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let strings = self.args.iter().chain(self.env.iter().flat_map(|(name, value)| [name, value]));
        let mut out = Vec::with_capacity(256 + strings.map(|s| s.len() + 4).sum::<usize>());
        put_number(&mut out, 0);
        put(&mut out, self.program.as_os_str().as_bytes());
        put(&mut out, self.cwd.as_os_str().as_bytes());
        out.extend(self.piped.map(u8::from));
        put_number(&mut out, self.umask.unwrap_or(u32::MAX));
        put_number(&mut out, self.processes);
        put_all(&mut out, self.arg0.as_ref());
        put_all(&mut out, &self.args);
        put_all(&mut out, self.env.iter().flat_map(|(name, value)| [name, value]));
        let length = u32::try_from(out.len() - 4).unwrap_or(u32::MAX);
        out[..4].copy_from_slice(&length.to_le_bytes());
        out
    }

    /// Reads one request.
    pub(crate) fn read(mut from: impl Read) -> io::Result<Self> {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_REQUEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body)?;
        Self::decode(&body).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn decode(mut body: &[u8]) -> Option<Self> {
        let body = &mut body;
        let program = PathBuf::from(take(body)?);
        let cwd = PathBuf::from(take(body)?);
        let piped = body.split_off(..3)?;
        let piped = [piped[0] != 0, piped[1] != 0, piped[2] != 0];
        let umask = Some(take_number(body)?).filter(|mask| *mask != u32::MAX);
        let processes = take_number(body)?;
        let mut lists = [take_all(body)?, take_all(body)?, take_all(body)?].map(Vec::into_iter);
        let arg0 = lists[0].next();
        let mut env = Vec::with_capacity(lists[2].len() / 2);
        while let (Some(name), Some(value)) = (lists[2].next(), lists[2].next()) {
            env.push((name, value));
        }
        Some(Self { program, arg0, args: lists[1].by_ref().collect(), env, cwd, umask, processes, piped })
    }
}

fn put_number(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.extend_from_slice(bytes);
}

fn put_all<'a>(out: &mut Vec<u8>, strings: impl IntoIterator<Item = &'a OsString>) {
    let at = out.len();
    put_number(out, 0);
    let mut count: u32 = 0;
    for string in strings {
        put(out, string.as_bytes());
        count += 1;
    }
    out[at..at + 4].copy_from_slice(&count.to_le_bytes());
}

fn take_number(body: &mut &[u8]) -> Option<u32> {
    body.split_off(..4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
}

fn take(body: &mut &[u8]) -> Option<OsString> {
    let length = take_number(body)? as usize;
    body.split_off(..length).map(|bytes| OsString::from_vec(bytes.to_vec()))
}

fn take_all(body: &mut &[u8]) -> Option<Vec<OsString>> {
    let count = take_number(body)?;
    (0..count).map(|_| take(body)).collect()
}

/// What a guard tells its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Which of the zygote's guards this is; comes before `Spawned`.
    Guard { number: i32 },
    /// The program runs.
    Spawned { pid: i32 },
    /// It does not: the number of the operating system's error.
    Failed { errno: i32 },
    /// It returned this code.
    Returned { code: i32 },
    /// This signal ended it.
    Signalled { signal: i32 },
    /// It had more processes than this at once, which is its limit; all of it ends.
    Crowded { most: i32 },
    /// The tree is gone, but for this many processes that refused to be ended.
    Ended { left: i32 },
}

impl Report {
    /// Bytes of every report.
    pub(crate) const SIZE: usize = 5;

    pub(crate) fn encode(self) -> [u8; Self::SIZE] {
        let (tag, number) = match self {
            Self::Guard { number } => (b'G', number),
            Self::Spawned { pid } => (b'S', pid),
            Self::Failed { errno } => (b'F', errno),
            Self::Returned { code } => (b'R', code),
            Self::Signalled { signal } => (b'K', signal),
            Self::Crowded { most } => (b'C', most),
            Self::Ended { left } => (b'E', left),
        };
        tagged(tag, number.to_le_bytes())
    }

    pub(crate) fn decode([tag, number @ ..]: [u8; Self::SIZE]) -> Option<Self> {
        let number = i32::from_le_bytes(number);
        Some(match tag {
            b'G' => Self::Guard { number },
            b'S' => Self::Spawned { pid: number },
            b'F' => Self::Failed { errno: number },
            b'R' => Self::Returned { code: number },
            b'K' => Self::Signalled { signal: number },
            b'C' => Self::Crowded { most: number },
            b'E' => Self::Ended { left: number },
            _ => return None,
        })
    }
}

/// What a worker tells a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Send this signal to the program's process group.
    Signal { number: u32 },
    /// End the tree; after so many milliseconds without asking.
    End { grace_ms: u32 },
}

impl Order {
    /// Bytes of every order.
    pub(crate) const SIZE: usize = 5;

    pub(crate) fn encode(self) -> [u8; Self::SIZE] {
        match self {
            Self::Signal { number } => tagged(b'S', number.to_le_bytes()),
            Self::End { grace_ms } => tagged(b'E', grace_ms.to_le_bytes()),
        }
    }

    pub(crate) fn decode([tag, number @ ..]: [u8; Self::SIZE]) -> Option<Self> {
        let number = u32::from_le_bytes(number);
        match tag {
            b'S' => Some(Self::Signal { number }),
            b'E' => Some(Self::End { grace_ms: number }),
            _ => None,
        }
    }
}

fn tagged(tag: u8, [a, b, c, d]: [u8; 4]) -> [u8; 5] {
    [tag, a, b, c, d]
}

/// What a worker asks of its zygote: one byte, with descriptors.
pub(crate) mod ask {
    /// Fork a guard. Descriptors: the guard's end of its socket, then the program's.
    pub(crate) const SPAWN: u8 = b'S';
    /// End what a dead guard left behind. Descriptor: a socket in which the guard's number waits, and
    /// where [`DONE`] is written afterwards.
    pub(crate) const SWEEP: u8 = b'W';
    /// The worker is about to end in order: nobody is to be started in its place. No descriptor.
    pub(crate) const FAREWELL: u8 = b'F';
    /// The answer to [`SWEEP`].
    pub(crate) const DONE: u8 = b'D';
    /// More descriptors are in no request.
    pub(crate) const MAX_FDS: usize = 4;
}

/// Whether the kernel could take it: it ends strings at a NUL.
pub(crate) fn has_nul(path: &Path) -> bool {
    path.as_os_str().as_bytes().contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(bytes: &[u8]) -> OsString {
        OsString::from_vec(bytes.to_vec())
    }

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let request = Request {
            program: "/bin/\u{fc}".into(),
            arg0: Some(bytes(b"")),
            args: vec![bytes(b"\xff\xfe"), bytes(b""), bytes(b"a b\n'\"")],
            env: vec![(bytes(b"N\xc3"), bytes(b"\x80=\n")), (bytes(b"E"), bytes(b""))],
            cwd: "/".into(),
            umask: Some(0o27),
            processes: 512,
            piped: [true, false, true],
        };
        let encoded = request.encode();
        assert_eq!(Request::read(&encoded[..]).expect("decodes"), request);
        for cut in 0..encoded.len() {
            assert!(Request::read(&encoded[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn reports_and_orders_read_back() {
        for report in [
            Report::Guard { number: i32::MAX },
            Report::Spawned { pid: 7 },
            Report::Failed { errno: 2 },
            Report::Returned { code: -1 },
            Report::Signalled { signal: 9 },
            Report::Crowded { most: 512 },
            Report::Ended { left: 0 },
        ] {
            assert_eq!(Report::decode(report.encode()), Some(report));
        }
        for order in [Order::Signal { number: 15 }, Order::End { grace_ms: u32::MAX }] {
            assert_eq!(Order::decode(order.encode()), Some(order));
        }
        assert_eq!((Report::decode(*b"?0000"), Order::decode(*b"?0000")), (None, None));
    }
}
