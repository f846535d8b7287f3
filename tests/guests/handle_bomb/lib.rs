//! Asks for more handles than a table holds.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, json};

struct HandleBomb;

impl Guest for HandleBomb {
    fn describe() -> String {
        describe("handle_bomb", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let mut held = Vec::new();
        loop {
            held.push(context::cancelled());
        }
    }
}

export!(HandleBomb);
