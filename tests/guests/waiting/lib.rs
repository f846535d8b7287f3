//! Waits for ever, until it is asked to stop.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, io, json};

struct Waiting;

impl Guest for Waiting {
    fn describe() -> String {
        describe("waiting", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        match io::wait(&[], None) {
            Err(io::IoError::Cancelled) => Err(TaskError::Cancelled),
            other => Err(failed(&format!("a wait for nothing ended with {other:?}"))),
        }
    }
}

export!(Waiting);
