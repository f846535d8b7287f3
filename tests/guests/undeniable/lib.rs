//! Takes every power for granted.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, state, succeed};

struct Undeniable;

impl Guest for Undeniable {
    fn describe() -> String {
        describe("undeniable", &json!({}), &Asks::none().state())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        state::set("key", b"value").expect("a store");
        Ok(succeed("kept", None))
    }
}

export!(Undeniable);
