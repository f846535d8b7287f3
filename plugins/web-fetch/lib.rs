//! Fetches pages of the web for a model: as clean Markdown, politely, and again only when they have changed.
//! Several addresses are fetched at once, and one that fails does not hold up the others.

mod document;
mod exchange;
mod journey;
mod kept;
mod missing;
mod params;
mod report;
mod retry;
mod robots;

use hob_plugin::{About, Cancelled, Context, Executor, Success, Task, TaskError, io::Writer};
use journey::Journey;
use missing::Missing;
use params::{Params, Settings, Wish};
use report::{Data, Outcome};
use requests::{
    Turns,
    together::{self, Pending},
};
use robots::Robots;

struct WebFetch;

hob_plugin::export!(WebFetch, describe = include_str!("describe.json"));

impl Executor for WebFetch {
    type Params = Params;
    type Settings = Settings;
    type Data = Data;

    fn about() -> About {
        About::new("web-fetch", env!("CARGO_PKG_VERSION"), "Fetch pages from the web as clean Markdown")
            .answer_is_output()
            .asks_http("*", &["GET"], "it fetches the pages you name")
            .asks_state(16 << 20, "it keeps pages, so that they are sent again only when they have changed")
    }

    fn run(task: Task<Params, Settings>, context: Context) -> Result<Success<Data>, TaskError> {
        let Task { params, settings, executor, .. } = task;
        let wish = params.wish().map_err(TaskError::InvalidParams)?;
        let output = context.output();
        if wish.wanted.is_empty() {
            let summary = "nothing to fetch: there is no address in the text".to_owned();
            write(&output, &format!("{summary}\n"))?;
            return Ok(Success::with_data(summary, Data::new(&wish, &[])));
        }
        let keep = !params.no_cache;
        let robots = settings.robots.then(|| Robots::new(&executor, params.seconds, keep));
        let outcomes = fetch(&params, robots, &wish, &output, context)?;
        let data = Data::new(&wish, &outcomes);
        let missing: Vec<(String, &Missing)> =
            report::missing(&wish, &outcomes).map(|(given, missing)| (given.to_owned(), missing)).collect();
        if missing.len() == wish.wanted.len() {
            return Err(Missing::of_all(&missing, &data));
        }
        Ok(Success::with_data(report::summary(&wish, &outcomes), data))
    }
}

/// Fetches all, and writes each as it comes.
fn fetch(
    params: &Params,
    robots: Option<Robots>,
    wish: &Wish,
    output: &Writer,
    context: Context,
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
    context.progress_at(0.0, &format!("0 of {count}"));
    let ran = together::run(context, wish.wanted.iter().map(each).collect(), |index, outcome| {
        let given = &wish.wanted[index].given;
        // The failure of the only one is that of the task, and says it.
        let text = if count == 1 && outcome.is_err() { String::new() } else { report::shown(given, &outcome) };
        if let Err(error) = write(output, &text) {
            trouble = Some(error);
            return Err(Cancelled);
        }
        done += 1;
        let fraction = f64::from(done) / f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        context.progress_at(fraction, &format!("{done} of {count}: {given}"));
        outcomes[index] = Some(outcome);
        Ok(())
    });
    match ran {
        Ok(()) => Ok(outcomes),
        Err(Cancelled) => Err(trouble.unwrap_or(TaskError::Cancelled)),
    }
}

fn write(output: &Writer, text: &str) -> Result<(), TaskError> {
    output.print(text).map_err(|error| TaskError::from(error).doing("write the page"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_plugin::testing::{Answer, Ran, World, assert_description};
    use serde_json::{Value, json};
    use std::path::Path;

    #[test]
    fn it_says_what_it_is() {
        assert_description::<WebFetch>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("describe.json"));
    }

    fn run(world: World, params: &Value) -> Ran<Data> {
        world.page("https://a.example/robots.txt", Answer::new(404, "")).store().run::<WebFetch>(params)
    }

    #[test]
    fn pages_and_what_is_none_stand_beside_each_other() {
        let html = "<html><head><title>A</title></head><body><main><p>Hello there.</p></main></body></html>";
        let page = Answer::new(200, html).header("content-type", "text/html");
        let world = World::new().page("https://a.example/", page).page("https://a.example/b", Answer::new(404, ""));
        let ran = run(world, &json!({ "url": ["https://a.example/", "https://a.example/b"] }));
        assert!(ran.output.contains("Hello there.") && ran.output.contains("404 Not Found"), "{}", ran.output);
        let success = ran.result.expect("success");
        let data = serde_json::to_value(success.data).expect("JSON");
        assert_eq!((&data["fetched"], &data["failed"]), (&json!(1), &json!(1)));
        assert_eq!(data["pages"][1]["address"], Value::Null);
    }

    #[test]
    fn a_page_alone_that_there_is_not_is_a_failure_that_may_be_tried_again() {
        let busy = Answer::new(503, "").header("retry-after", "7");
        let ran = run(World::new().page("https://a.example/", busy), &json!({ "url": ["https://a.example/"] }));
        let failure = ran.failure().expect("a failure");
        assert!(failure.retryable);
        assert_eq!(failure.retry_after.map(|time| time.as_secs()), Some(7));
        let denied = World::new().run::<WebFetch>(&json!({ "url": ["https://b.example/"] }));
        assert!(matches!(denied.result, Err(TaskError::Denied(_))));
    }
}
