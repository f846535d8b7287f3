//! Exits with 0 and no result.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json};

struct Exiting;

impl Guest for Exiting {
    fn describe() -> String {
        describe("exiting", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        std::process::exit(0)
    }
}

export!(Exiting);
