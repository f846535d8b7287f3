//! Takes all memory to say what it is.

use contract::{Guest, Success, Task, TaskError, export, succeed};
use std::hint;

struct DescribeBomb;

impl Guest for DescribeBomb {
    fn describe() -> String {
        let mut taken: Vec<Vec<u8>> = Vec::new();
        loop {
            taken.push(hint::black_box(vec![1; 1 << 20]));
        }
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeBomb);
