//! Waits to be asked to stop, cleans up and stops.

use contract::{Asks, Guest, Success, Task, TaskError, context, describe, export, failed, io, json};

struct CancelObeying;

impl Guest for CancelObeying {
    fn describe() -> String {
        describe("cancel_obeying", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        let cancelled = context::cancelled();
        context::progress(None, "waiting");
        io::wait(&[&cancelled], None).map_err(|error| failed(&format!("{error:?}")))?;
        let output = context::output();
        let said = output.write(b"cleaned up\n").and_then(|()| output.finish());
        said.map_err(|error| failed(&format!("{error:?}")))?;
        Err(TaskError::Cancelled)
    }
}

export!(CancelObeying);
