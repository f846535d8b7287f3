//! Takes memory until there is none.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json};
use std::hint;

struct MemoryBomb;

impl Guest for MemoryBomb {
    fn describe() -> String {
        describe("memory_bomb", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let mut taken: Vec<Vec<u8>> = Vec::new();
        loop {
            taken.push(hint::black_box(vec![1; 1 << 20]));
        }
    }
}

export!(MemoryBomb);
