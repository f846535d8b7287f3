//! Searches a folder for several patterns at once. The host does the searching, on all cores; this
//! makes the report for a person, the typed data for a program and the summary for both.

mod about;
mod data;
mod groups;
mod params;
mod refusal;
mod report;
mod summary;
mod words;

use data::{Collector, Data};
use groups::Groups;
use hob_plugin::{About, Context, Executor, NoSettings, Success, Task, TaskError, search::Hits};
use params::Params;
use report::Report;

struct Explore;

hob_plugin::export!(Explore, describe = include_str!("describe.json"));

impl Executor for Explore {
    type Params = Params;
    type Settings = NoSettings;
    type Data = Data;

    fn about() -> About {
        About::new("explore", env!("CARGO_PKG_VERSION"), "Search a folder for several patterns at once").asks_folder(
            "/project",
            "ro",
            "it searches the folder you are in",
        )
    }

    fn run(task: Task<Params>, context: Context) -> Result<Success<Data>, TaskError> {
        let params = task.params.clone().checked()?;
        let root = params.root(&task)?;
        context.progress("searching");
        let hits = params.query().run(&root).map_err(|refused| refusal::explain(&params, &root, refused))?;
        let (found, lines) = collect(&params, &hits, context)?;
        let mut stats = hits.stats()?;
        stats.truncated |= params.is_about() && lines < stats.hits;
        let summary = summary::summary(&task.id, &params, &stats, lines, &found.busiest());
        Ok(Success::with_data(summary, found.into_data(&params.pattern, stats)))
    }
}

/// Lines in one call of the host: enough that calls cost nothing, few enough for live output.
const LINES_AT_ONCE: u32 = 1024;

/// Writes the report while hits come in; gives the data and the number of hits that were written.
fn collect(params: &Params, hits: &Hits, context: Context) -> Result<(Collector, u64), TaskError> {
    let output = context.output();
    let report = Report::new(&params.pattern, params.has_context());
    let unwritten = |error| TaskError::from(error).doing("write the report");
    let mut data = Collector::new(params.files_only);
    let mut groups = Groups::default();
    let mut held = Vec::new();
    loop {
        let lines = hits.next(LINES_AT_ONCE)?;
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
            output.print(&text).map_err(unwritten)?;
        }
        if last {
            break;
        }
        if !params.is_about() {
            context.progress(&format!("{} in {}", summary::hits(data.hits()), summary::files(data.files())));
        }
    }
    output.finish().map_err(unwritten)?;
    let shown = data.hits();
    Ok((data, shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_plugin::testing::{Ran, World, assert_description};
    use serde_json::{Value, json};
    use std::path::Path;

    #[test]
    fn it_says_what_it_is() {
        assert_description::<Explore>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("describe.json"));
    }

    fn run(params: &Value) -> Ran<Data> {
        let files = [("a.rs", "fn main() {\n    // TODO: say hello\n}\n"), ("b/c.md", "todo\n")];
        files.into_iter().fold(World::new(), |world, (path, text)| world.file(path, text)).run::<Explore>(params)
    }

    #[test]
    fn the_report_the_summary_and_the_data_say_the_same() {
        let ran = run(&json!({ "pattern": ["todo", "fn \\w+"] }));
        let told = "a.rs (2 hits)\n   1: fn main() {   ← fn \\w+\n   2:     // TODO: say hello   ← todo\n\n";
        assert!(ran.output.starts_with(told), "{}", ran.output);
        let success = ran.result.expect("hits");
        assert!(
            success.summary.starts_with("2 patterns, 3 hits in 2 files (2 files searched)")
                || success.summary.starts_with("2 patterns, 3 hits in 2 files (2 searched)"),
            "{}",
            success.summary
        );
        let data = serde_json::to_value(success.data).expect("JSON");
        assert_eq!(data["patterns"], json!([{ "pattern": "todo", "hits": 2 }, { "pattern": "fn \\w+", "hits": 1 }]));
        assert_eq!(data["files"][1]["path"], "b/c.md");
    }

    #[test]
    fn what_is_refused_is_told_of_the_parameter_that_is_to_blame() {
        let misfits = |params| match run(&params).result {
            Err(TaskError::InvalidParams(misfits)) => misfits.into_iter().map(|(pointer, _)| pointer).collect(),
            _ => Vec::new(),
        };
        assert_eq!(misfits(json!({ "pattern": ["x", "("] })), ["/pattern/1"]);
        assert_eq!(misfits(json!({ "pattern": ["x"], "glob": ["{"] })), ["/glob/0"]);
        assert_eq!(misfits(json!({ "pattern": ["x"], "path": "no" })), ["/path"]);
        assert_eq!(misfits(json!({ "pattern": ["x"], "path": "/etc" })), ["/path"]);
        let denied = World::new().without_folder().run::<Explore>(&json!({ "pattern": ["x"] }));
        assert!(matches!(denied.result, Err(TaskError::Denied(_))));
    }
}
