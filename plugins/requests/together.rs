//! Several things at once on one thread: futures that wait for what the host has to say.

use hob_plugin::{
    Cancelled,
    io::{self, Waitable},
};
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

thread_local! {
    /// What the futures of this round wait for.
    static WAITED: RefCell<Vec<Rc<Waitable>>> = const { RefCell::new(Vec::new()) };
    /// Whether something happened in this round that another future may have waited for.
    static HAPPENED: Cell<bool> = const { Cell::new(false) };
}

/// Waits until the host says that it is ready.
pub async fn ready(waitable: Waitable) {
    let waitable = Rc::new(waitable);
    poll_fn(move |_| {
        if waitable.is_ready() {
            return Poll::Ready(());
        }
        WAITED.with_borrow_mut(|waited| waited.push(Rc::clone(&waitable)));
        Poll::Pending
    })
    .await;
}

/// Waits for something that another of the futures does, and says so with [`happened`].
pub async fn until<T>(mut condition: impl FnMut() -> Option<T>) -> T {
    poll_fn(move |_| condition().map_or(Poll::Pending, Poll::Ready)).await
}

/// Lets the others look again at what they wait for.
pub fn happened() {
    HAPPENED.set(true);
}

/// Something that is not done yet.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs all to their ends, or until the task is asked to stop; `each` gets what comes of them as it comes.
pub fn run<T>(
    task: hob_plugin::Context,
    futures: Vec<Pending<'_, T>>,
    mut each: impl FnMut(usize, T) -> Result<(), Cancelled>,
) -> Result<(), Cancelled> {
    let cancelled = task.cancelled();
    let mut futures: Vec<_> = futures.into_iter().map(Some).collect();
    let mut context = Context::from_waker(Waker::noop());
    loop {
        WAITED.take();
        HAPPENED.set(false);
        for (index, place) in futures.iter_mut().enumerate() {
            let Some(future) = place else { continue };
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                *place = None;
                happened();
                each(index, value)?;
            }
        }
        if futures.iter().all(Option::is_none) {
            return Ok(());
        }
        if HAPPENED.get() {
            continue;
        }
        let waited = WAITED.take();
        let on: Vec<&Waitable> = waited.iter().map(Rc::as_ref).chain([&cancelled]).collect();
        // The only error is that the task was cancelled, which the last one says as well.
        let _ = io::wait(&on, None);
        if cancelled.is_ready() {
            return Err(Cancelled);
        }
    }
}
