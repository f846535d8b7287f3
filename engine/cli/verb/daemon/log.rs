//! `hob daemon log`: the lines that are kept, the rotated ones before the present ones.

use crate::{
    captured::Screen,
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    logging, render,
};
use serde_json::json;
use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::Duration,
};

/// How often somebody who follows looks for more: whoever writes a log rings no bell.
const LOOK: Duration = Duration::from_millis(200);
/// Bytes read at a time while following.
const BLOCK: u64 = 1 << 20;

#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob daemon log --tail 20
  hob daemon log --tail 0 --follow
  HOB_LOG=debug hob daemon start     a daemon that says more

The log names tasks, executors and workers; it has no parameters, no environment and no output of tasks in it.")]
pub struct Arguments {
    /// Only the last N lines.
    #[arg(long, value_name = "N")]
    tail: Option<usize>,
    /// Go on with what comes, until ctrl-c.
    #[arg(long)]
    follow: bool,
    /// Print a line of JSON for each: when, level, which part of hob, what.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let path = logging::log_path(&context.places);
    let old = match fs::read(logging::rotated(&path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let (new, mut place) = Place::begin(&path)?;
    if place.file.is_none() && old.is_empty() && !arguments.follow {
        return Err(CommandError::not_found(format!("there is no log yet: {} is not there", path.display()))
            .hint("the first task starts the daemon, and so does: hob daemon start"));
    }
    let mut printer = Printer { screen: Screen::stdout(false), as_json: arguments.json, partial: Vec::new() };
    let all = [old, new].concat();
    printer.take(last_lines(&all, arguments.tail))?;
    if !arguments.follow {
        printer.finish()?;
        return Ok(Exit::Ok);
    }
    loop {
        let more = place.more(&path)?;
        if more.is_empty() {
            thread::sleep(LOOK);
        }
        printer.take(&more)?;
    }
}

/// How far the present file was read.
struct Place {
    file: Option<File>,
    offset: u64,
}

impl Place {
    fn begin(path: &Path) -> io::Result<(Vec<u8>, Self)> {
        let mut place = Self { file: None, offset: 0 };
        let bytes = place.read(path, u64::MAX)?;
        Ok((bytes, place))
    }

    /// What was written since, to the end of a file that was rotated away before its successor is begun.
    fn more(&mut self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.read(path, BLOCK)?;
        if bytes.is_empty()
            && let (Some(file), Ok(present)) = (&self.file, fs::metadata(path))
            && file.metadata()?.ino() != present.ino()
        {
            // Nobody writes to the old one any more.
            let rest = self.read(path, BLOCK)?;
            if rest.is_empty() {
                *self = Self { file: None, offset: 0 };
                return self.read(path, BLOCK);
            }
            return Ok(rest);
        }
        Ok(bytes)
    }

    fn read(&mut self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        if self.file.is_none() {
            self.file = match File::open(path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(self.offset))?;
            file.take(most).read_to_end(&mut bytes)?;
            self.offset += bytes.len() as u64;
        }
        Ok(bytes)
    }
}

/// The last `lines` lines, or all.
fn last_lines(bytes: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else { return bytes };
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    match lines.checked_sub(1) {
        None => &[],
        Some(before) => &bytes[ends.nth(before).unwrap_or(0)..],
    }
}

struct Printer<W> {
    screen: Screen<W>,
    as_json: bool,
    /// Of a line that has no end yet.
    partial: Vec<u8>,
}

impl<W: Write> Printer<W> {
    fn take(&mut self, bytes: &[u8]) -> CommandResult<()> {
        if !self.as_json {
            return if bytes.is_empty() { Ok(()) } else { self.screen.write(bytes) };
        }
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            self.print(&line[..end])?;
        }
        Ok(())
    }

    fn print(&mut self, line: &[u8]) -> CommandResult<()> {
        let line = String::from_utf8_lossy(line);
        let Parts { at, level, target, message } = Parts::of(&line);
        let mut text = Vec::new();
        render::write_json(&mut text, &json!({ "at": at, "level": level, "target": target, "message": message }))?;
        self.screen.write(&text)
    }

    fn finish(mut self) -> CommandResult<()> {
        if !self.partial.is_empty() {
            let rest = std::mem::take(&mut self.partial);
            self.print(&rest)?;
        }
        self.screen.finish()
    }
}

/// A line of the log; of one that goes on what stands before it, only the message.
struct Parts<'a> {
    at: Option<&'a str>,
    level: Option<String>,
    target: Option<&'a str>,
    message: &'a str,
}

impl<'a> Parts<'a> {
    fn of(line: &'a str) -> Self {
        let parse = || {
            let (at, rest) = line.split_once(' ')?;
            let (level, rest) = rest.trim_start().split_once(' ')?;
            let (target, message) = rest.split_once(": ")?;
            let is_level = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level);
            (at.ends_with('Z') && is_level).then(|| Self {
                at: Some(at),
                level: Some(level.to_ascii_lowercase()),
                target: Some(target),
                message,
            })
        };
        parse().unwrap_or(Self { at: None, level: None, target: None, message: line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines() {
        let text = "one\ntwo\n\nfour\n";
        for (lines, expect) in
            [(None, text), (Some(0), ""), (Some(1), "four\n"), (Some(2), "\nfour\n"), (Some(4), text), (Some(9), text)]
        {
            assert_eq!(last_lines(text.as_bytes(), lines), expect.as_bytes(), "{lines:?}");
        }
        assert_eq!(last_lines(b"one\ntwo", Some(1)), b"two");
        assert_eq!(last_lines(b"", Some(3)), b"");
    }

    #[test]
    fn the_parts_of_a_line() {
        let line = "2026-11-21T09:51:00.123456Z  WARN hob_cli::wire: the configuration: no";
        let Parts { at, level, target, message } = Parts::of(line);
        assert_eq!(at, Some("2026-11-21T09:51:00.123456Z"));
        assert_eq!((level.as_deref(), target, message), (Some("warn"), Some("hob_cli::wire"), "the configuration: no"));
        for line in ["", "thread 'x' panicked at engine: y", "  | 1 = \"x\""] {
            assert_eq!((Parts::of(line).at, Parts::of(line).message), (None, line));
        }
    }

    #[test]
    fn a_follower_goes_over_to_the_next_file_when_the_first_is_read_to_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("daemon.log");
        let (first, mut place) = Place::begin(&path).expect("looks");
        assert!(first.is_empty() && place.more(&path).expect("looks").is_empty());
        fs::write(&path, "one\n").expect("written");
        assert_eq!(place.more(&path).expect("reads"), b"one\n");
        fs::write(&path, "one\ntwo\n").expect("written");
        fs::rename(&path, logging::rotated(&path)).expect("rotated");
        fs::write(&path, "three\n").expect("written");
        assert_eq!(place.more(&path).expect("reads"), b"two\n");
        assert_eq!(place.more(&path).expect("reads"), b"three\n");
        assert_eq!(place.more(&path).expect("reads"), b"");
    }
}
