//! Progress on its way to the store: the newest counts, at most ten a second. What was denied waits for the end.

use crate::Reporter;
use hob_core::Progress;
use std::{
    sync::{Mutex, PoisonError},
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
}

impl Reporter for LatestProgress {
    fn progress(&self, progress: Progress) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
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
