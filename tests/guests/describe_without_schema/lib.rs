//! Says of itself that its parameters are a number.

use contract::{Guest, Success, Task, TaskError, export, succeed};

struct DescribeWithoutSchema;

impl Guest for DescribeWithoutSchema {
    fn describe() -> String {
        r#"{"name":"describe_without_schema","version":"0.1.0","summary":"odd","params":{"type":"integer"}}"#.to_owned()
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeWithoutSchema);
