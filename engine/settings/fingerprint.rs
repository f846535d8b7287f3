use crate::{error::Error, source::Source};
use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

/// A thousand executors fit; a file beyond it was not written by hand.
const LARGEST: u64 = 1 << 20;

/// What a file of the configuration looked like when it was read, so that a later look tells
/// whether to read it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The file.
    pub path: PathBuf,
    /// None where there was no file.
    pub(crate) seen: Option<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    len: u64,
    modified: Option<SystemTime>,
    /// A file that was replaced within the clock's resolution is another file.
    file: u64,
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok(), file: os::file_number(metadata) }
    }
}

impl Fingerprint {
    /// What the file looks like now.
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), seen: path.metadata().ok().as_ref().map(Seen::of) }
    }

    /// Whether the file was there.
    pub fn exists(&self) -> bool {
        self.seen.is_some()
    }

    /// Whether the file is another now, is gone, or has come.
    pub fn changed(&self) -> bool {
        self.path.metadata().ok().as_ref().map(Seen::of) != self.seen
    }
}

/// How long a file that was just emptied may take to be filled. A shell's `>` and many editors do the one before the
/// other, within a millisecond; what is read in between would be the settings of nobody. 100 ms: on a busy machine.
const FILLED: Duration = Duration::from_millis(100);

/// Reads the file at `path`, if there is one.
pub(crate) fn read(path: &Path) -> Result<(Option<Source>, Fingerprint), Error> {
    loop {
        let (source, seen) = read_once(path)?;
        let is_recent = |at: SystemTime| at.elapsed().is_ok_and(|age| age < FILLED);
        let emptied = seen.seen.as_ref().filter(|seen| seen.len == 0).and_then(|seen| seen.modified);
        if !emptied.is_some_and(is_recent) {
            return Ok((source, seen));
        }
        thread::sleep(FILLED / 20);
    }
}

fn read_once(path: &Path) -> Result<(Option<Source>, Fingerprint), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let absent = || (None, Fingerprint { path: path.to_owned(), seen: None });
    // Before opening: to open a pipe is to wait for its other end.
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(Error::NotAFile { path: path.to_owned() }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(absent()),
        Err(error) => return Err(failed(error)),
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(absent()),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        let found = metadata.len().max(bytes.len() as u64);
        return Err(Error::TooLarge { path: path.to_owned(), found, most: LARGEST });
    }
    let source = match String::from_utf8(bytes) {
        Ok(text) => Source::new(Some(path), text),
        Err(error) => return Err(not_text(path, &error)),
    };
    Ok((Some(source), Fingerprint { path: path.to_owned(), seen: Some(Seen::of(&metadata)) }))
}

fn not_text(path: &Path, error: &std::string::FromUtf8Error) -> Error {
    let at = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let source = Source::new(Some(path), text);
    // Up to there both texts are the same.
    let first = Box::new(source.problem(at..at + 1, None, "this is not UTF-8 text"));
    Error::Invalid { first, more: 0 }
}

#[cfg(unix)]
mod os {
    use std::{fs::Metadata, os::unix::fs::MetadataExt};

    pub(super) fn file_number(metadata: &Metadata) -> u64 {
        metadata.ino()
    }
}

#[cfg(not(unix))]
mod os {
    use std::fs::Metadata;

    pub(super) fn file_number(_: &Metadata) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn text(path: &Path) -> String {
        read(path).expect("read").0.expect("a file").text().to_owned()
    }

    #[test]
    fn a_file_that_was_emptied_to_be_filled_is_read_when_it_is_filled() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hob.toml");
        fs::write(&path, "").expect("emptied");
        let reader = thread::spawn({
            let path = path.clone();
            move || text(&path)
        });
        fs::write(&path, "max_background_tasks = 1\n").expect("filled");
        assert_eq!(reader.join().expect("it ends"), "max_background_tasks = 1\n");
    }

    #[test]
    fn a_file_that_stays_empty_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hob.toml");
        fs::write(&path, "").expect("emptied");
        assert_eq!(text(&path), "");
    }
}
