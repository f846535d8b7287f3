//! Counts its runs in the store that outlives a task.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, state, succeed};

struct StateCounter;

impl Guest for StateCounter {
    fn describe() -> String {
        describe("state_counter", &json!({}), &Asks::none().state())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let stored = state::get("runs").map_err(TaskError::Denied)?;
        let text = stored.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let runs = text.parse::<u32>().unwrap_or(0) + 1;
        state::set("runs", runs.to_string().as_bytes()).map_err(TaskError::Denied)?;
        let keys = state::keys("").map_err(TaskError::Denied)?;
        Ok(succeed(&format!("run {runs}"), Some(&json!({ "runs": runs, "keys": keys }))))
    }
}

export!(StateCounter);
