//! What an attempt costs. The figure itself is `examples/overhead.rs`; here is what would show that
//! something heavy crept into every attempt, on the slowest machine.

use crate::{Test, world::World};
use serde_json::json;
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[("a_component_that_does_nothing_costs_next_to_nothing", noop)];

fn noop(world: &World) {
    let run = world.task("noop", json!({}));
    assert_eq!(run.completes().summary, "done");
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut spent: Vec<Duration> = (0..500)
        .map(|_| {
            let attempt = run.attempt();
            let start = Instant::now();
            tokio.block_on(hob_runner::Executors::run(&world.host, attempt));
            start.elapsed()
        })
        .collect();
    spent.sort();
    // Twenty times the goal; loading the component again for each would be a hundred times.
    assert!(spent[250] < Duration::from_millis(1), "median {:?}", spent[250]);
}
