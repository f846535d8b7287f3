//! What `hob` commands do to the files below a folder, recorded by strace.

use crate::sandbox::{Ran, Sandbox};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

/// The calls that change files or bring them to the disk; on some machines some of them do not exist.
const CALLS: &str = "openat,?mkdir,?mkdirat,?rename,?renameat,?renameat2,?unlink,?unlinkat,pwrite64,write,lseek,\
    ftruncate,fdatasync,fsync";

/// One thing done.
#[derive(Debug)]
pub enum Step {
    /// A file was made, unless it was there.
    Create(PathBuf),
    Folder(PathBuf),
    Write(PathBuf, u64, Vec<u8>),
    Resize(PathBuf, u64),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    /// What was written before has to be on the disk when the sync of that number has ended.
    SyncBegins(u64, PathBuf),
    SyncEnds(u64),
    /// A command ended with success.
    Done(usize),
}

/// Steps of several commands, one after the other.
#[derive(Default)]
pub struct Recording {
    pub steps: Vec<Step>,
    commands: usize,
    syncs: u64,
    /// The syncs that each process is at, and the half of the line of another call that did not end at once.
    open: BTreeMap<String, (Option<u64>, String)>,
    positions: BTreeMap<PathBuf, u64>,
}

impl Recording {
    /// Runs a command that has to succeed, and notes what it does below `folder`.
    #[track_caller]
    pub fn run(&mut self, sandbox: &Sandbox, folder: &Path, args: &[&str]) {
        let log = sandbox.work().join("strace.log");
        let mut strace = sandbox.command("strace");
        // Every text in hexadecimal, and whole.
        strace.args(["-f", "-qq", "-y", "-xx", "-s", "16777216", "-e", &format!("trace={CALLS}"), "-o"]).arg(&log);
        let output = strace.arg(env!("CARGO_BIN_EXE_hob")).args(args).output().expect("strace starts");
        Ran::of(&output).succeeded();
        for line in fs::read_to_string(&log).expect("strace's log").lines() {
            self.line(line, folder);
        }
        self.steps.push(Step::Done(self.commands));
        self.commands += 1;
    }

    fn line(&mut self, line: &str, folder: &Path) {
        let Some((process, text)) = line.split_once(' ') else { return };
        let text = text.trim_start();
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            let sync = self.sync_begins(begun, folder);
            self.open.insert(process.to_owned(), (sync, begun.to_owned()));
        } else if let Some(rest) = text.strip_prefix("<... ") {
            let Some((sync, begun)) = self.open.remove(process) else { return };
            let rest = rest.split_once("resumed>").map_or("", |(_, rest)| rest);
            self.ended(sync, &format!("{begun}{rest}"), folder);
        } else {
            let sync = self.sync_begins(text, folder);
            self.ended(sync, text, folder);
        }
    }

    fn sync_begins(&mut self, call: &str, folder: &Path) -> Option<u64> {
        let is_sync = call.starts_with("fsync(") || call.starts_with("fdatasync(");
        let path = texts(call, '<', '>').into_iter().next().filter(|path| is_sync && path.starts_with(folder))?;
        self.syncs += 1;
        self.steps.push(Step::SyncBegins(self.syncs, path));
        Some(self.syncs)
    }

    fn ended(&mut self, sync: Option<u64>, call: &str, folder: &Path) {
        let Some((call, result)) = call.rsplit_once(" = ") else { return };
        if result.starts_with('-') {
            return;
        }
        if let Some(sync) = sync {
            return self.steps.push(Step::SyncEnds(sync));
        }
        let Some((name, words)) = call.split_once('(') else { return };
        let (mut named, mut opened) = (texts(words, '"', '"').into_iter(), texts(words, '<', '>').into_iter());
        let (named, opened) = ((named.next(), named.next()), opened.next());
        let ours = |path: &PathBuf| path.starts_with(folder);
        let number =
            || words.trim_end().trim_end_matches(')').rsplit_once(", ").and_then(|(_, number)| number.parse().ok());
        match (name, named, opened) {
            ("openat", (Some(path), _), _) if ours(&path) && words.contains("O_CREAT") => {
                self.positions.insert(path.clone(), 0);
                self.steps.push(Step::Create(path.clone()));
                if words.contains("O_TRUNC") {
                    self.steps.push(Step::Resize(path, 0));
                }
            }
            ("mkdir" | "mkdirat", (Some(path), _), _) if ours(&path) => self.steps.push(Step::Folder(path)),
            ("rename" | "renameat" | "renameat2", (Some(from), Some(to)), _) if ours(&from) => {
                self.steps.push(Step::Rename(from, to));
            }
            ("unlink" | "unlinkat", (Some(path), _), _) if ours(&path) => self.steps.push(Step::Remove(path)),
            ("ftruncate", _, Some(path)) if ours(&path) => {
                self.steps.push(Step::Resize(path, number().expect("a size")));
            }
            ("lseek", _, Some(path)) if ours(&path) => {
                self.positions.insert(path, result.trim().parse().expect("a position"));
            }
            ("pwrite64", (Some(bytes), _), Some(path)) if ours(&path) => {
                self.steps.push(Step::Write(path, number().expect("an offset"), bytes.into_os_string().into_vec()));
            }
            ("write", (Some(bytes), _), Some(path)) if ours(&path) => {
                let bytes = bytes.into_os_string().into_vec();
                let position = self.positions.entry(path.clone()).or_default();
                let at = *position;
                *position += bytes.len() as u64;
                self.steps.push(Step::Write(path, at, bytes));
            }
            _ => {}
        }
    }
}

/// The texts in hexadecimal between such marks.
fn texts(words: &str, open: char, close: char) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut rest = words;
    while let Some((_, inside)) = rest.split_once(open) {
        let Some((text, after)) = inside.split_once(close) else { break };
        let bytes = text.split("\\x").skip(1).map(|pair| u8::from_str_radix(pair, 16));
        if let Ok(bytes) = bytes.collect::<Result<Vec<u8>, _>>() {
            found.push(PathBuf::from(std::ffi::OsString::from_vec(bytes)));
        }
        rest = after;
    }
    found
}
