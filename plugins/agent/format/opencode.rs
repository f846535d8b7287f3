use super::{Reader, count, first_line, object, text, tool};
use crate::answer::{Answer, Tokens, Trouble};
use serde_json::Value;

/// One object a line: `step_start`, `text`, `tool_use`, `step_finish`, `error`.
#[derive(Default)]
pub struct Opencode {
    answer: Answer,
    /// The message that the text belongs to: the last one is the answer.
    message: String,
    turns: u64,
}

impl Reader for Opencode {
    fn line(&mut self, line: &str) -> Option<String> {
        let event = object(line)?;
        if let Some(session) = text(&event, "/sessionID") {
            self.answer.session = Some(session.to_owned());
        }
        match text(&event, "/type")? {
            "text" => {
                let (piece, message) = (text(&event, "/part/text")?, text(&event, "/part/messageID")?);
                if self.message != message {
                    message.clone_into(&mut self.message);
                    self.answer.text.clear();
                } else if !self.answer.text.is_empty() {
                    self.answer.text.push_str("\n\n");
                }
                self.answer.text.push_str(piece);
                Some(first_line(piece)).filter(|line| !line.is_empty())
            }
            "tool_use" => {
                let name = text(&event, "/part/tool")?;
                Some(match text(&event, "/part/state/title") {
                    Some(title) => format!("{name}: {}", first_line(title)),
                    None => tool(name, event.pointer("/part/state/input")),
                })
            }
            "step_finish" => {
                self.turns += 1;
                self.step(&event);
                None
            }
            "error" => {
                self.answer.trouble = Some(trouble(&event));
                None
            }
            _ => None,
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        Answer { turns: (self.turns > 0).then_some(self.turns), ..self.answer }
    }
}

impl Opencode {
    fn step(&mut self, event: &Value) {
        let tokens = |key: &str| count(event, &format!("/part/tokens/{key}")).unwrap_or_default();
        let (cached, written) = (tokens("cache/read"), tokens("cache/write"));
        let one = Tokens {
            input: tokens("input") + cached + written,
            cached: Some(cached),
            output: tokens("output") + tokens("reasoning"),
            reasoning: Some(tokens("reasoning")),
        };
        if one.input + one.output > 0 {
            self.answer.tokens.get_or_insert_default().add(one);
        }
        if let Some(cost) = event.pointer("/part/cost").and_then(Value::as_f64) {
            *self.answer.cost_usd.get_or_insert_default() += cost;
        }
    }
}

fn trouble(event: &Value) -> Trouble {
    let name = text(event, "/error/name").unwrap_or("an error");
    let header = |name: &str| text(event, &format!("/error/data/responseHeaders/{name}"))?.parse::<f64>().ok();
    let wait = header("retry-after-ms").or_else(|| header("retry-after").map(|seconds| seconds * 1000.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float saturates, as is wanted")]
    let wait = wait.map(|ms| ms.max(0.0) as u64);
    Trouble {
        message: text(event, "/error/data/message").unwrap_or(name).to_owned(),
        status: count(event, "/error/data/statusCode"),
        resets_at: None,
        retry_after_ms: wait,
        is_refusal: name == "ContentFilterError",
    }
}
