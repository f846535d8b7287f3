//! What happens when a task is asked to stop.

use crate::{Test, world::World};
use hob_core::Outcome;
use serde_json::json;
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    ("a_waiting_component_is_cancelled_at_once", waiting),
    ("a_component_may_clean_up_when_it_is_cancelled", obeying),
    ("a_component_that_does_not_obey_is_dropped_after_the_grace", stubborn),
    ("a_looping_component_is_dropped_after_the_grace", looping),
    ("programs_of_a_cancelled_task_are_gone_when_it_is", programs),
];

/// Cancels a run that is under way, a little after its start.
fn cancelled(run: &crate::world::Run<'_>) -> (Outcome, Duration) {
    hob_runner::Executors::load(&run.world.host, &run.config).expect("loads");
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    tokio.block_on(async {
        let attempt = hob_runner::Executors::run(&run.world.host, run.attempt());
        let asked = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            run.cancel.0.send(true).expect("somebody listens");
            Instant::now()
        };
        let (outcome, asked) = tokio::join!(async { (attempt.await, Instant::now()) }, asked);
        (outcome.0, outcome.1.duration_since(asked))
    })
}

fn waiting(world: &World) {
    let (outcome, after) = cancelled(&world.task("waiting", json!({})));
    assert_eq!(outcome, Outcome::Cancelled);
    assert!(after < Duration::from_millis(500), "{after:?}");
}

fn obeying(world: &World) {
    let run = world.task("cancel_obeying", json!({}));
    assert_eq!(cancelled(&run).0, Outcome::Cancelled);
    assert_eq!(run.seen.text(), "cleaned up\n");
}

#[track_caller]
fn is_dropped(world: &World, guest: &str) {
    let mut run = world.task(guest, json!({}));
    run.grace = Duration::from_millis(200);
    let (outcome, after) = cancelled(&run);
    assert_eq!(outcome, Outcome::Cancelled);
    assert!(after >= run.grace && after < Duration::from_secs(2), "{after:?}");
}

fn stubborn(world: &World) {
    is_dropped(world, "stubborn");
}

fn looping(world: &World) {
    is_dropped(world, "looping");
}

fn programs(world: &World) {
    let folder = world.scratch("cancelled-programs");
    // A program that ignores the polite request, and a grandchild in a session of its own.
    let command = "trap '' TERM; echo $$ > shell; setsid sh -c 'echo $$ > grandchild; exec sleep 600' & echo up; sleep 600; sleep 600";
    let mut run = world
        .task("program_hold", json!({ "command": command, "count": 1 }))
        .grant(json!({ "programs": "any", "env": "inherit" }));
    run.environment = vec![("PATH", std::env::var("PATH").expect("a PATH"))];
    run.cwd.clone_from(&folder);
    run.grace = Duration::from_millis(300);
    hob_runner::Executors::load(&world.host, &run.config).expect("loads");
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let outcome = tokio.block_on(async {
        let attempt = hob_runner::Executors::run(&world.host, run.attempt());
        let asked = async {
            let deadline = Instant::now() + Duration::from_secs(10);
            while !(run.seen.text().contains("up") && folder.join("grandchild").exists()) {
                assert!(Instant::now() < deadline, "the programs did not start: {}", run.seen.text());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            run.cancel.0.send(true).expect("somebody listens");
        };
        tokio::join!(attempt, asked).0
    });
    assert_eq!(outcome, Outcome::Cancelled);
    for file in ["shell", "grandchild"] {
        let pid = std::fs::read_to_string(folder.join(file)).expect("a number");
        assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "{file} {pid} lives");
    }
}
