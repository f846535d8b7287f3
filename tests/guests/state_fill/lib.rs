//! Puts more into its store than it may hold.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, state, succeed};

struct StateFill;

impl Guest for StateFill {
    fn describe() -> String {
        describe("state_fill", &json!({}), &Asks::none().state())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let value = vec![0; 1 << 16];
        for number in 0..u32::MAX {
            state::set(&format!("key-{number}"), &value).map_err(|text| failed(&text))?;
        }
        Ok(succeed("it is endless", None))
    }
}

export!(StateFill);
