//! Files, and the folders of projects.

use super::{Fetched, Receiving, SourceError};
use crate::{
    depot::{Depot, Kept},
    manifest::Manifest,
};
use std::{
    fs::{self, Metadata},
    io::{self, Read as _},
    path::Path,
};

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;

pub(super) fn fetch(path: &Path, depot: &Depot, limit: u64, expected: Option<&str>) -> Result<Fetched, SourceError> {
    let found = look(path)?.ok_or_else(|| SourceError::Missing(path.to_owned()))?;
    if found.is_file() {
        return Ok(Fetched { kept: copy(path, depot, limit, expected)?, name: None });
    }
    if !found.is_dir() {
        return Err(SourceError::NotAFile(path.to_owned()));
    }
    let manifest = Manifest::read(path)?;
    let component = manifest.component();
    match look(&component)? {
        Some(found) if found.is_file() => {
            Ok(Fetched { kept: copy(&component, depot, limit, expected)?, name: Some(manifest.name) })
        }
        Some(_) => Err(SourceError::NotAFile(component)),
        None => Err(SourceError::NotBuilt { component, folder: path.to_owned() }),
    }
}

/// What is there, if anything.
fn look(path: &Path) -> Result<Option<Metadata>, SourceError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SourceError::Read { place: path.display().to_string(), source }),
    }
}

fn copy(path: &Path, depot: &Depot, limit: u64, expected: Option<&str>) -> Result<Kept, SourceError> {
    let failed = |source| SourceError::Read { place: path.display().to_string(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut receiving = Receiving::new(path.display().to_string(), Some(size), depot, limit)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => return receiving.keep(expected),
            read => receiving.add(&chunk[..read])?,
        }
    }
}
