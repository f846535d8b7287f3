use crate::together;
use std::{cell::RefCell, collections::HashMap};
use url::Url;

/// Requests of a task to one host at once. The host holds back more of all tasks together, but one that waits
/// there uses its time up.
const AT_ONCE: usize = 2;

/// Who may ask which host.
#[derive(Default)]
pub struct Turns {
    under_way: RefCell<HashMap<String, usize>>,
}

/// The right to a request; dropping it passes it on.
pub struct Turn<'a> {
    turns: &'a Turns,
    origin: String,
}

impl Turns {
    /// Waits until there is one for the host of an address.
    pub async fn of(&self, url: &Url) -> Turn<'_> {
        let origin = url.origin().ascii_serialization();
        together::until(|| {
            let mut under_way = self.under_way.borrow_mut();
            let count = under_way.entry(origin.clone()).or_default();
            (*count < AT_ONCE).then(|| *count += 1)
        })
        .await;
        Turn { turns: self, origin }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.turns.under_way.borrow_mut().get_mut(&self.origin) {
            *count -= 1;
        }
        together::happened();
    }
}
