//! Whose turn it is with a host: politeness is a matter of the worker, not of each task.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// A host as the policy knows it, and a port.
type Place = (String, u16);

/// Counts the requests that are under way, for each host and port.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Place, Queue>>>);

/// One place, while there is a request.
#[derive(Default)]
struct Queue {
    /// Requests under way.
    live: u32,
    /// Those that wait, the longest-waiting first: nobody passes another, even one whose limit is
    /// higher, or a polite task would starve beside others.
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    limit: u32,
    called: oneshot::Sender<Turn>,
}

/// The right to one request; dropping it passes it on.
pub(super) struct Turn {
    turns: Turns,
    place: Place,
}

impl Turns {
    /// Waits until fewer than `limit` requests to the place are under way. Dropping the future gives
    /// the place in the queue up.
    pub(super) async fn take(&self, host: &str, port: u16, limit: u32) -> Turn {
        let place = (host.to_owned(), port);
        let called = {
            let mut queues = self.lock();
            let queue = queues.entry(place.clone()).or_default();
            if queue.waiting.is_empty() && queue.live < limit.max(1) {
                queue.live += 1;
                None
            } else {
                let (sender, called) = oneshot::channel();
                queue.waiting.push_back(Waiter { limit, called: sender });
                Some(called)
            }
        };
        if let Some(called) = called {
            if let Ok(turn) = called.await {
                return turn;
            }
            // The caller lives as long as somebody waits.
            unreachable!("a queue was dropped with somebody in it");
        }
        Turn { turns: self.clone(), place }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut called = Vec::new();
        {
            let mut queues = self.turns.lock();
            let Some(queue) = queues.get_mut(&self.place) else { return };
            queue.live -= 1;
            while let Some(waiter) = queue.waiting.pop_front() {
                if waiter.called.is_closed() {
                    continue;
                }
                if queue.live >= waiter.limit.max(1) {
                    queue.waiting.push_front(waiter);
                    break;
                }
                queue.live += 1;
                called.push(waiter.called);
            }
            if queue.live == 0 {
                queues.remove(&self.place);
            }
        }
        for waiter in called {
            // One that gave up meanwhile gives the turn back by dropping it, which takes the lock.
            let _ = waiter.send(Self { turns: self.turns.clone(), place: self.place.clone() });
        }
    }
}
