//! Runs a command line through the person's shell, or a program with exact arguments. Its output
//! never passes through here: the host copies it to the task's output as it comes.

mod bindings {
    #![expect(unsafe_code, reason = "the generated exports have names and pointers of the component ABI")]
    wit_bindgen::generate!({ path: "../../wit", world: "plugin" });
    export!(Shell with_types_in self);

    use super::Shell;
}

mod invocation;
mod verdict;

use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::{
        context,
        process::{self, OutputMode, SpawnError, StdinMode},
        types::{Failure, Success, Task, TaskError},
    },
};
use invocation::Invocation;

struct Shell;

impl Guest for Shell {
    fn describe() -> String {
        include_str!("describe.json").to_owned()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let shell = task.meta.iter().find(|(key, _)| key == "shell").map(|(_, path)| path.as_str());
        let invocation = Invocation::read(&task.params, shell).map_err(TaskError::InvalidParams)?;
        let child = process::spawn(&process::Command {
            program: invocation.program,
            args: invocation.args,
            env: Vec::new(),
            cwd: None,
            stdin: StdinMode::Null,
            stdout: OutputMode::TaskOutput,
            stderr: OutputMode::TaskOutput,
        })
        .map_err(not_started)?;
        let status = child.wait();
        // A program may answer the signal of a cancellation with an exit code of its own.
        if context::is_cancelled() {
            return Err(TaskError::Cancelled);
        }
        verdict::verdict(&invocation.shown, status)
    }
}

fn not_started(error: SpawnError) -> TaskError {
    let (message, retryable) = match error {
        SpawnError::Denied(text) => return TaskError::Denied(text),
        SpawnError::NotFound(text) | SpawnError::Invalid(text) => (text, false),
        SpawnError::Limit(text) | SpawnError::Os(text) => (text, true),
    };
    TaskError::Failed(Failure { message, retryable, retry_after_ms: None, data: None })
}
