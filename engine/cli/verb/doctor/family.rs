//! How far the promise holds on this machine that nothing outlives its task.

use super::{Check, Status};
use hob_process::{Family, family};
use serde_json::json;

pub fn check() -> Check<'static> {
    let Family { reapers, marks, cgroup } = family();
    let facts = json!({ "reapers": reapers, "marks": marks, "cgroup": cgroup });
    let check = |status, message: &str| Check::new("processes", status, message).facts(facts.clone());
    match (reapers, marks) {
        (true, true) => check(Status::Ok, "every process of a task ends with it, also where hob itself is killed"),
        (true, false) => check(
            Status::Ok,
            "every process of a task ends with it, unless hob is killed as a whole: programs cannot be marked here",
        ),
        (false, _) => check(
            Status::Warning,
            "a process of a task that leaves both its group and its parent may outlive it: this system has no subreaper",
        ),
    }
}
