//! Computes for ever.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json};
use std::hint;

struct Looping;

impl Guest for Looping {
    fn describe() -> String {
        describe("looping", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        loop {
            hint::spin_loop();
        }
    }
}

export!(Looping);
