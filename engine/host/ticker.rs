//! The epoch clock: it ticks while a guest runs and sleeps otherwise.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use wasmtime::Engine;

/// How often a running guest is interrupted to count its computing time and to let its thread see
/// clocks and cancellation. 10 ms: the answer to a cancel is felt as immediate, and the cost is
/// lost in the noise.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Ticks without a guest after which the clock sleeps. Ten: short tasks in a row never pay for
/// waking it, and an idle daemon is quiet after a tenth of a second.
const LINGER: u32 = 10;

/// Advances the epoch of an engine every [`TICK`] while somebody holds a [`Running`].
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: thread::Thread,
}

#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    parked: AtomicBool,
    stopped: AtomicBool,
}

/// Held while a guest runs.
pub(crate) struct Running<'a>(&'a Ticker);

impl Ticker {
    /// Starts the clock of `engine`, asleep.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (theirs, engine) = (Arc::clone(&shared), engine.weak());
        let handle = thread::Builder::new().name("epoch".into()).spawn(move || {
            while let Some(engine) = engine.upgrade() {
                if !theirs.tick(&engine) {
                    break;
                }
            }
        })?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Keeps the clock ticking until the value is dropped.
    pub(crate) fn run(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, SeqCst);
        if self.shared.parked.load(SeqCst) {
            self.thread.unpark();
        }
        Running(self)
    }

    #[cfg(test)]
    pub(crate) fn is_parked(&self) -> bool {
        self.shared.parked.load(SeqCst)
    }
}

impl Shared {
    /// One stretch from sleep to sleep; false when the clock is to end.
    fn tick(&self, engine: &Engine) -> bool {
        let mut idle = 0;
        while idle < LINGER && !self.stopped.load(SeqCst) {
            thread::sleep(TICK);
            engine.increment_epoch();
            idle = if self.running.load(SeqCst) == 0 { idle + 1 } else { 0 };
        }
        // Sequentially consistent on both sides: either the guest sees `parked`, or this loop sees
        // the guest.
        self.parked.store(true, SeqCst);
        while self.running.load(SeqCst) == 0 && !self.stopped.load(SeqCst) {
            thread::park();
        }
        self.parked.store(false, SeqCst);
        !self.stopped.load(SeqCst)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.shared.running.fetch_sub(1, SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, SeqCst);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[track_caller]
    fn becomes(what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so() {
            assert!(Instant::now() < deadline, "the clock is not {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn the_clock_sleeps_until_somebody_runs() {
        let engine = crate::engine::build().expect("an engine");
        let ticker = Ticker::start(&engine).expect("a thread");
        for _ in 0..3 {
            becomes("asleep", || ticker.is_parked());
            let one = ticker.run();
            let other = ticker.run();
            becomes("awake", || !ticker.is_parked());
            drop(one);
            // Longer than it lingers without anybody.
            thread::sleep(TICK * (LINGER + 5));
            assert!(!ticker.is_parked(), "somebody still runs");
            drop(other);
        }
    }
}
