//! Does nothing, well.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

struct Noop;

impl Guest for Noop {
    fn describe() -> String {
        describe("noop", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(Noop);
