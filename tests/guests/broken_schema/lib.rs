//! Describes parameters with a schema that is none.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

struct BrokenSchema;

impl Guest for BrokenSchema {
    fn describe() -> String {
        describe("broken_schema", &json!({ "count": { "type": "a number of things" } }), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("nothing to count", None))
    }
}

export!(BrokenSchema);
