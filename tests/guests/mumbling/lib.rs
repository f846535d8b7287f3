//! Fails in words of its own when it is denied something.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, state, succeed};

struct Mumbling;

impl Guest for Mumbling {
    fn describe() -> String {
        describe("mumbling", &json!({}), &Asks::none().state())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        state::set("key", b"value").map_err(|_| failed("something went wrong"))?;
        Ok(succeed("kept", None))
    }
}

export!(Mumbling);
