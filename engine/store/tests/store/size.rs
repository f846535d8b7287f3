//! A long queue and a long past.

use crate::house::{House, NOW, completed, sign_on, task};
use hob_fault_case::Case;
use hob_store::{Changes, Claim, Finished, Retention, Store};
use std::time::{Duration, Instant};

/// Tasks of one submission.
const SLICE: usize = 5_000;

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[test]
fn f16_a_claim_is_quick_and_pruning_goes_in_slices() {
    let case = Case::begin(16);
    let size = case.scale(5_000, 1_000_000);
    let house = House::new();
    let mut store = Store::open_for_worker(&house.state()).expect("opens");
    let worker = sign_on(&mut store, "w");
    let all =
        |prefix: &str, from: usize| -> Vec<_> { (from..from + SLICE).map(|n| task(&format!("{prefix}{n}"))).collect() };
    let ended = |claim: &Claim| Finished { id: claim.task.id.clone(), attempt: claim.attempt, outcome: completed() };
    for from in (0..size).step_by(SLICE) {
        store.submit(&all("finished-", from), NOW).expect("accepted");
        let end = |changes: &Changes<'_>| {
            let claims = changes.claim(&worker, u32::MAX, u32::MAX, NOW)?;
            claims.iter().try_for_each(|claim| changes.finish(ended(claim), NOW))
        };
        store.change(end).expect("ended");
    }
    for from in (0..size).step_by(SLICE) {
        store.submit(&all("pending-", from), NOW).expect("accepted");
    }
    let (mut claims, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..case.scale(100, 2_000) {
        let since = Instant::now();
        let claim = store.claim(&worker, 5, 1, NOW).expect("claims").pop().expect("a task");
        claims.push(since.elapsed());
        let since = Instant::now();
        store.finish(ended(&claim), NOW).expect("ended");
        ends.push(since.elapsed());
    }
    let keep = Retention { count: Some(size as u64 / 2), ..Retention::default() };
    let (mut slices, mut gone) = (Vec::new(), 0);
    loop {
        let since = Instant::now();
        let pruned = store.prune(&keep, NOW).expect("pruned");
        slices.push(since.elapsed());
        assert!(pruned.tasks.len() <= 500, "{} in one slice", pruned.tasks.len());
        gone += pruned.tasks.len();
        // Somebody else has a turn between two slices.
        if slices.len() % 100 == 1 {
            store.submit(&[task(&format!("between-{}", slices.len()))], NOW).expect("accepted");
        }
        if !pruned.more {
            break;
        }
    }
    assert_eq!(gone, ends.len() + size / 2);
    assert_eq!(store.check(), Ok(Vec::new()));
    let slowest = slices.iter().max().copied().unwrap_or_default();
    let (claim, end) = (p99(claims), p99(ends));
    let note = format!(
        "{size} pending and {size} finished; p99: claim {claim:.1?}, end {end:.1?}; slice of pruning {slowest:.1?} at most"
    );
    if size > 100_000 {
        assert!(claim < Duration::from_millis(100), "{note}");
    }
    case.end("tasks", 2 * size as u64, 0, 0, &note);
}
