use super::{Reader, count, first_line, object, text, tool};
use crate::answer::{Answer, Tokens, Trouble};
use serde_json::Value;

/// One object a line: `init`, `message`, `tool_use`, `tool_result`, `error`, and at last `result`; or one
/// object over many lines.
#[derive(Default)]
pub struct Gemini {
    answer: Answer,
    /// Everything that it said.
    all: String,
    is_answer_over: bool,
    last_error: Option<String>,
    /// Of an object that goes over several lines.
    lines: String,
}

/// What is kept of lines that are no objects. 1 MiB: an answer in one object, generously.
const MOST: usize = 1 << 20;

impl Reader for Gemini {
    fn line(&mut self, line: &str) -> Option<String> {
        let Some(event) = object(line) else {
            if self.lines.len() < MOST {
                self.lines.push_str(line);
                self.lines.push('\n');
            }
            return None;
        };
        match text(&event, "/type") {
            Some("init") => {
                self.answer.session = text(&event, "/session_id").map(str::to_owned);
                self.answer.model = text(&event, "/model").map(str::to_owned);
                None
            }
            Some("message") if text(&event, "/role") == Some("assistant") => {
                let piece = text(&event, "/content")?;
                // What it says before it uses a tool is no answer yet.
                if std::mem::take(&mut self.is_answer_over) {
                    self.answer.text.clear();
                }
                self.answer.text.push_str(piece);
                self.all.push_str(piece);
                Some(first_line(piece)).filter(|line| !line.is_empty())
            }
            Some("tool_use") => {
                self.is_answer_over = true;
                Some(tool(text(&event, "/tool_name")?, event.get("parameters")))
            }
            Some("error") => {
                if text(&event, "/severity") == Some("error") {
                    self.last_error = text(&event, "/message").map(str::to_owned);
                }
                text(&event, "/message").map(first_line)
            }
            Some("result") => {
                self.result(&event);
                None
            }
            None if event.get("session_id").is_some() => {
                self.whole(&event);
                None
            }
            _ => None,
        }
    }

    fn answer(mut self: Box<Self>) -> Answer {
        let first = self.lines.find('{').unwrap_or(self.lines.len());
        if let Some(whole) = object(&self.lines[first..]) {
            self.whole(&whole);
        }
        if self.answer.trouble.is_none() && self.answer.text.trim().is_empty() {
            self.answer.text.clone_from(&self.all);
            self.answer.trouble = self.last_error.take().map(trouble);
        }
        self.answer
    }
}

impl Gemini {
    fn result(&mut self, event: &Value) {
        let stats = |key: &str| count(event, &format!("/stats/{key}"));
        if let (Some(input), Some(output)) = (stats("input_tokens"), stats("output_tokens")) {
            // What it thought is in the total only.
            let rest = stats("total_tokens").unwrap_or_default().saturating_sub(input);
            let output = output.max(rest);
            self.answer.tokens =
                (input + output > 0).then_some(Tokens { input, cached: stats("cached"), output, reasoning: None });
        }
        if text(event, "/status") != Some("success") {
            let message = text(event, "/error/message").map(str::to_owned).or(self.last_error.take());
            self.answer.trouble = Some(trouble(message.unwrap_or_else(|| "it ended with an error".to_owned())));
        }
    }

    /// The one object of `--output-format json`.
    fn whole(&mut self, event: &Value) {
        self.answer.session = text(event, "/session_id").map(str::to_owned);
        if let Some(response) = text(event, "/response") {
            response.clone_into(&mut self.answer.text);
        }
        if let Some(message) = text(event, "/error/message") {
            self.answer.trouble = Some(trouble(message.to_owned()));
        }
        let models = event.pointer("/stats/models").and_then(Value::as_object);
        for (name, model) in models.into_iter().flatten() {
            let tokens = |key: &str| count(model, &format!("/tokens/{key}"));
            let (Some(input), Some(answer)) = (tokens("prompt"), tokens("candidates")) else { continue };
            let thoughts = tokens("thoughts");
            let output = answer + thoughts.unwrap_or_default();
            self.answer.model.get_or_insert_with(|| name.clone());
            let sum = self.answer.tokens.get_or_insert_default();
            sum.add(Tokens { input, cached: tokens("cached"), output, reasoning: thoughts });
        }
    }
}

fn trouble(message: String) -> Trouble {
    // `[API Error: …]`, and in it the server's own JSON.
    let inner = message.trim().strip_prefix("[API Error: ").map(|rest| rest.replacen(']', "", 1));
    let server = inner.as_deref().and_then(|inner| object(inner.trim().trim_end_matches(']')));
    let refused = ["blocked", "SAFETY", "PROHIBITED_CONTENT"].iter().any(|word| message.contains(word));
    let status = server.as_ref().and_then(|server| count(server, "/error/code"));
    let words = server.as_ref().and_then(|server| text(server, "/error/message")).map(str::to_owned);
    Trouble { message: words.or(inner).unwrap_or(message), status, is_refusal: refused, ..Trouble::default() }
}
