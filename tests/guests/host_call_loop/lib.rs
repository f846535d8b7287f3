//! Calls the host for ever.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, json};

struct HostCallLoop;

impl Guest for HostCallLoop {
    fn describe() -> String {
        describe("host_call_loop", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        loop {
            context::is_cancelled();
        }
    }
}

export!(HostCallLoop);
