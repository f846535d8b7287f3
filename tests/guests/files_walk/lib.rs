//! Reads many files in few calls.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, files, json, params, succeed};
use serde::Deserialize;

struct FilesWalk;

impl Guest for FilesWalk {
    fn describe() -> String {
        describe(
            "files_walk",
            &json!({ "root": { "type": "string" }, "globs": { "type": "array" }, "hidden": { "type": "boolean" } }),
            &Asks::none().dir("/", "ro"),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { root, globs, hidden } = params(&task)?;
        let walker = files::walk(&root, &globs, hidden).map_err(TaskError::Denied)?;
        let (mut paths, mut bytes, mut calls) = (Vec::new(), 0, 0);
        loop {
            let portion = walker.next(1 << 20);
            calls += 1;
            if portion.is_empty() {
                break;
            }
            bytes += portion.iter().map(|file| file.bytes.len()).sum::<usize>();
            paths.extend(portion.into_iter().map(|file| file.path));
        }
        let summary = format!("{} files", paths.len());
        Ok(succeed(&summary, Some(&json!({ "paths": paths, "bytes": bytes, "calls": calls }))))
    }
}

#[derive(Deserialize)]
struct Params {
    root: String,
    #[serde(default)]
    globs: Vec<String>,
    #[serde(default)]
    hidden: bool,
}

export!(FilesWalk);
