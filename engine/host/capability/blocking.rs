//! Work that blocks for long, beside the thread that runs the guest.

use super::Cancel;
use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Asked by the work now and then: whether it is to stop.
pub(crate) type Stop = dyn Fn() -> bool + Send + Sync;

/// Does `work` on a thread of its own. When the task is cancelled, or the future dropped, the work is
/// told to stop; cancellation waits for it.
pub(crate) async fn blocking<T: Send + 'static>(
    cancel: &Cancel,
    work: impl FnOnce(&Stop) -> T + Send + 'static,
) -> wasmtime::Result<T> {
    struct Told(Arc<AtomicBool>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let told = Told(Arc::new(AtomicBool::new(cancel.is_set())));
    let flag = Arc::clone(&told.0);
    let mut working = tokio::task::spawn_blocking(move || work(&move || flag.load(Ordering::Relaxed)));
    let done = tokio::select! {
        biased;
        done = &mut working => done,
        () = cancel.clone().wait() => {
            told.0.store(true, Ordering::Relaxed);
            working.await
        }
    };
    match done {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => Err(wasmtime::Error::new(error)),
    }
}
