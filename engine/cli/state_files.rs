//! The state files: `active.json`, `completed.json` and `failed.json` in a folder of the person's choice, for
//! programs that want to look at files. A view and nothing more: nobody reads them back, and no task ever
//! waits for them.

mod content;
mod folder;

use crate::context::Context;
use folder::Folder;
use hob_store::{Store, Waiter};
use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::watch;

pub use folder::{look, trouble};

/// After writing, nothing is written for so long: what changes meanwhile is written together.
const REST: Duration = Duration::from_millis(200);
/// And for so many times what writing took, on a slow disk or with many tasks.
const SHARE: u32 = 20;
/// How soon files come back that somebody removed while nothing else happened.
const SLOW_LOOK: Duration = Duration::from_secs(40);
/// Longest time that a command waits for its own update.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps the files current for as long as a worker lives, on a thread of its own.
pub struct StateFiles {
    wish: watch::Sender<Wish>,
    ended: mpsc::Receiver<()>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    folder: Option<PathBuf>,
    is_last: bool,
}

impl StateFiles {
    /// Begins. What is committed from now on is seen.
    pub fn start(state: &Path, folder: PathBuf) -> Result<Self, String> {
        let said = |error: hob_store::Error| error.to_string();
        let waiter = Waiter::new(state).map_err(said)?;
        let store = Store::open(state).map_err(said)?;
        let (wish, wishes) = watch::channel(Wish { folder: Some(folder), is_last: false });
        let (end, ended) = mpsc::channel();
        let failed = |error: io::Error| error.to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
        let thread = thread::Builder::new().name("state-files".to_owned());
        let state = state.to_owned();
        thread
            .spawn(move || {
                runtime.block_on(keep(&state, &store, &waiter, wishes));
                drop(end);
            })
            .map_err(failed)?;
        Ok(Self { wish, ended })
    }

    /// Follows a changed setting. The files in the former folder stay as they are.
    pub fn follow(&self, folder: Option<PathBuf>) {
        let wish = Wish { folder, is_last: false };
        self.wish.send_if_modified(|current| {
            let is_another = *current != wish;
            *current = wish;
            is_another
        });
    }

    /// Writes once more and stops. Gives up after `within`.
    pub fn finish(self, within: Duration) {
        self.wish.send_modify(|wish| wish.is_last = true);
        // An error is the other end closing, which is the end.
        let _ = self.ended.recv_timeout(within);
    }
}

async fn keep(state: &Path, store: &Store, waiter: &Waiter, mut wishes: watch::Receiver<Wish>) {
    let mut rings = waiter.rings();
    let mut folder: Option<Folder> = None;
    let mut complaint = None;
    loop {
        let wish = wishes.borrow_and_update().clone();
        if folder.as_ref().map(Folder::path) != wish.folder.as_deref() {
            folder = wish.folder.map(|path| Folder::new(state, path));
        }
        rings.mark_unchanged();
        let began = Instant::now();
        if let Some(folder) = &mut folder {
            let failed = folder.update(store).err();
            if let Some(reason) = failed.as_ref().filter(|reason| complaint.as_ref() != Some(*reason)) {
                tracing::warn!("the state files are not written: {reason}");
            }
            complaint = failed;
        }
        if wish.is_last || !store.is_in_place() {
            return;
        }
        let rest = REST.max(began.elapsed() * SHARE);
        let is_on = folder.is_some();
        tokio::select! {
            biased;
            changed = wishes.changed() => if changed.is_err() { return } else { continue },
            () = tokio::time::sleep(rest), if is_on => {}
        }
        tokio::select! {
            changed = wishes.changed() => if changed.is_err() { return },
            Ok(()) = rings.changed() => {}
            () = tokio::time::sleep(SLOW_LOOK) => {}
        }
    }
}

/// Brings the files up to date, for a command that changed states itself. What is wrong is a line on stderr.
pub fn refresh(context: &Context) {
    let Some(path) = context.settings().ok().and_then(|settings| settings.state_files.clone()) else { return };
    let state = context.places.state.clone();
    let (tell, told) = mpsc::channel();
    // A folder of a network that hangs keeps no command from ending.
    let spawned = thread::Builder::new().name("state-files".to_owned()).spawn(move || {
        let store = Store::open(&state).map_err(|error| error.to_string());
        let _ = tell.send(store.and_then(|store| Folder::new(&state, path).update(&store)));
    });
    let done = match spawned {
        Ok(_) => told.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("the folder does not answer".to_owned())),
        Err(error) => Err(error.to_string()),
    };
    if let Err(reason) = done {
        tracing::warn!("the state files are not written: {reason}");
    }
}
