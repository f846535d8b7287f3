//! Says of itself what is not JSON.

use contract::{Guest, Success, Task, TaskError, export, succeed};

struct DescribeNotJson;

impl Guest for DescribeNotJson {
    fn describe() -> String {
        "{ name: describe }".to_owned()
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeNotJson);
