//! Tasks that hand in tasks.

use super::all;
use crate::sandbox::{Sandbox, eventually};

/// A script that hands itself in twice; what is said to it goes into files.
const TWICE: &str =
    "for n in 1 2; do \"$HOB\" dispatch shell \"sh twice\" >> taken 2>> said || echo $? >> codes; done\n";

fn has_ended(sandbox: &Sandbox) -> bool {
    let counts = &sandbox.json(["status", "--json"])["counts"];
    counts["pending"] == 0 && counts["running"] == 0
}

fn twice(limits: &str) -> Sandbox {
    let sandbox = Sandbox::with_config(limits);
    sandbox.file("twice", TWICE);
    let hob = env!("CARGO_BIN_EXE_hob");
    let first = sandbox.hob(["dispatch", "shell", "sh twice", "--id", "first"]).env("HOB", hob).output();
    assert!(first.expect("starts").status.success());
    eventually("all of it has ended", || has_ended(&sandbox));
    sandbox
}

#[test]
fn f31_tasks_that_hand_themselves_in_twice_stop_at_the_depth_with_the_chain_in_the_message() {
    let sandbox = twice("[nesting]\ndepth = 3\n");
    assert_eq!(all(&sandbox).len(), 1 + 2 + 4 + 8);
    let codes = sandbox.read("codes");
    assert_eq!((codes.lines().count(), codes.lines().all(|code| code == "5")), (16, true), "{codes}");
    let said = sandbox.read("said");
    let refused: Vec<_> =
        said.lines().filter(|line| line.contains("tasks go 3 deep at most (nesting.depth)")).collect();
    assert_eq!(refused.len(), 16, "{said}");
    for line in refused {
        let chain = line.split("from within ").nth(1).and_then(|rest| rest.split(": ").next()).expect("a chain");
        let chain: Vec<_> = chain.split(" > ").collect();
        assert_eq!((chain.len(), chain[0]), (4, "first"), "{line}");
        assert!(chain[1..].iter().all(|id| sandbox.read("taken").lines().any(|taken| taken == *id)), "{line}");
    }
    assert!(all(&sandbox).iter().all(|task| task["state"] == "completed"));
}

#[test]
fn f31_tasks_that_hand_themselves_in_twice_stop_at_the_rate() {
    let sandbox = twice("[nesting]\ndepth = 64\nper_minute = 20\n");
    assert_eq!(all(&sandbox).len(), 21);
    assert!(sandbox.read("codes").lines().all(|code| code == "5"));
    let said = sandbox.read("said");
    assert!(said.contains("20 a minute have come of the first of them already (nesting.per_minute)"), "{said}");
}

#[test]
fn f31_a_task_cannot_hide_where_it_is_from() {
    let sandbox = Sandbox::with_config("[nesting]\ndepth = 1\n");
    let hob = env!("CARGO_BIN_EXE_hob");
    let inner = "env -i PATH=\"$PATH\" HOB_HOME=\"$HOB_HOME\" HOB_TASK=other \"$HOB\" dispatch shell true 2> said";
    sandbox.file("inner", format!("{inner}; echo $? > code\n"));
    let outer = "\"$HOB\" dispatch shell 'sh inner' --id inner";
    let dispatch = sandbox.hob(["dispatch", "shell", outer, "--id", "outer"]).env("HOB", hob).output();
    assert!(dispatch.expect("starts").status.success());
    eventually("it was answered", || sandbox.read("code").ends_with('\n'));
    assert_eq!(sandbox.read("code"), "5\n");
    assert!(sandbox.read("said").contains("from within outer > inner: tasks go 1 deep at most"));
    eventually("all of it has ended", || has_ended(&sandbox));
    assert_eq!(all(&sandbox).len(), 2);
}
