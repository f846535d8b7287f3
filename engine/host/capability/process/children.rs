//! The programs of one attempt. They outlive the store, so that they can be ended in order.

use super::ExitStatus;
use hob_process::{Child, Pump, Signal, Tree, TreeEnd};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// Every program of an attempt whose tree still lives.
#[derive(Default)]
pub(crate) struct Children {
    entries: Mutex<Vec<Arc<Entry>>>,
    /// The limit on processes that one of them, also one that is gone, passed. Zero: none did.
    crowded: AtomicU32,
}

/// One program and what of its output the host copies.
pub(crate) struct Entry {
    child: Child,
    pumps: tokio::sync::Mutex<Vec<Pump>>,
    /// Whether the host told it to end while it still ran.
    ended_by_host: AtomicBool,
}

impl Children {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, child: Child, pumps: Vec<Pump>) -> Arc<Entry> {
        let pumps = tokio::sync::Mutex::new(pumps);
        let entry = Arc::new(Entry { child, pumps, ended_by_host: AtomicBool::new(false) });
        self.lock().push(Arc::clone(&entry));
        entry
    }

    /// Waits until one more program may start. The error is that `limit` of them run.
    pub(super) async fn make_room(&self, limit: u32) -> Result<(), ()> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        loop {
            let dying = {
                let mut entries = self.lock();
                entries.retain(|entry| {
                    self.note(entry);
                    entry.child.tree().try_end().is_none()
                });
                if entries.len() < limit {
                    return Ok(());
                }
                // One that has ended is on its way out with all that it started; it is not the
                // component's fault that this takes a moment.
                entries.iter().find(|entry| entry.child.try_status().is_some()).map(|entry| entry.child.tree())
            };
            match dying {
                Some(tree) => drop(tree.ended().await),
                None => return Err(()),
            }
        }
    }

    fn note(&self, entry: &Entry) {
        if let Some(most) = entry.child.tree().crowded() {
            self.crowded.store(most, Ordering::Relaxed);
        }
    }

    /// The limit on processes that one of the programs passed. Known for sure after [`end`](Self::end).
    pub(crate) fn crowded(&self) -> Option<u32> {
        Some(self.crowded.load(Ordering::Relaxed)).filter(|most| *most > 0)
    }

    /// Asks every tree to end, and ends what is left of it after `grace`.
    pub(crate) fn start_ending(&self, grace: Duration) {
        for entry in self.lock().iter() {
            entry.start_ending(grace);
        }
    }

    /// Ends every tree, politely for `grace`; returns when nothing of them lives and what they
    /// printed is in the task's output.
    pub(crate) async fn end(&self, grace: Duration) {
        let entries = std::mem::take(&mut *self.lock());
        for entry in &entries {
            entry.start_ending(grace);
        }
        for entry in entries {
            match entry.child.tree().ended().await {
                TreeEnd::Gone => {}
                TreeEnd::Left(count) => {
                    tracing::warn!(pid = entry.pid(), count, "processes of another user refused to be ended");
                }
                TreeEnd::Unknown => {
                    tracing::warn!(pid = entry.pid(), "what became of the processes of a program is not known");
                }
            }
            self.note(&entry);
            entry.drain().await;
        }
    }
}

impl Entry {
    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(super) fn tree(&self) -> Tree {
        self.child.tree()
    }

    pub(super) fn signal(&self, signal: Signal) -> std::io::Result<()> {
        self.child.signal(signal)
    }

    pub(super) fn start_ending(&self, grace: Duration) {
        let tree = self.child.tree();
        if tree.try_end().is_some() {
            return;
        }
        if tree.try_status().is_none() {
            self.ended_by_host.store(true, Ordering::Relaxed);
        }
        // A guard that cannot be told is gone, and its tree with it.
        let _ = self.child.start_ending(grace);
    }

    /// How it ended; none while it runs.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        let status = self.child.try_status()?;
        Some(if self.ended_by_host.load(Ordering::Relaxed) {
            ExitStatus::Killed
        } else {
            match status {
                hob_core::ExitStatus::Code(code) => ExitStatus::Code(code),
                hob_core::ExitStatus::Signal(signal) => ExitStatus::Signal(signal),
            }
        })
    }

    /// Waits for the program, and for its output to be in the task's output.
    pub(super) async fn wait(&self) -> ExitStatus {
        self.child.wait().await;
        self.drain().await;
        self.status().unwrap_or(ExitStatus::Killed)
    }

    async fn drain(&self) {
        let mut pumps = self.pumps.lock().await;
        while let Some(pump) = pumps.last_mut() {
            let end = pump.finished().await;
            pumps.pop();
            if let Some(error) = end.error {
                tracing::warn!(pid = self.pid(), %error, bytes = end.bytes, "a program's output was not kept as a whole");
            }
        }
    }
}
