//! Waits for ever, whatever it is asked.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, io, json};

struct Stubborn;

impl Guest for Stubborn {
    fn describe() -> String {
        describe("stubborn", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        loop {
            // It has been asked to stop, and does not care.
            let _ = io::wait(&[], None);
        }
    }
}

export!(Stubborn);
