//! Starts programs and waits for all of them, or forgets them.

use contract::{
    Asks, Guest, Success, Task, TaskError, context, describe, export, failed, json, params, process, succeed,
};
use serde::Deserialize;

struct ProgramHold;

impl Guest for ProgramHold {
    fn describe() -> String {
        describe(
            "program_hold",
            &json!({ "command": { "type": "string" }, "count": { "type": "integer" }, "forget": { "type": "boolean" } }),
            &Asks::none().program("*").env("*"),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { command, count, forget } = params(&task)?;
        let mut children = Vec::new();
        for _ in 0..count {
            let child = process::spawn(&process::Command {
                program: "sh".to_owned(),
                args: vec!["-c".to_owned(), command.clone()],
                env: Vec::new(),
                cwd: None,
                stdin: process::StdinMode::Null,
                stdout: process::OutputMode::TaskOutput,
                stderr: process::OutputMode::TaskOutput,
            });
            children.push(child.map_err(refused)?);
            context::progress(None, &format!("started {}", children.len()));
        }
        if forget {
            return Ok(succeed("forgotten", None));
        }
        let statuses: Vec<String> = children.iter().map(|child| format!("{:?}", child.wait())).collect();
        Ok(succeed("waited", Some(&json!({ "statuses": statuses }))))
    }
}

#[derive(Deserialize)]
struct Params {
    command: String,
    count: u32,
    #[serde(default)]
    forget: bool,
}

fn refused(error: process::SpawnError) -> TaskError {
    match error {
        process::SpawnError::Denied(text) => TaskError::Denied(text),
        other => failed(&format!("{other:?}")),
    }
}

export!(ProgramHold);
