//! Prints its environment and arguments.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};
use std::{collections::BTreeMap, env};

struct EnvPrint;

impl Guest for EnvPrint {
    fn describe() -> String {
        describe("env_print", &json!({}), &Asks::none().env("*"))
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let variables: BTreeMap<String, String> = env::vars().collect();
        let arguments: Vec<String> = env::args().collect();
        println!("{variables:?} {arguments:?}");
        Ok(succeed("printed", Some(&json!({ "env": variables, "args": arguments, "meta": task.meta }))))
    }
}

export!(EnvPrint);
