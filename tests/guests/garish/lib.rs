//! Says everything of itself and of its work in hostile text.

use contract::{Guest, Success, Task, TaskError, context, export, failed, json, params, succeed};
use serde::Deserialize;

struct Garish;

/// What a terminal would obey: a clipboard, a title, a link, colours, a turned direction, C1 controls, hidden letters.
const HOSTILE: &str = "HOSTILE\u{1b}]52;c;cm0gLXJmIC8=\u{7}\u{1b}]0;owned\u{7}\u{1b}]8;;http://evil.example\u{1b}\\\
                       \u{1b}[31;42;7m\u{1b}[2J\u{202e}\u{2066}\u{9b}31m\u{9d}0;x\u{9c}\u{e0041}\u{0}\u{8}\rEND";

impl Guest for Garish {
    fn describe() -> String {
        json!({
            "name": "garish",
            "version": format!("1{HOSTILE}"),
            "summary": HOSTILE,
            "params": {
                "type": "object",
                "description": HOSTILE,
                "properties": {
                    "text": { "type": "string", "description": HOSTILE, "default": HOSTILE },
                    "mood": { "type": "string", "enum": ["plain", HOSTILE], "description": HOSTILE },
                    "fails": { "type": "boolean", "description": HOSTILE },
                    "holds": { "type": "boolean" },
                    HOSTILE: { "type": "string", "description": HOSTILE },
                },
                "additionalProperties": false,
            },
            "settings": {
                "type": "object",
                "properties": {
                    "word": { "type": "string", "description": HOSTILE, "default": HOSTILE },
                    HOSTILE: { "type": "string", "description": HOSTILE },
                },
            },
            "asks": {
                "state": { "reason": HOSTILE },
                "programs": [{ "name": "tool", "reason": HOSTILE }],
                "dirs": [{ "guest": "/x", "mode": "ro", "reason": HOSTILE }],
                "env": [{ "name": "WORD", "reason": HOSTILE }],
                "http": [{ "host": "example.org", "methods": ["*"], "reason": HOSTILE }],
            },
        })
        .to_string()
    }

    fn run(task: Task) -> Result<Success, TaskError> {
        let Params { text, fails, holds } = params(&task)?;
        context::log(context::Level::Warn, &text, &[(text.clone(), text.clone())]);
        context::progress(Some(0.5), &text);
        let output = context::output();
        let _ = output.write(text.as_bytes());
        let _ = output.finish();
        if let Ok(artifact) = context::artifact("a.txt", &text) {
            let _ = artifact.finish();
        }
        while holds && !context::is_cancelled() {
            let _ = contract::io::wait(&[&context::cancelled()], Some(1_000));
        }
        if fails { Err(failed(&text)) } else { Ok(succeed(&text, Some(&json!({ text.clone(): text })))) }
    }
}

#[derive(Deserialize)]
struct Params {
    text: String,
    #[serde(default)]
    fails: bool,
    #[serde(default)]
    holds: bool,
}

export!(Garish);
