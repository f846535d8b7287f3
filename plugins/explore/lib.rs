//! Searches a folder for several patterns at once. The host does the searching, on all cores; this
//! makes the report for a person, the typed data for a program and the summary for both.

mod bindings {
    #![expect(unsafe_code, reason = "the generated exports have names and pointers of the component ABI")]
    wit_bindgen::generate!({ path: "../../wit", world: "plugin" });
    export!(Explore with_types_in self);

    use super::Explore;
}

mod about;
mod data;
mod groups;
mod params;
mod refusal;
mod report;
mod stats;
mod summary;
mod words;

use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::{
        context,
        io::IoError,
        search::{self, Hits},
        types::{Failure, Success, Task, TaskError},
    },
};
use data::Data;
use groups::Groups;
use params::Params;
use report::Report;
use stats::Stats;

struct Explore;

impl Guest for Explore {
    fn describe() -> String {
        include_str!("describe.json").to_owned()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let params = Params::read(&task.params).map_err(|misfit| TaskError::InvalidParams(vec![misfit]))?;
        let root = params.root(&task).map_err(|text| TaskError::InvalidParams(vec![("/path".to_owned(), text)]))?;
        context::progress(None, "searching");
        let hits =
            search::grep(&root, &params.query()).map_err(|text| refusal::explain(&task, &params, &root, text))?;
        let (data, lines) = collect(&params, &hits)?;
        let mut stats: Stats = serde_json::from_str(&hits.stats()).map_err(|error| failed(&error.to_string()))?;
        stats.truncated |= params.is_about() && lines < stats.hits;
        let summary = summary::summary(&task.id, &params, &stats, lines, &data.busiest());
        Ok(Success { summary, data: Some(data.into_json(&params.pattern, &stats)) })
    }
}

/// Lines in one call of the host: enough that calls cost nothing, few enough for live output.
const LINES_AT_ONCE: u32 = 1024;

/// Writes the report while hits come in; gives the data and the number of hits that were written.
fn collect(params: &Params, hits: &Hits) -> Result<(Data, u64), TaskError> {
    let output = context::output();
    let report = Report::new(&params.pattern, params.has_context());
    let mut data = Data::new(params.files_only);
    let mut groups = Groups::default();
    let mut held = Vec::new();
    loop {
        let lines = hits.next(LINES_AT_ONCE).map_err(|text| failed(&text))?;
        let last = lines.is_empty();
        held.extend(if last { groups.rest() } else { groups.add(lines) });
        if params.is_about() && last {
            held = about::best(held, params);
        }
        // What a sentence is about can only be told when everything is there.
        if last || !params.is_about() {
            let mut text = String::new();
            for group in held.drain(..) {
                data.add(&group);
                if params.files_only {
                    report.file(&group, &mut text);
                } else {
                    report.lines(&group, &mut text);
                }
            }
            output.write(text.as_bytes()).map_err(not_written)?;
        }
        if last {
            break;
        }
        if !params.is_about() {
            context::progress(None, &format!("{} in {}", summary::hits(data.hits()), summary::files(data.files())));
        }
    }
    output.finish().map_err(not_written)?;
    let shown = data.hits();
    Ok((data, shown))
}

fn not_written(error: IoError) -> TaskError {
    match error {
        IoError::Cancelled => TaskError::Cancelled,
        IoError::Closed => failed("write the report: the output was closed"),
        IoError::Limit(text) | IoError::Failed(text) => failed(&format!("write the report: {text}")),
    }
}

/// The failure that `text` describes, unless the task was asked to stop, which then is the reason.
fn failed(text: &str) -> TaskError {
    if context::is_cancelled() {
        return TaskError::Cancelled;
    }
    TaskError::Failed(Failure { message: text.to_owned(), retryable: false, retry_after_ms: None, data: None })
}
