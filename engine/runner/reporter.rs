//! Progress on its way to the store: the newest counts, at most ten a second. What was denied waits for the end.

use crate::Reporter;
use hob_core::Progress;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Ten a second is as fast as a person reads a bar, and costs a busy runner one shared commit each.
const INTERVAL: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct LatestProgress {
    latest: Mutex<Option<Progress>>,
    denied: Mutex<Vec<String>>,
    changed: Notify,
    dropped: AtomicU64,
}

impl Reporter for LatestProgress {
    fn progress(&self, progress: Progress) {
        if self.latest.lock().unwrap_or_else(PoisonError::into_inner).replace(progress).is_some() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.changed.notify_one();
    }

    fn denied(&self, lines: Vec<String>) {
        *self.denied.lock().unwrap_or_else(PoisonError::into_inner) = lines;
    }
}

impl LatestProgress {
    /// What was denied.
    pub(crate) fn take_denied(&self) -> Vec<String> {
        std::mem::take(&mut *self.denied.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many reports were never passed on, because a newer one came.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Passes what changes on to `store`; never ends by itself.
    pub(crate) async fn forward<F: Future<Output = ()>>(&self, store: impl Fn(Progress) -> F) {
        loop {
            self.changed.notified().await;
            let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(progress) = latest {
                store(progress).await;
                tokio::time::sleep(INTERVAL).await;
            }
        }
    }
}
