//! Counts a tree, as seldom as it can be.

use crate::os;
use std::time::{Duration, Instant};

/// Between two looks at a quiet machine: a file of thirty bytes.
const QUIET: Duration = Duration::from_millis(250);
/// Between two looks while processes come fast.
const FAST: Duration = Duration::from_millis(25);
/// So many in one look are fast.
const MANY: u64 = 50;

/// How many processes a tree may have, and what is known of how many it has.
pub(super) struct Crowd {
    /// None: nobody counts.
    most: Option<u32>,
    seen: u64,
    /// The newest process of the machine when they were counted.
    counted_at: u64,
    looked_at: u64,
    due: Instant,
    pause: Duration,
}

impl Crowd {
    /// Bounds what this process will start.
    pub(super) fn bound(most: u32) -> Self {
        let newest = os::newest_process();
        let most = (most != u32::MAX && newest.is_some()).then(|| os::bound_processes(most));
        let newest = newest.unwrap_or_default();
        Self { most, seen: 1, counted_at: newest, looked_at: newest, due: Instant::now() + QUIET, pause: QUIET }
    }

    pub(super) fn most(&self) -> i32 {
        self.most.and_then(|most| i32::try_from(most).ok()).unwrap_or(i32::MAX)
    }

    /// When to ask again.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.most.map(|_| self.due.saturating_duration_since(Instant::now()))
    }

    /// Whether there are more than there may be; counts when it is due and can be so.
    pub(super) fn is_over(&mut self) -> bool {
        let Some(most) = self.most.map(u64::from) else { return false };
        if Instant::now() < self.due {
            return false;
        }
        // Every new process of the machine took a number, so the tree has no more than came since. Numbers begin
        // again at some time; then nothing is known.
        let newest = os::newest_process().unwrap_or_default();
        let came = |since: u64| newest.checked_sub(since);
        self.pause = if came(self.looked_at).is_none_or(|came| came > MANY) { FAST } else { QUIET };
        self.looked_at = newest;
        self.due = Instant::now() + self.pause;
        if came(self.counted_at).is_some_and(|came| self.seen + came <= most) {
            return false;
        }
        self.counted_at = newest;
        self.seen = os::count_tree() as u64;
        self.seen > most
    }
}
