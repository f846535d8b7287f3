use super::{Reader, count, first_line, object, text, tool};
use crate::answer::{Answer, Tokens, Trouble};
use serde_json::Value;

/// One object a line: `system`, `assistant`, `user`, `rate_limit_event`, and at last `result`.
#[derive(Default)]
pub struct Claude {
    answer: Answer,
    /// When the limit is over that the last `rate_limit_event` told of.
    resets_at: Option<i64>,
}

impl Reader for Claude {
    fn line(&mut self, line: &str) -> Option<String> {
        let event = object(line)?;
        if let Some(session) = text(&event, "/session_id") {
            self.answer.session = Some(session.to_owned());
        }
        match text(&event, "/type")? {
            "system" => match text(&event, "/subtype")? {
                "init" => {
                    self.answer.model = text(&event, "/model").map(str::to_owned);
                    None
                }
                "api_retry" => Some(format!(
                    "waits for its server ({}), attempt {} of {}",
                    text(&event, "/error").unwrap_or("an error"),
                    count(&event, "/attempt")?,
                    count(&event, "/max_retries")?
                )),
                _ => None,
            },
            "assistant" => assistant(&event),
            "rate_limit_event" => {
                if text(&event, "/rate_limit_info/status") == Some("rejected") {
                    self.resets_at = event.pointer("/rate_limit_info/resetsAt").and_then(Value::as_i64);
                }
                None
            }
            "result" => {
                self.result(&event);
                None
            }
            _ => None,
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        self.answer
    }
}

fn assistant(event: &Value) -> Option<String> {
    let content = event.pointer("/message/content")?.as_array()?;
    let last = content.iter().rev().find_map(|block| match text(block, "/type")? {
        "tool_use" => Some(tool(text(block, "/name")?, block.get("input"))),
        "text" => Some(first_line(text(block, "/text")?)),
        _ => None,
    });
    last.filter(|line| !line.is_empty())
}

impl Claude {
    fn result(&mut self, event: &Value) {
        let answer = &mut self.answer;
        answer.cost_usd = event.pointer("/total_cost_usd").and_then(Value::as_f64);
        answer.turns = count(event, "/num_turns");
        answer.tokens = tokens(event);
        let denials = event.pointer("/permission_denials").and_then(Value::as_array).into_iter().flatten();
        for name in denials.filter_map(|denial| text(denial, "/tool_name")) {
            if !answer.refused_tools.iter().any(|known| known == name) {
                answer.refused_tools.push(name.to_owned());
            }
        }
        let said = text(event, "/result").unwrap_or_default();
        let subtype = text(event, "/subtype").unwrap_or("success");
        if event.pointer("/is_error").and_then(Value::as_bool) != Some(true) && subtype == "success" {
            said.clone_into(&mut answer.text);
            return;
        }
        let errors = event.pointer("/errors").and_then(Value::as_array).into_iter().flatten();
        let errors: Vec<&str> = errors.filter_map(Value::as_str).collect();
        let message = match subtype {
            _ if !said.is_empty() => said.to_owned(),
            _ if !errors.is_empty() => errors.join("\n"),
            "error_max_turns" => "it used up the turns that it may take".to_owned(),
            "error_max_budget_usd" => "it used up the money that it may spend".to_owned(),
            other => other.replace('_', " "),
        };
        answer.trouble = Some(Trouble {
            message,
            status: count(event, "/api_error_status"),
            resets_at: self.resets_at,
            retry_after_ms: None,
            is_refusal: text(event, "/stop_reason") == Some("refusal"),
        });
    }
}

/// The sum over its models, for it may use several.
fn tokens(event: &Value) -> Option<Tokens> {
    let one = |usage: &Value, [input, created, read, output]: [&str; 4]| {
        let count = |key: &str| usage.get(key).and_then(Value::as_u64).unwrap_or_default();
        let input = count(input) + count(created) + count(read);
        Tokens { input, cached: Some(count(read)), output: count(output), reasoning: None }
    };
    let models = event.pointer("/modelUsage").and_then(Value::as_object).filter(|models| !models.is_empty());
    let mut sum = Tokens::default();
    if let Some(models) = models {
        let keys = ["inputTokens", "cacheCreationInputTokens", "cacheReadInputTokens", "outputTokens"];
        models.values().for_each(|usage| sum.add(one(usage, keys)));
    } else {
        let keys = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"];
        sum.add(one(event.get("usage")?, keys));
    }
    (sum.input + sum.output > 0).then_some(sum)
}
