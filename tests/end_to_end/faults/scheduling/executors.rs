//! Executors that are missing, do not load, or take their worker with them.

use super::{all, batch, wait};
use crate::{
    denials::guest,
    faults::oracle,
    sandbox::{Sandbox, eventually},
};
use hob_fault_case::Case;
use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

#[test]
fn f22_a_component_that_is_missing_or_broken_keeps_its_tasks_waiting_and_they_run_when_it_is_back() {
    let sandbox = Sandbox::new();
    let (component, kept) = (sandbox.file("own/it.wasm", ""), guest("noop"));
    fs::copy(&kept, &component).expect("copied");
    sandbox
        .configure(&format!("[daemon]\nautostart = false\n[executors.own]\ncomponent = \"{}\"\n", component.display()));
    sandbox.ok(["dispatch", "own", "--id", "missing"]);
    fs::remove_file(&component).expect("removed");
    sandbox.ok(["daemon", "start"]);
    let daemon = sandbox.daemon_pid();
    let waits = |id: &str, words: &str| {
        eventually("it waits, and says why", || {
            sandbox.show(id)["blocked"].as_str().is_some_and(|why| why.contains("it.wasm") && why.contains(words))
        });
        // Others run.
        sandbox.ok(["dispatch", "shell", "true", "--wait"]);
        assert_eq!(sandbox.state_of(id), "pending");
        let found = sandbox.run(["doctor"]);
        assert!(found.stdout.contains("1 of own cannot start"), "{found:?}");
    };
    waits("missing", "No such file");
    let since = Instant::now();
    fs::copy(&kept, &component).expect("it is back");
    assert_eq!(sandbox.wait(&["missing"]), 0);
    assert!(since.elapsed() < Duration::from_secs(20), "noticed, and not found at a look: {:?}", since.elapsed());

    sandbox.ok(["daemon", "stop"]);
    sandbox.ok(["dispatch", "own", "--id", "broken"]);
    fs::write(&component, "\0asm and nothing else").expect("broken");
    sandbox.ok(["daemon", "start"]);
    waits("broken", "");
    fs::copy(&kept, &component).expect("it is back");
    assert_eq!(sandbox.wait(&["broken"]), 0);
    assert_ne!(sandbox.daemon_pid(), daemon, "it was stopped once in between, and not for that");
    for id in ["missing", "broken"] {
        assert_eq!(sandbox.state_of(id), "completed");
    }
}

/// A command that kills the worker which runs it: above it are its guard, the zygote, and that.
const KILLER: &str = "above() { cut -d' ' -f4 \"/proc/$1/stat\"; }; echo x >> killed; kill -9 \"$(above \"$(above $PPID)\")\"; sleep 600";

#[test]
fn f24_tasks_that_kill_their_worker_fail_the_others_finish_and_their_executor_is_set_aside() {
    let case = Case::begin(24);
    // Beside the one that kills is what may run twice.
    let sandbox = Sandbox::with_config(
        "[executors.killer]\nextends = \"shell\"\nrepeatable = false\n[executors.shell]\nrepeatable = true\n",
    );
    let count = case.scale(36, 996);
    let ids = batch(&sandbox, (0..count).map(|n| (format!("t{n}"), format!("echo {n} >> ran; sleep 0.2"))));
    let killers = ["k0", "k1", "k2", "k3"];
    for id in killers {
        sandbox.ok(["dispatch", "killer", KILLER, "--id", id, "--priority", "high"]);
        // The daemon that a killed one is followed by may be short-lived itself, and then nobody follows it.
        eventually("it has killed, or waits", || {
            sandbox.ok(["daemon", "start"]);
            let task = sandbox.show(id);
            task["state"] == "failed" || task["blocked"].is_string()
        });
    }
    assert_eq!(wait(&sandbox, &ids), 0, "the others finish");
    for id in &killers[..3] {
        assert_eq!(sandbox.show(id)["failure"]["kind"], "worker-lost");
    }
    assert_eq!(sandbox.read("killed").lines().count(), 3, "the fourth did not run");
    let fourth = sandbox.show("k3");
    assert_eq!(fourth["state"], "pending");
    let reason = fourth["blocked"].as_str().expect("a reason");
    assert!(reason.contains("3 times in a row the worker died"), "{reason}");
    assert!(reason.contains("`hob executors killer --let-go`"), "{reason}");
    assert!(sandbox.run(["doctor"]).stdout.contains("hob executors killer --let-go"));
    assert!(sandbox.ok(["status"]).contains("1 of killer wait: set aside"));
    // A file of the configuration that changes does not let it go; a person does.
    sandbox.configure("[executors.killer]\nextends = \"shell\"\n");
    sandbox.ok(["dispatch", "shell", "true", "--wait"]);
    assert_eq!(sandbox.state_of("k3"), "pending");
    sandbox.ok(["cancel", "k3"]);
    sandbox.ok(["dispatch", "killer", "true", "--id", "harmless"]);
    assert_eq!(sandbox.state_of("harmless"), "pending");
    assert!(sandbox.ok(["executors", "killer", "--let-go"]).contains("run again"));
    assert_eq!(sandbox.wait(&["harmless"]), 0);
    assert!(sandbox.ok(["executors", "killer", "--let-go"]).contains("was not set aside"));

    let lost = all(&sandbox).iter().filter(|task| task["failure"]["kind"] == "worker-lost").count() as u64;
    let known: BTreeSet<String> = ids.into_iter().collect();
    oracle::sound(&sandbox, &known);
    case.end("workers killed by a task", 3, lost - 3, 0, &format!("all {count} others completed"));
}
