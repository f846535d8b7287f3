//! What an attempt costs.

use crate::{Test, world::World};
use serde_json::json;
use std::time::Instant;

pub const TESTS: &[Test] = &[("a_noop_completes", noop)];

fn noop(world: &World) {
    let start = Instant::now();
    let result = world.task("noop", json!({})).completes();
    assert_eq!(result.summary, "done");
    let first = start.elapsed();
    let run = world.task("noop", json!({}));
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut times: Vec<_> = (0..2000)
        .map(|_| {
            let attempt = run.attempt();
            let start = Instant::now();
            tokio.block_on(hob_runner::Executors::run(&world.host, attempt));
            start.elapsed()
        })
        .collect();
    times.sort();
    eprintln!("first {first:?} p50 {:?} p99 {:?}", times[1000], times[1980]);
}
