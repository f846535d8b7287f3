//! Ends in each of the ways that nobody wants, after a word on stderr.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, failed, io, json, params};
use serde::Deserialize;
use std::hint::black_box;

struct Faulty;

impl Guest for Faulty {
    fn describe() -> String {
        let how = json!({ "how": { "enum": ["panic", "trap", "exception", "wait", "memory", "loop"] } });
        describe("faulty", &how, &Asks::none())
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { how } = params(&task)?;
        eprintln!("about to end with: {how}");
        outer_step(&how);
        Err(failed("it lived on"))
    }
}

#[inline(never)]
fn outer_step(how: &str) {
    inner_step(black_box(how));
    black_box(how);
}

#[inline(never)]
fn inner_step(how: &str) {
    match how {
        "panic" => panic!("a panic on purpose"),
        "trap" => std::process::abort(),
        "exception" => {
            eprintln!(
                "Traceback (most recent call last):\n  File \"app.py\", line 7, in run\nValueError: no such column: total"
            );
            std::process::exit(1);
        }
        "wait" => drop(io::wait(&[], None)),
        "memory" => drop(black_box(vec![1_u8; 1 << 30])),
        _ => loop {
            black_box(how);
        },
    }
}

#[derive(Deserialize)]
struct Params {
    how: String,
}

export!(Faulty);
