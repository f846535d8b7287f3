//! Notifiers that misbehave.

use crate::{
    faults::oracle,
    sandbox::{Sandbox, eventually},
};
use std::collections::BTreeSet;

/// The most memory that a process had so far, in KiB.
fn peak(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn f30_one_that_prints_a_gigabyte_and_one_that_crashes_cost_no_task_and_each_end_is_told_once() {
    let sandbox = Sandbox::new();
    let heard = sandbox.work().join("heard");
    let notifier = |then: &str| {
        let file = heard.display();
        sandbox.configure(&format!(
            "[notifications]\ndesktop = false\ngather = \"0s\"\ncommand = [\"sh\", \"-c\", \"cat >> '{file}'; {then}\"]\n"
        ));
    };
    let told = |count: usize| {
        eventually("it is told", || sandbox.read("heard").lines().count() >= count);
        sandbox.read("heard")
    };
    notifier("true");
    sandbox.ok(["dispatch", "shell", "true", "--id", "first", "--wait"]);
    told(1);
    let daemon = sandbox.daemon_pid();
    let before = peak(daemon);
    notifier("head -c 1000000000 /dev/zero");
    sandbox.ok(["dispatch", "shell", "true", "--id", "second", "--wait"]);
    sandbox.ok(["dispatch", "shell", "true", "--id", "third", "--wait"]);
    told(3);
    notifier("kill -9 $$");
    sandbox.ok(["dispatch", "shell", "true", "--id", "fourth", "--wait"]);
    told(4);
    notifier("exit 3");
    sandbox.ok(["dispatch", "shell", "true", "--id", "fifth", "--wait"]);
    let heard = told(5);
    let grown = peak(daemon).saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB more for what a notifier prints");
    for id in ["first", "second", "third", "fourth", "fifth"] {
        assert_eq!(heard.matches(&format!("\"id\":\"{id}\"")).count(), 1, "{id} in {heard}");
        assert_eq!(sandbox.state_of(id), "completed");
    }
    assert_eq!(sandbox.daemon_pid(), daemon);
    oracle::sound(&sandbox, &["first", "fifth"].map(str::to_owned).into_iter().collect::<BTreeSet<_>>());
    assert_eq!(sandbox.read("heard").lines().count(), 5, "nothing is told again at the end");
}
