//! What can still be read of a damaged database, as a new one.
//!
//! The damaged files are only read. Rows are taken from their pages one by one, without the pages that lead to them and
//! without the indexes, so that a damaged page costs what is in it and nothing else.

mod found;
mod pages;
mod rebuild;

use crate::{
    backup::{self, DATABASE, Unfinished},
    error::{Error, Result},
    open::Files,
    output::{self, How},
    query::Counts,
    schema::{self, MIGRATIONS},
    transaction::View,
    wal::Log,
};
use found::Found;
use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

/// The damaged database, with its log in it, while it is read.
const DAMAGED: &str = "damaged.db";
/// The size of a page where nothing says it.
const PAGE: usize = 4_096;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// How many tasks.
    pub counts: Counts,
    /// How many tasks there were, where that can still be read.
    pub were: Option<u64>,
    /// Ended tasks whose result is lost.
    pub without_result: u64,
    /// Tasks that had not ended and cannot run any more, because what they need to is lost: they are cancelled.
    pub cancelled: u64,
    /// Groups of which too much is lost: their tasks are there and belong to none.
    pub groups_lost: u64,
    /// Files of output, and folders of artifacts.
    pub outputs: u64,
}

/// Writes what can be read of the database of a state folder into a new folder, in the form of a backup. The folder is
/// there when it is whole, and not before.
pub fn salvage(state: &Path, target: &Path) -> Result<Salvaged> {
    let unfinished = Unfinished::begin(target, false)?;
    match fill(&Files::of(state), &unfinished.folder) {
        Ok(salvaged) => unfinished.finish().map(|()| salvaged),
        Err(error) => {
            unfinished.drop_it();
            Err(error)
        }
    }
}

fn fill(files: &Files, folder: &Path) -> Result<Salvaged> {
    let damaged = folder.join(DAMAGED);
    let page_size = merge(files, &damaged).map_err(|error| Error::folder(&files.database, &error))?;
    let mut database = backup::new_database(&folder.join(DATABASE))?;
    schema::migrate(&mut database, MIGRATIONS)?;
    let found = Found::gather(&database, &damaged, page_size)?;
    let mut salvaged = rebuild::rebuild(&database, &found)?;
    found.forget()?;
    let view = View::new(&database);
    let problems = view.check()?;
    if !problems.is_empty() {
        return Err(Error::internal(format!("what was salvaged does not fit: {}", problems.join("; "))));
    }
    salvaged.counts = view.counts()?;
    salvaged.outputs = output::carry(&database, &files.folder, folder, How::Linked)?.count;
    backup::close(database)?;
    std::fs::remove_file(&damaged).map_err(|error| Error::folder(&damaged, &error))?;
    Ok(salvaged)
}

/// Writes the database with the pages of its log over its own into one file; the size of a page.
fn merge(files: &Files, to: &Path) -> io::Result<usize> {
    let mut log = Log::read(&files.log)?;
    let mut source = match File::open(&files.database) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut header = [0; 18];
    let has_header = source.as_mut().is_some_and(|file| file.read_exact(&mut header).is_ok());
    let said = usize::from(u16::from_be_bytes([header[16], header[17]]));
    let said = Some(said).filter(|size| has_header && size.is_power_of_two() && *size >= 512);
    let size = log.page_size().or(said).unwrap_or(PAGE);
    let length = source.as_ref().map_or(Ok(0), |file| file.metadata().map(|data| data.len()))?;
    let own = u32::try_from(length / size as u64).unwrap_or(u32::MAX);
    let mut target = BufWriter::new(crate::os::private().create_new(true).write(true).open(to)?);
    let mut page = vec![0; size];
    for number in 1..=own.max(log.last()) {
        page.fill(0);
        if !log.page(number, &mut page)?
            && number <= own
            && let Some(file) = &mut source
        {
            file.seek(SeekFrom::Start(u64::from(number - 1) * size as u64))?;
            file.read_exact(&mut page)?;
        }
        if number == 1 {
            // It has no log of its own any more.
            page[18..20].fill(1);
        }
        target.write_all(&page)?;
    }
    target.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(size)
}
