use hob_core::Progress;
use hob_runner::{OutputSink, Reporter};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// When a trial said how much. What it said is of no interest.
pub(crate) struct Heard {
    start: Instant,
    writes: Mutex<Vec<(Duration, usize)>>,
}

impl Heard {
    /// Listens from now on.
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), writes: Mutex::default() }
    }

    /// Bytes that were written.
    pub(crate) fn bytes(&self) -> usize {
        self.before(Duration::MAX)
    }

    /// Bytes that were written before `moment`, counted from the start.
    pub(crate) fn before(&self, moment: Duration) -> usize {
        let writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.iter().filter(|(at, _)| *at < moment).map(|(_, bytes)| bytes).sum()
    }
}

impl OutputSink for Heard {
    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        let mut writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.push((self.start.elapsed(), bytes.len()));
        Ok(())
    }
}

impl Reporter for Heard {
    fn progress(&self, _: Progress) {}

    fn denied(&self, _: Vec<String>) {}
}
