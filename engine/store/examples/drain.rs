//! A worker that takes tasks until there are none left, prints their ids, and fails if more than the limit ever
//! run: `drain STATE-FOLDER WORKER LIMIT`. The tests start several of it; it also measures the store.

use anyhow::{Context, ensure};
use hob_core::{Outcome, TaskResult, Timestamp, WorkerId};
use hob_store::{Finished, Store, WorkerKind};
use std::{io::Write, path::Path};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("drain STATE-FOLDER WORKER LIMIT");
    let mut store = Store::open_for_worker(Path::new(&argument()?))?;
    let worker: WorkerId = argument()?.parse()?;
    let limit: u32 = argument()?.parse()?;
    let at = Timestamp(1);
    store.register_worker(&worker, WorkerKind::Lazy, at)?;
    let mut claims = store.claim(&worker, limit, 1, at)?;
    loop {
        let running = store.running()?.len();
        ensure!(running <= limit as usize, "{running} run at once");
        let Some(claim) = claims.pop() else {
            // The slots may be taken by others for the moment.
            if store.counts()?.pending == 0 {
                break;
            }
            std::thread::yield_now();
            claims = store.claim(&worker, limit, 1, at)?;
            continue;
        };
        writeln!(std::io::stdout(), "{}", claim.task.id)?;
        let result = TaskResult { summary: "done".into(), data: None };
        let end = Finished { id: claim.task.id, attempt: claim.attempt, outcome: Outcome::Completed(result) };
        claims = store.finish_and_claim(vec![end], &worker, limit, 1, at)?.claims;
    }
    store.remove_worker(&worker)?;
    Ok(())
}
