//! A program from its start to its end, read while it runs.

use crate::{answer::Answer, format::Format};
use hob_plugin::{
    Context,
    io::{self, Reader, Waitable},
    process::{Child, Command, ExitStatus, SpawnError, Stdio},
};

/// Bytes of one read: a Linux pipe.
const READ: u32 = 64 << 10;
/// What is kept of stderr. 16 KiB: what the engine keeps of a failure's trace.
const STDERR: usize = 16 << 10;
/// Longest line of JSON. 16 MiB: a tool's whole result; what is longer is no answer, and is skipped.
const LINE: usize = 16 << 20;
/// Longest answer in plain text. 32 MiB: nobody reads a tenth of it.
const TEXT: u32 = 32 << 20;

/// What is to be called.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    pub program: String,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub stdin: Option<String>,
}

/// What came of it.
pub struct Ran {
    pub status: ExitStatus,
    pub answer: Answer,
    /// The end of what it printed on stderr.
    pub stderr: String,
}

/// Calls a program; what it says on the way becomes the task's progress.
pub fn call(call: &Call, format: Format, context: Context) -> Result<Ran, SpawnError> {
    let mut command = Command::new(&call.program).args(&call.args).stdout(Stdio::Pipe).stderr(Stdio::Pipe);
    for (name, value) in &call.env {
        command = command.env(name, value);
    }
    if let Some(stdin) = &call.stdin {
        command = command.input(stdin.as_str());
    }
    let Some(mut reader) = format.reader() else {
        // One that prints while it still reads would block on its output, were it not read meanwhile.
        let output = command.max_bytes(TEXT).output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let stderr = last_text(&output.stderr);
        return Ok(Ran { status: output.status, answer: Answer { text, ..Answer::default() }, stderr });
    };
    let child = command.spawn()?;
    let mut lines = Lines::default();
    let (status, stderr) = watch(&child, context, |bytes| {
        lines.take(bytes, |line| {
            if let Some(progress) = reader.line(line) {
                context.progress(&progress);
            }
        });
    });
    lines.rest(|line| drop(reader.line(line)));
    Ok(Ran { status, answer: reader.answer(), stderr })
}

/// Reads both streams until the program has ended and nothing is left in them.
fn watch(child: &Child, context: Context, mut stdout: impl FnMut(&[u8])) -> (ExitStatus, String) {
    let (mut out, mut err) = (child.take_stdout(), child.take_stderr());
    let cancelled = context.cancelled();
    let mut exited = Some(child.exited());
    let mut tail = Vec::new();
    while out.is_some() || err.is_some() {
        let ready = [out.as_ref().map(Reader::ready), err.as_ref().map(Reader::ready)];
        let waits: Vec<_> = ready.iter().flatten().chain(&exited).chain([&cancelled]).collect();
        // An error is the cancellation, which ends the tree and with it both streams.
        if io::wait(&waits, None).is_err() || cancelled.is_ready() {
            break;
        }
        if ready[0].as_ref().is_some_and(Waitable::is_ready) && !read(&mut out, &mut stdout) {
            out = None;
        }
        if ready[1].as_ref().is_some_and(Waitable::is_ready) && !read(&mut err, |bytes| keep_end(&mut tail, bytes)) {
            err = None;
        }
        if exited.as_ref().is_some_and(Waitable::is_ready) {
            exited = None;
            // Ends what it left running, so that the streams end as well.
            child.wait();
        }
    }
    (child.wait(), last_text(&tail))
}

/// Whether there may be more.
fn read(reader: &mut Option<Reader>, mut take: impl FnMut(&[u8])) -> bool {
    match reader.as_ref().map(|reader| reader.read_some(READ)) {
        Some(Ok(Some(bytes))) => {
            take(&bytes);
            true
        }
        _ => false,
    }
}

fn keep_end(tail: &mut Vec<u8>, bytes: &[u8]) {
    tail.extend_from_slice(bytes);
    let surplus = tail.len().saturating_sub(STDERR);
    tail.drain(..surplus);
}

fn last_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(STDERR)..]).into_owned()
}

/// Cuts a stream into lines.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    is_skipping: bool,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.partial.len() + piece.len() > LINE {
                self.is_skipping = true;
                self.partial.clear();
            }
            if !self.is_skipping {
                self.partial.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.rest(&mut line);
            }
        }
    }

    fn rest(&mut self, mut line: impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.partial);
        if !text.trim().is_empty() {
            line(text.trim());
        }
        self.partial.clear();
        self.is_skipping = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wherever_the_pieces_end() {
        let text = "one\n\n{\"two\": \"é\"}\r\nthree".as_bytes();
        for size in 1..text.len() {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for piece in text.chunks(size) {
                lines.take(piece, |line| seen.push(line.to_owned()));
            }
            lines.rest(|line| seen.push(line.to_owned()));
            assert_eq!(seen, ["one", "{\"two\": \"é\"}", "three"]);
        }
    }

    #[test]
    fn a_line_without_end_is_skipped_and_the_next_is_not() {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        let long = vec![b'x'; 1 << 20];
        for _ in 0..20 {
            lines.take(&long, |line| seen.push(line.to_owned()));
        }
        lines.take(b"\nnext\n", |line| seen.push(line.to_owned()));
        assert_eq!(seen, ["next"]);
    }

    #[test]
    fn the_end_of_a_stream_is_kept() {
        let mut tail = Vec::new();
        for _ in 0..STDERR {
            keep_end(&mut tail, b"abc");
        }
        assert_eq!(tail.len(), STDERR);
        assert!(tail.ends_with(b"abc"));
    }
}
