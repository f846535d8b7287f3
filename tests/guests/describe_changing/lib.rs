//! Says something else of itself each time.

use contract::{Asks, describe, json};
use contract::{Guest, Success, Task, TaskError, export, succeed};
use std::hash::{BuildHasher as _, RandomState};

struct DescribeChanging;

impl Guest for DescribeChanging {
    fn describe() -> String {
        // The seed of a hash map is random.
        let random = RandomState::new().hash_one("");
        describe(&format!("changing-{random:x}"), &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeChanging);
