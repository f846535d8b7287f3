//! Researches documentation: looks through the sources that are configured or named, and brings the passages that
//! answer a question best, with their exact addresses.

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

use hob_plugin::{About, Context, Executor, Failure, Success, Task, TaskError};
use params::{Limits, Params, Settings};
use question::Question;
use report::Data;
use research::Research;
use std::time::Instant;
use web::Web;
use words::Words;

struct Librarian;

hob_plugin::export!(Librarian, describe = include_str!("describe.json"));

impl Executor for Librarian {
    type Params = Params;
    type Settings = Settings;
    type Data = Data;

    fn about() -> About {
        let summary = "Find the passages of documentation that answer a question";
        About::new("librarian", env!("CARGO_PKG_VERSION"), summary)
            .answer_is_output()
            .asks_folder("/project", "ro", "it reads the documentation in the folder you are in")
            .asks_http("*", &["GET"], "it reads the documentation that is configured or named")
            .asks_state(64 << 20, "it keeps pages, so that they need not be fetched again")
    }

    fn run(task: Task<Params, Settings>, context: Context) -> Result<Success<Data>, TaskError> {
        let Task { params, settings, .. } = &task;
        let words = Words::new();
        let question = Question::read(&params.question, &words);
        let sources = source::choose(&params.source, &settings.sources, &question.addresses, task.project())
            .map_err(|text| TaskError::invalid("/source", text))?;
        let limits = Limits::of(&task);
        let web = Web::new(Instant::now() + limits.time, limits.bytes);
        let mut research = Research::new(&question, &words, task.project(), limits, &web, context);
        research.run(&sources)?;
        if research.looked.is_empty() {
            return Err(nothing(&research));
        }
        context.progress("ranking");
        let found = std::mem::take(&mut research.passages);
        let best = passage::best(&question, &words, found, limits.passages);
        let output = context.output();
        let written = output.print(&report::markdown(&params.question, &best, &research));
        written.and_then(|()| output.finish()).map_err(|error| TaskError::from(error).doing("write the answer"))?;
        Ok(Success::with_data(report::summary(&best, &research), Data::new(best, &research)))
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
    Failure::new(text).retryable().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_plugin::testing::{Answer, World, assert_description};
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn it_says_what_it_is() {
        assert_description::<Librarian>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("describe.json"));
    }

    #[test]
    fn passages_of_the_folder_and_of_a_page_that_is_named() {
        let page =
            "<html><head><title>Codes</title></head><body><h1>Exit codes</h1><p>3 means a grant.</p></body></html>";
        let page = Answer::new(200, page).header("content-type", "text/html");
        let world = World::new()
            .file("docs/a.md", "# Guide\n\n## Exit codes\n\nThe exit code 5 means that a grant is missing.\n")
            .page("https://a.example/robots.txt", Answer::new(404, ""))
            .page("https://a.example/codes", page);
        let ran = world.run::<Librarian>(&json!({ "question": "which exit code means a grant?", "source": ["docs"] }));
        let data = serde_json::to_value(ran.result.expect("passages").data).expect("JSON");
        assert_eq!(data["passages"][0]["address"], "docs/a.md#exit-codes");
        let params = json!({ "question": "which exit code means a grant?", "source": ["https://a.example/codes"] });
        let ran = world.run::<Librarian>(&params);
        let data = serde_json::to_value(ran.result.expect("passages").data).expect("JSON");
        assert_eq!(data["looked_at"][0]["title"], "Codes");
        let denied = World::new().run::<Librarian>(&params);
        assert!(matches!(denied.result, Err(TaskError::Denied(_))));
    }
}
