//! The rows that are in the pages of a database file, whatever became of the pages that lead to them (sections 1.5 and
//! 2.1 of `SQLite`'s file format). Nothing here is trusted: a page that is damaged yields less, and that is all.

use rusqlite::types::Value;
use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// A leaf page of a table.
const LEAF: u8 = 0x0d;
/// Columns that a row may have: more than any table of ours.
const COLUMNS: usize = 64;
/// Bytes of a row: more than the parameters or the answer of any task may have.
const LARGEST: usize = 1 << 30;

/// A database as a file without a log.
pub(super) struct Pages {
    file: File,
    size: usize,
    count: u32,
}

impl Pages {
    pub(super) fn open(path: &Path, size: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let count = u32::try_from(file.metadata()?.len() / size as u64).unwrap_or(u32::MAX);
        Ok(Self { file, size, count })
    }

    fn page(&mut self, number: u32) -> io::Result<Vec<u8>> {
        let mut page = vec![0; self.size];
        self.file.seek(SeekFrom::Start(u64::from(number - 1) * self.size as u64))?;
        self.file.read_exact(&mut page)?;
        Ok(page)
    }

    /// Hands every row of every table to `take`: its number and its columns.
    pub(super) fn rows<E: From<io::Error>>(
        &mut self,
        mut take: impl FnMut(i64, Vec<Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        for number in 1..=self.count {
            let page = self.page(number)?;
            // The first page begins with the header of the file.
            let start = if number == 1 { 100 } else { 0 };
            if page.get(start) != Some(&LEAF) {
                continue;
            }
            let cells = usize::from(short(&page, start + 3).unwrap_or_default());
            for cell in 0..cells {
                let Some(at) = short(&page, start + 8 + 2 * cell) else { break };
                if let Some((row, payload)) = self.cell(&page, usize::from(at))
                    && let Some(columns) = columns(&payload)
                {
                    take(row, columns)?;
                }
            }
        }
        Ok(())
    }

    /// The number of a row and its bytes.
    fn cell(&mut self, page: &[u8], at: usize) -> Option<(i64, Vec<u8>)> {
        let mut rest = page.get(at..)?;
        let length = usize::try_from(variable(&mut rest)?).ok().filter(|length| *length <= LARGEST)?;
        let row = variable(&mut rest)?;
        let usable = self.size;
        let most = usable - 35;
        if length <= most {
            return Some((row, rest.get(..length)?.to_vec()));
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (usable - 4);
        let here = if fitting <= most { fitting } else { least };
        let mut payload = rest.get(..here)?.to_vec();
        let mut next = long(rest, here)?;
        while payload.len() < length {
            if next == 0 || next > self.count {
                return None;
            }
            let page = self.page(next).ok()?;
            let part = (length - payload.len()).min(usable - 4);
            payload.extend_from_slice(page.get(4..4 + part)?);
            next = long(&page, 0)?;
        }
        Some((row, payload))
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A number of one to nine bytes.
fn variable(bytes: &mut &[u8]) -> Option<i64> {
    let mut value: u64 = 0;
    for index in 0..9 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if index == 8 {
            return Some((value << 8 | u64::from(*byte)).cast_signed());
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value.cast_signed());
        }
    }
    None
}

/// The columns of a row; none if its bytes are none.
fn columns(payload: &[u8]) -> Option<Vec<Value>> {
    let mut rest = payload;
    let length = usize::try_from(variable(&mut rest)?).ok()?;
    let mut body = payload.get(length..)?;
    let mut kinds = payload.get(payload.len() - rest.len()..length)?;
    let mut columns = Vec::new();
    while !kinds.is_empty() {
        let kind = variable(&mut kinds)?;
        columns.push(value(kind, &mut body)?);
        if columns.len() > COLUMNS {
            return None;
        }
    }
    Some(columns)
}

fn value(kind: i64, body: &mut &[u8]) -> Option<Value> {
    let mut take = |length: usize| {
        let (taken, rest) = body.split_at_checked(length)?;
        *body = rest;
        Some(taken)
    };
    let mut number = |length: usize| {
        let bytes = take(length)?;
        let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1_i64 };
        Some(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
    };
    Some(match kind {
        0 => Value::Null,
        1..=4 => Value::Integer(number(usize::try_from(kind).ok()?)?),
        5 => Value::Integer(number(6)?),
        6 => Value::Integer(number(8)?),
        7 => Value::Real(f64::from_bits(number(8)?.cast_unsigned())),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        12.. => {
            let bytes = take(usize::try_from((kind - 12) / 2).ok()?)?.to_vec();
            if kind % 2 == 0 { Value::Blob(bytes) } else { Value::Text(String::from_utf8(bytes).ok()?) }
        }
        _ => return None,
    })
}
