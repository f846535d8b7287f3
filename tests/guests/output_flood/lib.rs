//! Prints a number of bytes.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, failed, json, params, succeed};
use serde::Deserialize;

struct OutputFlood;

impl Guest for OutputFlood {
    fn describe() -> String {
        describe("output_flood", &json!({ "bytes": { "type": "integer" } }), &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { bytes } = params(&task)?;
        let block = "0123456789abcde\n".repeat(4096).into_bytes();
        let output = context::output();
        let mut left = bytes;
        while left > 0 {
            let portion = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
            output.write(&block[..portion]).map_err(|error| failed(&format!("{error:?}")))?;
            left -= portion as u64;
        }
        output.finish().map_err(|error| failed(&format!("{error:?}")))?;
        Ok(succeed(&format!("{bytes} bytes"), None))
    }
}

#[derive(Deserialize)]
struct Params {
    bytes: u64,
}

export!(OutputFlood);
