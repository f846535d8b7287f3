//! Takes more memory than an executor has.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};
use std::hint::black_box;

struct Hungry;

impl Guest for Hungry {
    fn describe() -> String {
        describe("hungry", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let table = black_box(vec![0_u8; 300 << 20]);
        Ok(succeed(&format!("{} bytes", table.len()), None))
    }
}

export!(Hungry);
