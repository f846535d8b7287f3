//! One byte written to a small file after each commit, and whoever waits for it.

use crate::{
    error::{Error, Result},
    os,
};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    cell::OnceCell,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Instant,
};
use tokio::sync::watch;

const NAME: &str = "bell";

/// Rings. The file is opened at the first ring, so that a command that only reads opens nothing.
#[derive(Debug)]
pub(crate) struct Doorbell {
    path: PathBuf,
    file: OnceCell<File>,
}

fn open(path: &Path) -> io::Result<File> {
    match os::private().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = os::private().write(true).create(true).truncate(false).open(path)?;
            os::protect(&file)?;
            Ok(file)
        }
        other => other,
    }
}

impl Doorbell {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { path: folder.join(NAME), file: OnceCell::new() }
    }

    /// Tells every waiter that something was committed. A ring that fails changes nothing: waiters
    /// look from time to time of themselves.
    pub(crate) fn ring(&self) {
        let rung = match self.file.get() {
            Some(file) => os::write_first(file, b"."),
            None => open(&self.path).and_then(|file| os::write_first(self.file.get_or_init(|| file), b".")),
        };
        if let Err(error) = rung {
            tracing::warn!(path = %self.path.display(), %error, "the doorbell does not ring");
        }
    }
}

/// Wakes whoever waits at the doorbell of a state folder, though nothing was committed.
pub fn ring(folder: &Path) {
    Doorbell::of(folder).ring();
}

#[derive(Debug, Default)]
struct Rung {
    count: Mutex<u64>,
    changed: Condvar,
}

/// Wakes when any process, this one included, has committed a change.
///
/// Make it *before* looking at the state it is about: what is committed after that wakes it, so
/// nothing is missed between looking and waiting. A writer can die between commit and ring; therefore
/// every wait has a deadline, after which one looks again. While nothing happens it costs nothing.
#[derive(Debug)]
pub struct Waiter {
    rung: Arc<Rung>,
    seen: u64,
    news: watch::Receiver<u64>,
    /// Watches for as long as it is kept.
    _watcher: RecommendedWatcher,
}

impl Waiter {
    /// Begins to listen at the doorbell of a state folder.
    pub fn new(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        open(&path).map_err(|error| Error::folder(&path, &error))?;
        let rung = Arc::new(Rung::default());
        let (tell, news) = watch::channel(0);
        let heard = Arc::clone(&rung);
        let own = [folder.to_owned(), path.clone()];
        let failed = |error: notify::Error| Error::Folder { path: path.clone(), reason: error.to_string() };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !concerns(&event, &own)) {
                return;
            }
            let mut count = heard.count.lock().unwrap_or_else(PoisonError::into_inner);
            *count += 1;
            heard.changed.notify_all();
            tell.send_replace(*count);
        })
        .map_err(failed)?;
        watcher.watch(&path, RecursiveMode::NonRecursive).map_err(failed)?;
        // A folder that is moved away takes the bell along without touching it; what is above hears of that. Without
        // it, those who wait find out when they look of themselves.
        if let Some(parent) = folder.parent()
            && let Err(error) = watcher.watch(parent, RecursiveMode::NonRecursive)
        {
            tracing::debug!(%error, "the folder above the state folder is not watched");
        }
        Ok(Self { rung, seen: 0, news, _watcher: watcher })
    }

    /// Waits on this thread until somebody rings, or until the deadline; true if somebody rang since the
    /// last wait (or, at the first one, since this waiter was made).
    pub fn wait(&mut self, deadline: Instant) -> bool {
        let mut count = self.rung.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count == self.seen {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (count, _) = self.rung.changed.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner);
        }
        self.seen = *count;
        true
    }

    /// The number of rings heard, for async code: `changed().await` on it. It works for as long as this
    /// waiter is kept.
    pub fn rings(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }
}

/// A write to the bell, or its removal together with the state folder (which changes its number of names before
/// anything else), or that the folder was moved; not that somebody opened or closed it.
fn concerns(event: &notify::Event, own: &[PathBuf; 2]) -> bool {
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(|path| own.contains(path))
}
