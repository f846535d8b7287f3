//! Reports progress in steps.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, json, params, succeed};
use serde::Deserialize;

struct ProgressReporter;

impl Guest for ProgressReporter {
    fn describe() -> String {
        describe("progress_reporter", &json!({ "steps": { "type": "integer" } }), &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { steps } = params(&task)?;
        for step in 1..=steps {
            context::progress(Some(f64::from(step) / f64::from(steps)), &format!("step {step} of {steps}"));
        }
        Ok(succeed(&format!("{steps} steps"), None))
    }
}

#[derive(Deserialize)]
struct Params {
    steps: u32,
}

export!(ProgressReporter);
