//! Answers with other data than it describes.

use contract::{Asks, Guest, Success, Task, TaskError, Value, describe, export, json, succeed};

struct OtherResult;

impl Guest for OtherResult {
    fn describe() -> String {
        let mut about: Value =
            serde_json::from_str(&describe("other_result", &json!({}), &Asks::none())).expect("JSON");
        about["result"] =
            json!({ "type": "object", "properties": { "words": { "type": "integer" } }, "required": ["words"] });
        about.to_string()
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("counted", Some(&json!({ "words": "many" }))))
    }
}

export!(OtherResult);
