//! Leaves a file with the task.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, failed, json, params, succeed};
use serde::Deserialize;

struct ArtifactWrite;

impl Guest for ArtifactWrite {
    fn describe() -> String {
        describe(
            "artifact_write",
            &json!({ "name": { "type": "string" }, "text": { "type": "string" }, "finish": { "type": "boolean" } }),
            &Asks::none(),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { name, text, finish } = params(&task)?;
        let writer = context::artifact(&name, "text/plain").map_err(|text| failed(&text))?;
        writer.write(text.as_bytes()).map_err(|error| failed(&format!("{error:?}")))?;
        if finish {
            writer.finish().map_err(|error| failed(&format!("{error:?}")))?;
        }
        Ok(succeed("left", None))
    }
}

#[derive(Deserialize)]
struct Params {
    name: String,
    text: String,
    /// Otherwise the file is discarded.
    finish: bool,
}

export!(ArtifactWrite);
