//! Ends in each of the ways that the contract has.

use contract::{Asks, Failure, Guest, Success, Task, TaskError, describe, export, failed, json, params, succeed};
use serde::Deserialize;

struct Outcomes;

impl Guest for Outcomes {
    fn describe() -> String {
        describe("outcomes", &json!({ "outcome": { "type": "string" } }), &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { outcome } = params(&task)?;
        Err(match outcome.as_str() {
            "attempt" => return Ok(succeed(&format!("attempt {}", task.attempt), None)),
            "bad-data" => return Ok(Success { summary: "odd".to_owned(), data: Some("{not JSON".to_owned()) }),
            "huge" => return Ok(succeed(&"x".repeat(64 << 20), None)),
            "settings" => return Ok(Success { summary: "settings".to_owned(), data: Some(task.settings) }),
            "retryable" => TaskError::Failed(Failure {
                message: "not now".to_owned(),
                retryable: true,
                retry_after_ms: Some(1500),
                data: Some(json!({ "hint": 1 }).to_string()),
            }),
            "failed" => failed("on purpose"),
            "cancelled" => TaskError::Cancelled,
            "denied" => TaskError::Denied("the text of a denial".to_owned()),
            _ => TaskError::InvalidParams(vec![("/outcome".to_owned(), format!("`{outcome}` is none"))]),
        })
    }
}

#[derive(Deserialize)]
struct Params {
    outcome: String,
}

export!(Outcomes);
