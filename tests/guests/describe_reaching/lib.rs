//! Reaches for capabilities while it says what it is.

use contract::{Asks, describe, files, json, process, state};
use contract::{Guest, Success, Task, TaskError, export, succeed};

struct DescribeReaching;

impl Guest for DescribeReaching {
    fn describe() -> String {
        let state = state::get("key").map(drop);
        let walk = files::walk("/", &[], false).map(drop);
        let folder = std::fs::read_dir("/").map(drop);
        let environment = std::env::vars().count();
        let program = process::run(
            &process::Command {
                program: "/bin/true".to_owned(),
                args: Vec::new(),
                env: Vec::new(),
                cwd: None,
                stdin: process::StdinMode::Null,
                stdout: process::OutputMode::Null,
                stderr: process::OutputMode::Null,
            },
            &[],
            1,
        );
        let program = program.map(drop).map_err(|error| format!("{error:?}"));
        let reached = [state.is_ok(), walk.is_ok(), folder.is_ok(), environment > 0, program.is_ok()];
        // Whoever reads this knows whether one of them was within reach.
        let name = format!("reached-{}", reached.iter().filter(|reached| **reached).count());
        describe(&name, &json!({}), &Asks::none().state().dir("/", "ro").program("*").env("*"))
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("done", None))
    }
}

export!(DescribeReaching);
