//! Never finishes to say what it is.

use contract::{Guest, Success, Task, TaskError, export, succeed};
use std::hint;

struct DescribeLooping;

impl Guest for DescribeLooping {
    fn describe() -> String {
        loop {
            hint::spin_loop();
        }
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeLooping);
