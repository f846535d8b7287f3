//! The write-ahead log as a file (section 4 of `SQLite`'s file format).
//!
//! `SQLite` takes the first frame that does not fit for the end of the log, as a power cut leaves one. So damage in
//! the middle would take every commit after it without a word. Here it is told apart by what comes after such a frame:
//! frames that fit to one another and have two commits. A power cut leaves one commit at most, for each is synced
//! before the next one is written. A process that dies with its commit written and not yet announced leaves one, too;
//! the next one writes over its beginning, and what is left does not fit to that.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// Bytes before the first frame.
const HEADER: usize = 32;
/// Bytes before the page of a frame.
const FRAME: usize = 24;
/// The last bit says in which order the bytes of a checksum are read.
const MAGIC: u32 = 0x377f_0682;

/// A log that has a header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    page_size: usize,
    is_big_endian: bool,
    salts: [u8; 8],
    sum: [u32; 2],
}

impl Head {
    /// Whether a frame of this log is whole, as one that comes after a frame with the sum `before`.
    fn follows(&self, before: [u32; 2], frame: &[u8]) -> bool {
        let found = sum(sum(before, &frame[..8], self.is_big_endian), &frame[FRAME..], self.is_big_endian);
        frame[8..16] == self.salts && found == stored(frame)
    }
}

/// The sum that a frame says it has.
fn stored(frame: &[u8]) -> [u32; 2] {
    [number(&frame[16..]), number(&frame[20..])]
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn sum(mut sum: [u32; 2], bytes: &[u8], is_big_endian: bool) -> [u32; 2] {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let word = |word| if is_big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
    for [first, second] in pairs {
        sum[0] = sum[0].wrapping_add(word(*first)).wrapping_add(sum[1]);
        sum[1] = sum[1].wrapping_add(word(*second)).wrapping_add(sum[0]);
    }
    sum
}

/// The header; none if there is no log, or one that was emptied. The error is what is wrong with it.
fn head(bytes: &[u8]) -> Result<Option<Head>, &'static str> {
    if bytes.len() < HEADER || bytes[..HEADER].iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let magic = number(bytes);
    let is_big_endian = magic & 1 == 1;
    let expected = [number(&bytes[24..]), number(&bytes[28..])];
    if magic & !1 != MAGIC || sum([0, 0], &bytes[..24], is_big_endian) != expected {
        return Err("the beginning of its write-ahead log is damaged");
    }
    let page_size = usize::try_from(number(&bytes[8..])).unwrap_or_default();
    let mut salts = [0; 8];
    salts.copy_from_slice(&bytes[16..24]);
    Ok(Some(Head { page_size, is_big_endian, salts, sum: expected }))
}

/// Reads as much as there is.
fn fill(file: &mut File, at: u64, bytes: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = 0;
    while read < bytes.len() {
        match file.read(&mut bytes[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

fn frame_at(index: u64, page_size: usize) -> u64 {
    HEADER as u64 + index * (FRAME + page_size) as u64
}

/// What is wrong with a log of which `SQLite` reads so many frames; nothing if it is whole.
pub(crate) fn damage(path: &Path, known: u64) -> io::Result<Option<&'static str>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = [0; HEADER];
    let read = fill(&mut file, 0, &mut bytes)?;
    let head = match head(&bytes[..read]) {
        Ok(Some(head)) => head,
        Ok(None) => return Ok(None),
        Err(why) => return Ok(Some(why)),
    };
    let mut frame = vec![0; FRAME + head.page_size];
    let mut before = head.sum;
    if let Some(last) = known.checked_sub(1) {
        fill(&mut file, frame_at(last, head.page_size), &mut frame[..FRAME])?;
        before = stored(&frame);
    }
    let (mut is_cut_off, mut commits) = (false, 0);
    for index in known.. {
        if fill(&mut file, frame_at(index, head.page_size), &mut frame)? < frame.len() {
            break;
        }
        if !head.follows(before, &frame) {
            (is_cut_off, commits) = (true, 0);
        } else if is_cut_off && number(&frame[4..]) != 0 {
            commits += 1;
        }
        if commits > 1 {
            return Ok(Some("its write-ahead log is damaged, and commits that come after that cannot be read"));
        }
        before = stored(&frame);
    }
    Ok(None)
}

/// The pages of a log, each as its last whole frame has it: what comes after a damaged frame, too.
#[derive(Debug, Default)]
pub(crate) struct Log {
    file: Option<File>,
    page_size: usize,
    /// Of each page: where it is in the file.
    pages: HashMap<u32, u64>,
}

impl Log {
    /// Reads which pages are in it; an empty log if it has none that is whole.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file?,
        };
        let mut bytes = [0; HEADER];
        let read = fill(&mut file, 0, &mut bytes)?;
        let Ok(Some(head)) = head(&bytes[..read]) else { return Ok(Self::default()) };
        let mut log = Self { file: None, page_size: head.page_size, pages: HashMap::new() };
        let mut frame = vec![0; FRAME + head.page_size];
        let (mut before, mut begun) = (head.sum, Vec::new());
        for index in 0.. {
            let at = frame_at(index, head.page_size);
            if fill(&mut file, at, &mut frame)? < frame.len() {
                break;
            }
            let is_whole = head.follows(before, &frame);
            // The sum of a damaged frame still says from where that of the next one goes on.
            before = stored(&frame);
            if !is_whole {
                continue;
            }
            begun.push((number(&frame), at + FRAME as u64));
            if number(&frame[4..]) != 0 {
                log.pages.extend(begun.drain(..));
            }
        }
        log.file = Some(file);
        Ok(log)
    }

    /// The size of its pages; none if there are none.
    pub(crate) fn page_size(&self) -> Option<usize> {
        (!self.pages.is_empty()).then_some(self.page_size)
    }

    /// The number of the last page that it has; 0 if it has none.
    pub(crate) fn last(&self) -> u32 {
        self.pages.keys().copied().max().unwrap_or_default()
    }

    /// Reads a page over what is in `page`; whether it has that one.
    pub(crate) fn page(&mut self, number: u32, page: &mut [u8]) -> io::Result<bool> {
        let (Some(at), Some(file)) = (self.pages.get(&number), &mut self.file) else { return Ok(false) };
        Ok(fill(file, *at, page)? == page.len())
    }
}
