//! Hands a task in words to an agent's command line program, and brings its answer back: the output
//! is the answer, the data say what it took.

mod answer;
mod call;
mod clock;
mod format;
mod limit;
mod profile;
mod request;
mod verdict;

use call::Ran;
use hob_plugin::{About, Context, Executor, Success, Task, TaskError, process::SpawnError};
use request::{Params, Request, Settings};
use std::time::Instant;
use verdict::{Data, Verdict};

struct Agent;

hob_plugin::export!(Agent, describe = include_str!("describe.json"));

impl Executor for Agent {
    type Params = Params;
    type Settings = Settings;
    type Data = Data;

    fn about() -> About {
        let summary = "Hand a task in words to a coding agent, and bring its answer back";
        About::new("agent", env!("CARGO_PKG_VERSION"), summary)
            .answer_is_output()
            .asks_program("*", "it starts the agent's own program")
            .asks_variable("*", "the agent finds your login, keys and settings as in your terminal")
    }

    fn run(task: Task<Params, Settings>, context: Context) -> Result<Success<Data>, TaskError> {
        let request = Request::read(&task)?;
        let mut missing = Vec::new();
        for (name, profile) in request.candidates()? {
            let started = Instant::now();
            let command = request.command(name, profile)?;
            context.progress(&format!("{name} begins"));
            match call::call(&command, profile.format, context) {
                Ok(ran) => {
                    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    let verdict = Verdict {
                        id: &task.id,
                        name,
                        profile,
                        status: ran.status,
                        stderr: &ran.stderr,
                        milliseconds,
                        asked_model: request.model(profile).map(str::to_owned),
                        clock: clock::Clock::of(&task),
                    };
                    return finish(&verdict, &ran, context);
                }
                Err(SpawnError::NotFound(text)) => missing.push((name, profile, text)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(request.none_found(&missing))
    }
}

fn finish(verdict: &Verdict<'_>, ran: &Ran, context: Context) -> Result<Success<Data>, TaskError> {
    // A program may answer the signal of a cancellation with an exit code, or even with an answer.
    context.check()?;
    let text = ran.answer.text.trim_end();
    let judged = verdict.judge(&ran.answer);
    // What it said before it failed is worth having too.
    if !text.is_empty() {
        let output = context.output();
        let written = output.print(&format!("{text}\n")).and_then(|()| output.finish());
        written.map_err(|error| TaskError::from(error).doing("write the answer"))?;
    }
    if judged.is_err() && !ran.stderr.is_empty() {
        // The engine keeps the end of this as the failure's trace.
        eprint!("{}", ran.stderr);
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use hob_plugin::testing::{Ended, World, assert_description};
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn it_says_what_it_is() {
        assert_description::<Agent>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("describe.json"));
    }

    fn world() -> World {
        let profiles = json!({
            "lines": { "program": "lines", "args": ["-p", ["--model", "{model}"]], "format": "claude-json" },
            "plain": { "program": "plain", "prompt": "argument" },
        });
        World::new().settings(json!({ "order": ["plain", "lines"], "agent": "lines", "profiles": profiles }))
    }

    #[test]
    fn the_answer_is_the_output_and_what_it_took_is_data() {
        let world = world().program("lines", |call| {
            assert_eq!(call.args, ["-p", "--model", "m-1"]);
            assert_eq!(call.stdin, b"do it");
            let line = json!({ "type": "result", "subtype": "success", "result": "# Done", "session_id": "s-1", "num_turns": 2 });
            Ended::printed(format!("{line}\n"))
        });
        let ran = world.run::<Agent>(&json!({ "task": "do it", "model": "m-1" }));
        assert_eq!(ran.output, "# Done\n");
        let data = serde_json::to_value(ran.result.expect("an answer").data).expect("JSON");
        assert_eq!((&data["session"], &data["turns"], &data["model"]), (&json!("s-1"), &json!(2), &json!("m-1")));
    }

    #[test]
    fn what_a_program_says_before_it_fails_is_kept() {
        let world = world().program("plain", |call| {
            assert_eq!(call.args, ["do it"]);
            Ended::printed("half of it").complained("it broke").code(3)
        });
        let ran = world.run::<Agent>(&json!({ "task": "do it", "agent": "plain" }));
        assert_eq!(ran.output, "half of it\n");
        assert_eq!(ran.failure().expect("a failure").message, "plain failed with exit code 3: it broke");
    }
}
