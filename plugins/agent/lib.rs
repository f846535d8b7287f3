//! Hands a task in words to an agent's command line program, and brings its answer back: the output
//! is the answer, the data say what it took.

mod bindings {
    #![expect(unsafe_code, reason = "the generated exports have names and pointers of the component ABI")]
    wit_bindgen::generate!({ path: "../../wit", world: "plugin" });
    export!(Agent with_types_in self);

    use super::Agent;
}

mod answer;
mod call;
mod clock;
mod format;
mod limit;
mod profile;
mod request;
mod verdict;

use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::{
        context,
        io::IoError,
        process::SpawnError,
        types::{Failure, Success, Task, TaskError},
    },
};
use call::Ran;
use profile::Profile;
use request::Request;
use std::time::Instant;
use verdict::Verdict;

struct Agent;

impl Guest for Agent {
    fn describe() -> String {
        include_str!("describe.json").to_owned()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let request = Request::read(&task)?;
        let mut missing = Vec::new();
        for (name, profile) in request.candidates()? {
            let started = Instant::now();
            let command = request.command(name, profile)?;
            context::progress(None, &format!("{name} begins"));
            match call::call(&command, profile.format) {
                Ok(ran) => return finish(&task, &request, name, profile, &ran, started),
                Err(SpawnError::NotFound(text)) => missing.push((name, profile, text)),
                Err(error) => return Err(not_started(error)),
            }
        }
        Err(request.none_found(&missing))
    }
}

fn finish(
    task: &Task,
    request: &Request,
    name: &str,
    profile: &Profile,
    ran: &Ran,
    started: Instant,
) -> Result<Success, TaskError> {
    // A program may answer the signal of a cancellation with an exit code, or even with an answer.
    if context::is_cancelled() {
        return Err(TaskError::Cancelled);
    }
    let asked_model = request.model(profile).map(str::to_owned);
    let verdict = Verdict {
        id: &task.id,
        name,
        profile,
        status: ran.status,
        stderr: &ran.stderr,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        asked_model,
        clock: clock::Clock::of(task),
    };
    let text = ran.answer.text.trim_end().to_owned();
    let judged = verdict.judge(&ran.answer);
    // What it said before it failed is worth having too.
    if !text.is_empty() {
        let output = context::output();
        output.write(format!("{text}\n").as_bytes()).and_then(|()| output.finish()).map_err(not_written)?;
    }
    if judged.is_err() && !ran.stderr.is_empty() {
        // The engine keeps the end of this as the failure's trace.
        eprint!("{}", ran.stderr);
    }
    judged
}

fn not_started(error: SpawnError) -> TaskError {
    if context::is_cancelled() {
        return TaskError::Cancelled;
    }
    let (message, retryable) = match error {
        SpawnError::Denied(text) => return TaskError::Denied(text),
        SpawnError::NotFound(text) | SpawnError::Invalid(text) => (text, false),
        SpawnError::Limit(text) | SpawnError::Os(text) => (text, true),
    };
    TaskError::Failed(Failure { message, retryable, retry_after_ms: None, data: None })
}

fn not_written(error: IoError) -> TaskError {
    match error {
        IoError::Cancelled => TaskError::Cancelled,
        IoError::Closed => failed("write the answer: the output was closed"),
        IoError::Limit(text) | IoError::Failed(text) => failed(&format!("write the answer: {text}")),
    }
}

fn failed(message: &str) -> TaskError {
    TaskError::Failed(Failure { message: message.to_owned(), retryable: false, retry_after_ms: None, data: None })
}
