//! Computes for ever before anything is asked of it, where it has a variable that says so.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

struct HostileStart;

impl Guest for HostileStart {
    fn describe() -> String {
        describe("hostile_start", &json!({}), &Asks::none().env("LOOP_AT_START"))
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed("started", None))
    }
}

/// What the component's instance runs first. While it only describes itself it has no variables.
#[used]
#[expect(unsafe_code, reason = "the list of initialisers is a section of the file")]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = at_start;

extern "C" fn at_start() {
    while std::env::var_os("LOOP_AT_START").is_some() {
        std::hint::spin_loop();
    }
}

export!(HostileStart);
