//! Researches documentation: looks through the sources that are configured or named, and brings the passages that
//! answer a question best, with their exact addresses.

mod bindings {
    #![expect(unsafe_code, reason = "the generated exports have names and pointers of the component ABI")]
    wit_bindgen::generate!({
        path: "../../wit",
        world: "plugin",
        with: {
            "hob:plugin/context@0.1.0": requests::context,
            "hob:plugin/http@0.1.0": requests::http,
            "hob:plugin/io@0.1.0": requests::io,
        },
    });
    export!(Librarian with_types_in self);

    use super::Librarian;
}

mod cache;
mod folder;
mod index;
mod markdown;
mod params;
mod passage;
mod question;
mod rank;
mod report;
mod research;
mod shelf;
mod site;
mod source;
mod synonyms;
mod web;
mod words;

use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::types::{Failure, Success, Task, TaskError},
};
use params::{Limits, Params, Settings};
use question::Question;
use requests::{context, io::IoError, together::Cancelled};
use research::Research;
use std::time::Instant;
use web::Web;
use words::Words;

struct Librarian;

impl Guest for Librarian {
    fn describe() -> String {
        include_str!("describe.json").to_owned()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let params: Params = serde_json::from_str(&task.params)
            .map_err(|error| TaskError::InvalidParams(vec![(String::new(), error.to_string())]))?;
        let settings: Settings = serde_json::from_str(&task.settings)
            .map_err(|error| failed(format!("read [executors.{}.settings]: {error}", task.executor)))?;
        let words = Words::new();
        let question = Question::read(&params.question, &words);
        let project = task.workdir.as_deref().unwrap_or(source::PROJECT);
        let sources = source::choose(&params.source, &settings.sources, &question.addresses, project)
            .map_err(|text| TaskError::InvalidParams(vec![("/source".to_owned(), text)]))?;
        let limits = Limits::of(&params, &settings, &task);
        let web = Web::new(Instant::now() + limits.time, limits.bytes);
        let mut research = Research::new(&question, &words, project, limits, &web);
        research.run(&sources).map_err(|Cancelled| TaskError::Cancelled)?;
        if research.looked.is_empty() {
            return Err(nothing(&research));
        }
        context::progress(None, "ranking");
        let found = std::mem::take(&mut research.passages);
        let best = passage::best(&question, &words, found, limits.passages);
        let output = context::output();
        let text = report::markdown(&params.question, &best, &research);
        output.write(text.as_bytes()).and_then(|()| output.finish()).map_err(unwritten)?;
        let data = report::data(&best, &research).to_string();
        Ok(Success { summary: report::summary(&best, &research), data: Some(data) })
    }
}

/// Why no source has answered.
fn nothing(research: &Research<'_>) -> TaskError {
    if let Some(denied) = &research.denied {
        return TaskError::Denied(denied.clone());
    }
    let reasons = research.failed.iter().map(|failed| format!("\n  {}: {}", failed.address, failed.why));
    let stopped = research.stopped.iter().map(|stopped| format!("\n  {stopped}"));
    let text = format!("no source could be read:{}", reasons.chain(stopped).collect::<String>());
    TaskError::Failed(Failure { message: text, retryable: true, retry_after_ms: None, data: None })
}

fn unwritten(error: IoError) -> TaskError {
    match error {
        IoError::Cancelled => TaskError::Cancelled,
        IoError::Closed => failed("write the answer: the output was closed".to_owned()),
        IoError::Limit(text) | IoError::Failed(text) => failed(format!("write the answer: {text}")),
    }
}

fn failed(message: String) -> TaskError {
    TaskError::Failed(Failure { message, retryable: false, retry_after_ms: None, data: None })
}
