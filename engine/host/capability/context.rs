//! The task's surroundings: log, progress, output, artifacts, cancellation. Needs no grant.

use super::io::{Waitable, Writer};
use crate::{
    bindings::hob::plugin::{context, io::IoError},
    guest::Guest,
};
use hob_core::{Bytes, Progress};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use wasmtime::{Result, component::Resource};

/// Lines that may come at once before the budget counts. 200: a start-up that lists its settings.
const LOG_BURST: u32 = 200;
/// Lines a second after that. 50: faster than anybody reads, 4 MB an hour at most.
const LOG_RATE: f64 = 50.0;
/// Bytes of one message or field. 4 KiB.
const LOG_TEXT: usize = 4 << 10;
/// Fields of one line.
const LOG_FIELDS: usize = 32;
/// Bytes of a progress message. 500: a line on a wide terminal, thrice.
const PROGRESS_TEXT: usize = 500;
/// Bytes of an artifact's name.
const NAME: usize = 120;

/// How many more lines a component may log.
pub(crate) struct LogBudget {
    left: f64,
    since: Option<Instant>,
    dropped: u64,
}

impl Default for LogBudget {
    fn default() -> Self {
        Self { left: f64::from(LOG_BURST), since: None, dropped: 0 }
    }
}

impl LogBudget {
    /// Whether a line may go now, and how many did not before it.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let elapsed = self.since.replace(now).map_or(Duration::ZERO, |since| now.duration_since(since));
        self.left = (self.left + elapsed.as_secs_f64() * LOG_RATE).min(f64::from(LOG_BURST));
        if self.left < 1.0 {
            self.dropped += 1;
            return None;
        }
        self.left -= 1.0;
        Some(std::mem::take(&mut self.dropped))
    }
}

impl Guest {
    /// Says in the log how many lines are not in it, if there are some of which that was not said.
    pub(crate) fn note_dropped_lines(&mut self) {
        let dropped = std::mem::take(&mut self.log.dropped);
        if dropped > 0 {
            let (task, executor) = (&self.surroundings.task, &self.surroundings.executor);
            tracing::warn!(target: "hob::component", %task, %executor, dropped, "log lines dropped: too many a second");
        }
    }
}

/// `text` cut to at most `most` bytes, at a character's border.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}

/// An artifact that is being written: beside its name until it is finished.
pub struct Artifact {
    file: tempfile::NamedTempFile,
    target: PathBuf,
    name: String,
    media_type: String,
    size: u64,
    /// Bytes of all artifacts of the attempt.
    total: Arc<AtomicU64>,
    limit: Bytes,
}

impl Artifact {
    fn create(
        folder: &Path,
        name: String,
        media_type: String,
        total: Arc<AtomicU64>,
        limit: Bytes,
    ) -> std::result::Result<Self, String> {
        let plain = |c: char| c.is_alphanumeric() || "._- +@".contains(c);
        if name.is_empty() || name.len() > NAME || name.starts_with('.') || !name.chars().all(plain) {
            return Err(format!(
                "`{name}` cannot name an artifact: use up to {NAME} letters, digits, spaces and `._-+@`, not beginning \
                 with a dot"
            ));
        }
        if media_type.len() > NAME || media_type.chars().any(char::is_control) {
            return Err("an artifact's media type is a short text such as text/html".to_owned());
        }
        let failed = |error: std::io::Error| format!("create the artifact {name} in {}: {error}", folder.display());
        crate::os::create_private(folder).map_err(failed)?;
        let target = folder.join(&name);
        if target.exists() {
            return Err(format!("there is an artifact {name} already"));
        }
        let file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder).map_err(failed)?;
        Ok(Self { file, target, name, media_type, size: 0, total, limit })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), IoError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let total = self.total.fetch_add(length, Ordering::Relaxed).saturating_add(length);
        if total > self.limit.0 {
            return Err(IoError::Limit(format!("the artifacts of an attempt may hold {}", self.limit)));
        }
        self.size += length;
        self.file
            .write_all(bytes)
            .map_err(|error| IoError::Failed(format!("write the artifact {}: {error}", self.name)))
    }

    pub(crate) fn finish(self) -> std::result::Result<(), IoError> {
        let Self { file, target, name, media_type, size, .. } = self;
        let failed = |error: std::io::Error| IoError::Failed(format!("keep the artifact {name}: {error}"));
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(&target).map_err(|error| failed(error.error))?;
        // One JSON line for each finished artifact, so that its media type is not lost.
        let line = serde_json::json!({ "name": name, "media_type": media_type, "bytes": size });
        let index = target.with_file_name(".artifacts.jsonl");
        let mut index = std::fs::OpenOptions::new().append(true).create(true).open(index).map_err(failed)?;
        index.write_all(format!("{line}\n").as_bytes()).map_err(failed)
    }
}

impl context::Host for Guest {
    async fn log(&mut self, level: context::Level, message: String, fields: Vec<(String, String)>) -> Result<()> {
        let Some(dropped) = self.log.take(Instant::now()) else { return Ok(()) };
        self.log.dropped = dropped;
        self.note_dropped_lines();
        let message = cut(message, LOG_TEXT);
        let fields: Vec<String> = fields
            .into_iter()
            .take(LOG_FIELDS)
            .map(|(name, value)| format!("{}={:?}", cut(name, LOG_TEXT), cut(value, LOG_TEXT)))
            .collect();
        let (task, executor, fields) = (&self.surroundings.task, &self.surroundings.executor, fields.join(" "));
        match level {
            context::Level::Trace => tracing::trace!(target: "hob::component", %task, %executor, %fields, "{message}"),
            context::Level::Debug => tracing::debug!(target: "hob::component", %task, %executor, %fields, "{message}"),
            context::Level::Info => tracing::info!(target: "hob::component", %task, %executor, %fields, "{message}"),
            context::Level::Warn => tracing::warn!(target: "hob::component", %task, %executor, %fields, "{message}"),
            context::Level::Error => tracing::error!(target: "hob::component", %task, %executor, %fields, "{message}"),
        }
        Ok(())
    }

    async fn progress(&mut self, fraction: Option<f64>, message: String) -> Result<()> {
        let fraction = fraction.filter(|fraction| fraction.is_finite()).map(|fraction| fraction.clamp(0.0, 1.0));
        self.surroundings.reporter.progress(Progress { fraction, message: cut(message, PROGRESS_TEXT) });
        Ok(())
    }

    async fn output(&mut self) -> Result<Resource<Writer>> {
        let writer = Writer::Output(Arc::clone(&self.surroundings.output));
        Ok(self.table.push(writer)?)
    }

    async fn artifact(
        &mut self,
        name: String,
        media_type: String,
    ) -> Result<std::result::Result<Resource<Writer>, String>> {
        let Some(folder) = &self.surroundings.artifacts else {
            return Ok(Err("there are no artifacts here: the component is only asked what it is".to_owned()));
        };
        let limit = self.surroundings.limits.output;
        match Artifact::create(folder, name, media_type, Arc::clone(&self.artifact_bytes), limit) {
            Ok(artifact) => Ok(Ok(self.table.push(Writer::Artifact(Some(artifact)))?)),
            Err(message) => Ok(Err(message)),
        }
    }

    async fn is_cancelled(&mut self) -> Result<bool> {
        Ok(self.cancel.is_set())
    }

    async fn cancelled(&mut self) -> Result<Resource<Waitable>> {
        let waitable = Waitable::Cancelled(self.cancel.clone());
        Ok(self.table.push(waitable)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_lines_is_counted() {
        let (mut budget, start) = (LogBudget::default(), Instant::now());
        let passed = (0..1000).filter(|_| budget.take(start).is_some()).count();
        assert_eq!(passed, 200);
        assert_eq!(budget.take(start + Duration::from_secs(1)), Some(800));
        assert_eq!(budget.take(start + Duration::from_secs(1)), Some(0));
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("äöü".into(), 3), "ä…");
        assert_eq!(cut("abc".into(), 3), "abc");
    }

    #[test]
    fn artifacts() {
        let folder = tempfile::tempdir().expect("a folder");
        let create =
            |name: &str| Artifact::create(folder.path(), name.into(), "text/plain".into(), Arc::default(), Bytes(5));
        for bad in ["", ".hidden", "a/b", "..", "a\0", "a\n", &"x".repeat(121)] {
            assert!(create(bad).is_err(), "{bad:?}");
        }
        let mut kept = create("report.txt").expect("created");
        assert!(kept.write(b"12345").is_ok());
        assert!(matches!(kept.write(b"6"), Err(IoError::Limit(text)) if text.contains("5B")));
        kept.finish().expect("finished");
        assert_eq!(std::fs::read(folder.path().join("report.txt")).expect("read"), b"12345");
        assert!(create("report.txt").is_err_and(|error| error.contains("already")));
        drop(create("dropped").expect("created"));
        let mut names: Vec<_> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        assert_eq!(names, [".artifacts.jsonl", "report.txt"]);
    }
}
