//! A component that imports what no engine offers.

use contract::{Asks, Guest, Success, Task, TaskError, describe, export, json, succeed};

mod extra {
    wit_bindgen::generate!({
        inline: "
            package acme:extra@1.0.0;

            interface powers {
              fly: func() -> bool;
            }

            world extra {
              import powers;
            }
        ",
    });
}

struct ExtraImport;

impl Guest for ExtraImport {
    fn describe() -> String {
        describe("extra_import", &json!({}), &Asks::none())
    }

    fn run(_task: Task) -> Result<Success, TaskError> {
        Ok(succeed(if extra::acme::extra::powers::fly() { "flew" } else { "fell" }, None))
    }
}

export!(ExtraImport);
