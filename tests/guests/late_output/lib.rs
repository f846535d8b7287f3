//! Keeps all of its output for the end; with `{"late": false}` it writes as it goes.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, failed, io, json, params, succeed};
use serde::Deserialize;

/// Parts of its work.
const PARTS: usize = 10;

struct LateOutput;

impl Guest for LateOutput {
    fn describe() -> String {
        describe("late_output", &json!({ "late": { "type": "boolean", "default": true } }), &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { late } = params(&task)?;
        let output = context::output();
        let write = |bytes: &[u8]| output.write(bytes).map_err(|error| failed(&format!("{error:?}")));
        let part = "a line of a report\n".repeat(500).into_bytes();
        let mut kept = Vec::new();
        let cancelled = context::cancelled();
        for _ in 0..PARTS {
            let ready = io::wait(&[&cancelled], Some(80)).map_err(|error| failed(&format!("{error:?}")))?;
            if !ready.is_empty() {
                return Err(TaskError::Cancelled);
            }
            if late { kept.extend_from_slice(&part) } else { write(&part)? }
        }
        write(&kept)?;
        Ok(succeed("reported", None))
    }
}

#[derive(Deserialize)]
struct Params {
    #[serde(default = "yes")]
    late: bool,
}

fn yes() -> bool {
    true
}

export!(LateOutput);
