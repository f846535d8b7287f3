//! Takes more memory than an executor has.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

struct Hungry;

impl Guest for Hungry {
    fn describe() -> String {
        describe("hungry", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let table: Vec<u8> = vec![1; 300 << 20];
        Ok(succeed(&format!("{} bytes", table.iter().map(|byte| u64::from(*byte)).sum::<u64>()), None))
    }
}

export!(Hungry);
