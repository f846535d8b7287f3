//! Takes its parameters for right.

use contract::{Asks, Guest, Success, Task, TaskError, Value, describe, export, json, succeed};

struct Trusting;

impl Guest for Trusting {
    fn describe() -> String {
        describe("trusting", &json!({ "count": { "type": "integer", "default": 3 } }), &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let params: Value = serde_json::from_str(&task.params).expect("parameters");
        let count = params.get("count").map_or(3, |count| count.as_i64().expect("a whole number"));
        Ok(succeed(&format!("{count} things"), None))
    }
}

export!(Trusting);
