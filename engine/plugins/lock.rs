//! `hob.lock`: which components were accepted.

use hob_core::{Asks, ExecutorName, sanitize_line};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

/// The form of the file. A newer one is left alone.
const FORMAT: u32 = 1;
const HEAD: &str = "\
# Which components were accepted, by executor; `hob plugin` writes this, and `hob plugin verify` holds everything
# against it. Keep it beside your hob.toml.
";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what hob has written.
    #[error(
        "read {}: {message}; move it away and add what `hob config show` has with `hob plugin add` again",
        path.display()
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A newer hob has written it.
    #[error("read {}: it has the format {found}, and this hob knows {FORMAT}: use the hob that wrote it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// It cannot be written.
    #[error("write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A component that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its own name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from, as `hob plugin add` takes it.
    pub source: String,
    /// Hexadecimal SHA-256 of its bytes.
    pub sha256: String,
    /// The version of the contract that it was built for.
    pub contract: String,
    /// What it asked for.
    #[serde(default, skip_serializing_if = "Asks::is_empty")]
    pub asks: Asks,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    #[serde(default)]
    executors: BTreeMap<ExecutorName, Entry>,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// `hob.lock`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    path: PathBuf,
    /// By the executor that runs it.
    pub entries: BTreeMap<ExecutorName, Entry>,
}

impl Lock {
    /// Reads the one beside the configuration file `config`; one that is not there is empty.
    pub fn read(config: &Path) -> Result<Self, LockError> {
        let path = config.with_file_name("hob.lock");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, entries: BTreeMap::new() });
            }
            Err(source) => return Err(LockError::Read { path, source }),
        };
        if let Ok(Format { format }) = toml::from_str(&text)
            && format > FORMAT
        {
            return Err(LockError::Newer { path, found: format });
        }
        match toml::from_str::<File>(&text) {
            Ok(file) => Ok(Self { path, entries: file.executors }),
            Err(error) => {
                let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
                let message = format!("line {line}: {}", sanitize_line(error.message(), 200));
                Err(LockError::Invalid { path, message })
            }
        }
    }

    /// Writes it.
    pub fn write(&self) -> Result<(), LockError> {
        let written = || {
            let file = File { format: FORMAT, executors: self.entries.clone() };
            let text = toml::to_string(&file).map_err(io::Error::other)?;
            let folder = self.path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            let mut new = tempfile::Builder::new().prefix(".hob.lock-").tempfile_in(folder)?;
            write!(new, "{HEAD}\n{text}")?;
            new.as_file().sync_all()?;
            new.persist(&self.path)?;
            Ok(())
        };
        written().map_err(|source| LockError::Write { path: self.path.clone(), source })
    }

    /// Whether an accepted component has that digest.
    pub fn has(&self, sha256: &str) -> bool {
        self.entries.values().any(|entry| entry.sha256 == sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry() -> Entry {
        Entry {
            name: "word-count".to_owned(),
            version: "0.1.0".to_owned(),
            source: "/src/word-count".to_owned(),
            sha256: "a".repeat(64),
            contract: "0.1.0".to_owned(),
            asks: serde_json::from_value(json!({
                "dirs": [{ "guest": "/project", "mode": "ro", "reason": "to \"count\"" }],
                "state": { "reason": "to remember" },
            }))
            .expect("asks"),
        }
    }

    #[test]
    fn it_reads_what_it_wrote() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("hob.toml");
        let mut lock = Lock::read(&config).expect("an empty one");
        lock.entries.insert("counts".parse().expect("a name"), entry());
        lock.write().expect("written");
        assert_eq!(Lock::read(&config).expect("read"), lock);
        let text = fs::read_to_string(folder.path().join("hob.lock")).expect("a file");
        assert!(text.starts_with("# Which") && text.contains("[executors.counts]"), "{text}");
        assert!(lock.has(&"a".repeat(64)) && !lock.has("b"));
    }

    #[test]
    fn what_it_cannot_read_is_said_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("hob.toml");
        for (text, words) in [
            ("format = 2\nfuture = true\n", "format 2"),
            ("format = 1\n[executors.x]\nname = 3\n", "line 3"),
            ("what", "line 1"),
        ] {
            fs::write(folder.path().join("hob.lock"), text).expect("written");
            let error = Lock::read(&config).expect_err(text).to_string();
            assert!(error.contains("hob.lock") && error.contains(words), "{error}");
        }
    }
}
