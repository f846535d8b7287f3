//! Measures the store in a new folder: `measure FOLDER [FINISHED]`, with so many finished tasks to begin with.

use anyhow::Context;
use hob_core::{AttemptNumber, Bytes, Environment, NewTask, Outcome, Priority, TaskResult, Timestamp, WorkerId};
use hob_store::{Finished, Retention, Store, Waiter, WorkerKind, Writer, output::Outputs};
use std::{
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

fn tasks(count: usize) -> anyhow::Result<Vec<NewTask>> {
    let environment = Environment(vec![(b"PATH".to_vec(), vec![b'x'; 4_000])]);
    let task = NewTask {
        id: None,
        executor: "shell".parse()?,
        params: "{\"command\":\"true\"}".into(),
        priority: Priority::Medium,
        cwd: "/".into(),
        environment,
        timeout: None,
        session: None,
        retry_of: None,
    };
    Ok(vec![task; count])
}

fn end(claim: &hob_store::Claim) -> Finished {
    let result = TaskResult { summary: "done".into(), data: None };
    Finished { id: claim.task.id.clone(), attempt: claim.attempt, outcome: Outcome::Completed(result) }
}

fn say(what: &str, count: usize, took: Duration) -> std::io::Result<()> {
    let each = took.as_secs_f64() * 1e6 / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX));
    writeln!(std::io::stdout(), "{what:<44} {:>10.2} ms  {each:>10.1} us each", took.as_secs_f64() * 1e3)
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("measure FOLDER [FINISHED]")?;
    let folder = Path::new(&folder);
    let finished: usize = arguments.next().map_or(Ok(0), |count| count.parse())?;
    let at = Timestamp(1);

    let begin = Instant::now();
    drop(Store::open(folder)?);
    say("open, the first time", 1, begin.elapsed())?;
    let worker: WorkerId = "w1".parse()?;
    let mut store = Store::open_for_worker(folder)?;
    store.register_worker(&worker, WorkerKind::Daemon, at)?;
    let begin = Instant::now();
    let mut left = finished;
    while left > 0 {
        let slice = left.min(5_000);
        store.submit(&tasks(slice)?, at)?;
        store.change(|changes| {
            for claim in changes.claim(&worker, u32::MAX, u32::try_from(slice).unwrap_or(u32::MAX), at)? {
                changes.finish(end(&claim), at)?;
            }
            Ok(())
        })?;
        left -= slice;
    }
    say("generate finished tasks", finished, begin.elapsed())?;
    store.tidy()?;

    let begin = Instant::now();
    for _ in 0..100 {
        drop(Store::open(folder)?);
    }
    say("open", 100, begin.elapsed())?;
    let one = tasks(1)?;
    let begin = Instant::now();
    for _ in 0..100 {
        Store::open(folder)?.submit(&one, at)?;
    }
    say("open and submit", 100, begin.elapsed())?;
    let begin = Instant::now();
    for _ in 0..100 {
        let store = Store::open(folder)?;
        store.counts()?;
        store.oldest_running()?;
    }
    say("open and status", 100, begin.elapsed())?;
    let many = tasks(1_000)?;
    let begin = Instant::now();
    store.submit(&many, at)?;
    say("submit 1,000 in one go", 1_000, begin.elapsed())?;

    let begin = Instant::now();
    let writer = Writer::start(store)?;
    let slots: Vec<_> = (0..5)
        .map(|_| {
            let (writer, worker) = (writer.clone(), worker.clone());
            thread::spawn(move || -> hob_store::Result<()> {
                let mut claims = writer.claim(&worker, 5, 1, at).wait()?;
                while let Some(claim) = claims.pop() {
                    claims = writer.finish_and_claim(vec![end(&claim)], &worker, 5, 1, at).wait()?.claims;
                }
                Ok(())
            })
        })
        .collect();
    for slot in slots {
        slot.join().map_err(|_| anyhow::anyhow!("a slot panicked"))??;
    }
    say("five slots, 1,100 tasks", 1_100, begin.elapsed())?;
    drop(writer);

    let mut waiter = Waiter::new(folder)?;
    let mut store = Store::open(folder)?;
    let begin = Instant::now();
    let mut committed = Duration::ZERO;
    for _ in 0..50 {
        while waiter.wait(Instant::now()) {}
        let submit = Instant::now();
        store.submit(&one, at)?;
        committed += submit.elapsed();
        waiter.wait(Instant::now() + Duration::from_secs(1));
    }
    say("a waiter awake, after submit returned", 50, begin.elapsed().saturating_sub(committed))?;
    store.cancel_all(at)?;
    let begin = Instant::now();
    let pruned = store.prune(&Retention { count: Some(0), ..Retention::default() }, at)?;
    say("prune a slice", pruned.tasks.len(), begin.elapsed())?;

    let output = Outputs::of(folder).writer(0, AttemptNumber(1), Bytes(1 << 30));
    let piece = vec![b'x'; 64 << 10];
    let begin = Instant::now();
    for _ in 0..(2_usize << 30) / piece.len() {
        output.write(&piece)?;
    }
    output.finish()?;
    say("2 GiB of output, 1 GiB kept", 2 << 10, begin.elapsed())?;
    Ok(())
}
