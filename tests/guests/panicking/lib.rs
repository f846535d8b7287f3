//! Panics.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json};

struct Panicking;

impl Guest for Panicking {
    fn describe() -> String {
        describe("panicking", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        panic!("this guest panics on purpose")
    }
}

export!(Panicking);
