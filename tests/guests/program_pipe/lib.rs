//! Talks with a program line by line while it runs.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, params, process, succeed};
use serde::Deserialize;

struct ProgramPipe;

impl Guest for ProgramPipe {
    fn describe() -> String {
        describe("program_pipe", &json!({ "lines": { "type": "integer" } }), &Asks::none().program("cat"))
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let child = process::spawn(&process::Command {
            program: "cat".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: process::StdinMode::Pipe,
            stdout: process::OutputMode::Pipe,
            stderr: process::OutputMode::Null,
        })
        .map_err(refused)?;
        let (stdin, stdout) = child.take_stdin().zip(child.take_stdout()).ok_or_else(|| failed("no pipes"))?;
        let Params { lines } = params(&task)?;
        let mut echoed = Vec::new();
        for number in 0..lines {
            let line = format!("line {number}\n");
            stdin.write(line.as_bytes()).map_err(|error| failed(&format!("write: {error:?}")))?;
            let mut got = Vec::new();
            while got.len() < line.len() {
                let read = stdout.read(4096).map_err(|error| failed(&format!("read: {error:?}")))?;
                got.extend(read.ok_or_else(|| failed("the stream ended early"))?);
            }
            echoed.push(String::from_utf8_lossy(&got).trim_end().to_owned());
        }
        stdin.finish().map_err(|error| failed(&format!("finish: {error:?}")))?;
        drop(stdin);
        let rest = stdout.read(1).map_err(|error| failed(&format!("end: {error:?}")))?;
        let status = format!("{:?}", child.wait());
        Ok(succeed("talked", Some(&json!({ "echoed": echoed, "ended": rest.is_none(), "status": status }))))
    }
}

#[derive(Deserialize)]
struct Params {
    lines: u32,
}

fn refused(error: process::SpawnError) -> TaskError {
    match error {
        process::SpawnError::Denied(text) => TaskError::Denied(text),
        other => failed(&format!("{other:?}")),
    }
}

export!(ProgramPipe);
