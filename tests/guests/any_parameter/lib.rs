//! Takes parameters that it does not know, and so any that is misspelt.

use contract::{Asks, Guest, Success, Task, TaskError, Value, describe, export, json, succeed};

struct AnyParameter;

impl Guest for AnyParameter {
    fn describe() -> String {
        let mut about: Value =
            serde_json::from_str(&describe("any_parameter", &json!({}), &Asks::none())).expect("JSON");
        about["params"] = json!({ "type": "object", "properties": { "depth": { "type": "integer" } } });
        about.to_string()
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("whatever", None))
    }
}

export!(AnyParameter);
