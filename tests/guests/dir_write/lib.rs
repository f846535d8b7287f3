//! Writes, removes, renames or links with its language's own means.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, params, succeed};
use serde::Deserialize;
use std::fs;

struct DirWrite;

impl Guest for DirWrite {
    fn describe() -> String {
        describe(
            "dir_write",
            &json!({ "action": { "type": "string" }, "path": { "type": "string" }, "to": { "type": "string" } }),
            &Asks::none().dir("/", "rw"),
        )
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { action, path, to } = params(&task)?;
        let done = match action.as_str() {
            "write" => fs::write(&path, &to),
            "remove" => fs::remove_file(&path),
            "rename" => fs::rename(&path, &to),
            "link" => fs::hard_link(&path, &to),
            "mkdir" => fs::create_dir(&path),
            "truncate" => fs::OpenOptions::new().write(true).truncate(true).open(&path).map(drop),
            _ => return Err(TaskError::InvalidParams(vec![("/action".to_owned(), action)])),
        };
        done.map_err(|error| failed(&format!("{action} {path}: {error}")))?;
        Ok(succeed(&action, None))
    }
}

#[derive(Deserialize)]
struct Params {
    action: String,
    path: String,
    /// Where to, or what to write.
    #[serde(default)]
    to: String,
}

export!(DirWrite);
