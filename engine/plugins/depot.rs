//! The folder of accepted components, each by its digest.

use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("keep components in {}: {source}", folder.display())]
pub struct DepotError {
    folder: PathBuf,
    source: io::Error,
}

/// A component that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file.
    pub path: PathBuf,
    /// Hexadecimal SHA-256.
    pub sha256: String,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// What has become of a component that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what it was.
    Whole,
    /// Its file is gone.
    Gone,
    /// Its file has other bytes, with this digest.
    Changed(String),
}

/// The folder of accepted components.
#[derive(Clone, Debug)]
pub struct Depot {
    folder: PathBuf,
}

/// Held by whoever changes what was accepted; ends with its life.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock is the open file's")] File);

impl Depot {
    /// The one in hob's folder `state`.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("components") }
    }

    /// Where the component with that digest is, if it is kept.
    pub fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.wasm"))
    }

    /// Waits until nobody else changes what was accepted.
    pub fn hold(&self) -> Result<Held, DepotError> {
        self.make().map_err(|source| self.error(source))?;
        let held = || {
            let file = private().create(true).truncate(false).write(true).open(self.folder.join("lock"))?;
            file.lock()?;
            Ok(Held(file))
        };
        held().map_err(|source| self.error(source))
    }

    /// A file to write a new component to.
    pub(crate) fn draft(&self) -> Result<Draft, DepotError> {
        let file = self.make().and_then(|()| tempfile::Builder::new().prefix(".new-").tempfile_in(&self.folder));
        Ok(Draft { file: file.map_err(|source| self.error(source))?, digest: Sha256::new(), length: 0 })
    }

    /// Keeps what was written. A file that is there with the same bytes stays.
    pub(crate) fn keep(&self, draft: Draft) -> Result<Kept, DepotError> {
        let sha256 = hex(&draft.digest.finalize());
        let path = self.path(&sha256);
        let is_new = self.state(&sha256).map_err(|source| self.error(source))? != State::Whole;
        let written = || {
            if is_new {
                draft.file.as_file().sync_all()?;
                draft.file.persist(&path)?;
            }
            Ok(())
        };
        written().map_err(|source| self.error(source))?;
        Ok(Kept { path, sha256, is_new })
    }

    /// What has become of the component with that digest.
    pub fn state(&self, sha256: &str) -> io::Result<State> {
        let mut file = match File::open(self.path(sha256)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Gone),
            Err(error) => return Err(error),
        };
        let mut digest = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk)? {
                0 => break,
                read => digest.update(&chunk[..read]),
            }
        }
        let actual = hex(&digest.finalize());
        Ok(if actual == sha256 { State::Whole } else { State::Changed(actual) })
    }

    /// Forgets the component with that digest.
    pub fn discard(&self, sha256: &str) -> Result<(), DepotError> {
        match fs::remove_file(self.path(sha256)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error(error)),
            _ => Ok(()),
        }
    }

    fn make(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.folder)
    }

    fn error(&self, source: io::Error) -> DepotError {
        DepotError { folder: self.folder.clone(), source }
    }
}

/// A component that is being written. Dropped, nothing of it remains.
pub(crate) struct Draft {
    file: NamedTempFile,
    digest: Sha256,
    length: u64,
}

impl Draft {
    /// Adds bytes; how many there are now.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.file.write_all(bytes)?;
        self.digest.update(bytes);
        self.length += bytes.len() as u64;
        Ok(self.length)
    }

    /// Hexadecimal SHA-256 of what there is.
    pub(crate) fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }
}

/// How a file is made that nobody else may read.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
