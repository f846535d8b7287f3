//! Fetches pages of the web for a model: as clean Markdown, politely, and again only when they have changed.
//! Several addresses are fetched at once, and one that fails does not hold up the others.

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
    export!(WebFetch with_types_in self);

    use super::WebFetch;
}

mod document;
mod exchange;
mod journey;
mod kept;
mod missing;
mod params;
mod report;
mod retry;
mod robots;

use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::types::{Failure, Success, Task, TaskError},
};
use journey::Journey;
use missing::Missing;
use params::{Params, Settings, Wish};
use report::Outcome;
use requests::{
    Turns, context,
    io::{IoError, Writer},
    together::{self, Cancelled, Pending},
};
use robots::Robots;

struct WebFetch;

impl Guest for WebFetch {
    fn describe() -> String {
        include_str!("describe.json").to_owned()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let invalid = |error: serde_json::Error| TaskError::InvalidParams(vec![(String::new(), error.to_string())]);
        let params: Params = serde_json::from_str(&task.params).map_err(invalid)?;
        let settings: Settings = serde_json::from_str(&task.settings).map_err(invalid)?;
        let wish = params.wish().map_err(TaskError::InvalidParams)?;
        let output = context::output();
        if wish.wanted.is_empty() {
            let summary = "nothing to fetch: there is no address in the text".to_owned();
            write(&output, &format!("{summary}\n"))?;
            return Ok(Success { summary, data: Some(report::data(&wish, &[])) });
        }
        let keep = !params.no_cache;
        let robots = settings.robots.then(|| Robots::new(&task.executor, params.seconds, keep));
        let outcomes = fetch(&params, robots, &wish, &output)?;
        let data = report::data(&wish, &outcomes);
        let missing: Vec<(String, &Missing)> =
            report::missing(&wish, &outcomes).map(|(given, missing)| (given.to_owned(), missing)).collect();
        if missing.len() == wish.wanted.len() {
            return Err(Missing::of_all(&missing, data));
        }
        Ok(Success { summary: report::summary(&wish, &outcomes), data: Some(data) })
    }
}

/// Fetches all, and writes each as it comes.
fn fetch(
    params: &Params,
    robots: Option<Robots>,
    wish: &Wish,
    output: &Writer,
) -> Result<Vec<Option<Outcome>>, TaskError> {
    let journey = Journey {
        format: params.format,
        whole: params.whole,
        max_bytes: params.max_bytes,
        seconds: params.seconds,
        keep: !params.no_cache,
        robots,
        turns: Turns::default(),
    };
    let count = wish.wanted.len();
    let mut outcomes: Vec<Option<Outcome>> = std::iter::repeat_with(|| None).take(count).collect();
    let mut trouble = None;
    let mut done = 0_u32;
    let each = |wanted: &'_ params::Wanted| {
        let (journey, url) = (&journey, wanted.url.clone());
        Box::pin(async move { journey.fetch(&url).await }) as Pending<'_, Outcome>
    };
    context::progress(Some(0.0), &format!("0 of {count}"));
    let ran = together::run(wish.wanted.iter().map(each).collect(), |index, outcome| {
        let given = &wish.wanted[index].given;
        // The failure of the only one is that of the task, and says it.
        let text = if count == 1 && outcome.is_err() { String::new() } else { report::shown(given, &outcome) };
        if let Err(error) = write(output, &text) {
            trouble = Some(error);
            return Err(Cancelled);
        }
        done += 1;
        let fraction = f64::from(done) / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        context::progress(Some(fraction), &format!("{done} of {count}: {given}"));
        outcomes[index] = Some(outcome);
        Ok(())
    });
    match ran {
        Ok(()) => Ok(outcomes),
        Err(Cancelled) => Err(trouble.unwrap_or(TaskError::Cancelled)),
    }
}

fn write(output: &Writer, text: &str) -> Result<(), TaskError> {
    output.write(text.as_bytes()).map_err(|error| {
        let reason = match error {
            IoError::Cancelled => return TaskError::Cancelled,
            IoError::Closed => "the output was closed".to_owned(),
            IoError::Limit(text) | IoError::Failed(text) => text,
        };
        let message = format!("write the page: {reason}");
        TaskError::Failed(Failure { message, retryable: false, retry_after_ms: None, data: None })
    })
}
