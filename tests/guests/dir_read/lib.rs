//! Reads a file, or the names in a folder, with its language's own means.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, json, params, succeed};
use serde::Deserialize;
use std::fs;

struct DirRead;

impl Guest for DirRead {
    fn describe() -> String {
        describe("dir_read", &json!({ "path": { "type": "string" } }), &Asks::none().dir("/", "ro"))
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { path } = params(&task)?;
        if fs::metadata(&path).is_ok_and(|about| about.is_dir()) {
            let entries = fs::read_dir(&path).map_err(|error| failed(&format!("{path}: {error}")))?;
            let mut names: Vec<String> =
                entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
            names.sort();
            return Ok(succeed("listed", Some(&json!({ "names": names }))));
        }
        let bytes = fs::read(&path).map_err(|error| failed(&format!("{path}: {error}")))?;
        Ok(succeed("read", Some(&json!({ "text": String::from_utf8_lossy(&bytes) }))))
    }
}

#[derive(Deserialize)]
struct Params {
    path: String,
}

export!(DirRead);
