//! What is kept of an admitted file, and what the child process reports.

use crate::{contract::Refusal, engine, os};
use hob_core::CONTRACT_VERSION;
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The form of a record. Another form is no record: the file is looked at again.
const FORMAT: u32 = 1;
/// Bytes of a record that are read. 4 MiB: four times the largest description.
const LARGEST: u64 = 4 << 20;

/// A file that was admitted, and its state then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    contract: String,
    /// The file, or `builtin:NAME`.
    pub(crate) component: String,
    /// Bytes of the path, so that one that is not text is not taken for another.
    path: Vec<u8>,
    pub(crate) fingerprint: [u64; 3],
    pub(crate) digest: String,
    /// The text that `describe` returned.
    pub(crate) description: String,
}

/// What the child process found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Report {
    Admitted(Record),
    Refused(Refusal),
    Failed(String),
}

impl Record {
    pub(crate) fn new(path: &Path, fingerprint: [u64; 3], digest: String, description: String) -> Self {
        Self {
            format: FORMAT,
            contract: CONTRACT_VERSION.to_owned(),
            component: path.display().to_string(),
            path: path.as_os_str().as_encoded_bytes().to_vec(),
            fingerprint,
            digest,
            description,
        }
    }

    /// The record of the file in exactly this state, if there is one.
    pub(crate) fn read(cache: &Path, path: &Path, fingerprint: [u64; 3]) -> Option<Self> {
        let folder = cache.join("admitted");
        if !std::fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir() && os::is_ours_alone(&metadata)) {
            return None;
        }
        let file = file_of(cache, path.as_os_str().as_encoded_bytes());
        if std::fs::metadata(&file).ok()?.len() > LARGEST {
            return None;
        }
        let record: Self = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
        let fits = record.format == FORMAT
            && record.contract == CONTRACT_VERSION
            && record.path == path.as_os_str().as_encoded_bytes()
            && record.fingerprint == fingerprint;
        fits.then_some(record)
    }

    pub(crate) fn write(&self, cache: &Path) -> io::Result<()> {
        let folder = cache.join("admitted");
        os::create_private(&folder)?;
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(&folder)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.persist(file_of(cache, &self.path))?;
        Ok(())
    }
}

fn file_of(cache: &Path, path: &[u8]) -> PathBuf {
    cache.join("admitted").join(format!("{}.json", &engine::digest(path)[..32]))
}
