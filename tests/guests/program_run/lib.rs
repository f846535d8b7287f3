//! Runs a program and gives back what it printed.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, params, process, succeed};
use serde::Deserialize;

struct ProgramRun;

impl Guest for ProgramRun {
    fn describe() -> String {
        describe(
            "program_run",
            &json!({
                "program": { "type": "string" },
                "args": { "type": "array" },
                "env": { "type": "array" },
                "cwd": { "type": "string" },
                "stdin": { "type": "string" }
            }),
            &Asks::none().program("*").env("*").dir("/", "rw"),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { program, args, env, cwd, stdin } = params(&task)?;
        let command = process::Command {
            program,
            args,
            env,
            cwd,
            stdin: if stdin.is_empty() { process::StdinMode::Null } else { process::StdinMode::Pipe },
            stdout: process::OutputMode::Pipe,
            stderr: process::OutputMode::Pipe,
        };
        let output = process::run(&command, stdin.as_bytes(), 1 << 20).map_err(refused)?;
        let data = json!({
            "status": format!("{:?}", output.status),
            "stdout": String::from_utf8_lossy(&output.stdout),
            "stderr": String::from_utf8_lossy(&output.stderr),
            "truncated": output.truncated,
        });
        Ok(succeed("ran", Some(&data)))
    }
}

#[derive(Deserialize)]
struct Params {
    program: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: Vec<(String, String)>,
    cwd: Option<String>,
    #[serde(default)]
    stdin: String,
}

fn refused(error: process::SpawnError) -> TaskError {
    match error {
        process::SpawnError::Denied(text) => TaskError::Denied(text),
        other => failed(&format!("{other:?}")),
    }
}

export!(ProgramRun);
