//! Overflows its stack.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

struct DeepRecursion;

impl Guest for DeepRecursion {
    fn describe() -> String {
        describe("deep_recursion", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed(&deeper(1).to_string(), None))
    }
}

fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    here[0] + if depth == 0 { 0 } else { deeper(depth + 1) }
}

export!(DeepRecursion);
