use super::{Reader, count, first_line, object, text};
use crate::answer::{Answer, Tokens, Trouble};
use serde_json::Value;

/// One object a line: `thread.started`, `turn.started`, `item.…`, `turn.completed` or `turn.failed`.
#[derive(Default)]
pub struct Codex {
    answer: Answer,
    turns: u64,
    /// The last `error`, which may be one that was overcome.
    last_error: Option<String>,
}

impl Reader for Codex {
    fn line(&mut self, line: &str) -> Option<String> {
        let event = object(line)?;
        match text(&event, "/type")? {
            "thread.started" => {
                self.answer.session = text(&event, "/thread_id").map(str::to_owned);
                None
            }
            "item.started" => item(&event),
            "item.completed" => {
                if text(&event, "/item/type") == Some("agent_message") {
                    // The last message is the answer; the others say what it is about to do.
                    let message = text(&event, "/item/text")?;
                    message.clone_into(&mut self.answer.text);
                    return Some(first_line(message));
                }
                item(&event)
            }
            "turn.completed" => {
                self.turns += 1;
                self.last_error = None;
                self.answer.tokens = tokens(&event);
                None
            }
            "turn.failed" => {
                let message = text(&event, "/error/message").unwrap_or("the turn failed");
                self.last_error = Some(message.to_owned());
                None
            }
            "error" => {
                let message = text(&event, "/message")?;
                self.last_error = Some(message.to_owned());
                Some(first_line(message))
            }
            _ => None,
        }
    }

    fn answer(self: Box<Self>) -> Answer {
        let Self { mut answer, turns, last_error } = *self;
        answer.turns = (turns > 0).then_some(turns);
        answer.trouble = last_error.map(|message| Trouble {
            is_refusal: message.contains("content_filter"),
            message,
            ..Trouble::default()
        });
        answer
    }
}

fn item(event: &Value) -> Option<String> {
    let told = match text(event, "/item/type")? {
        "command_execution" => text(event, "/item/command").map(first_line),
        "mcp_tool_call" => text(event, "/item/tool").map(str::to_owned),
        "web_search" => text(event, "/item/query").map(|query| format!("web search: {}", first_line(query))),
        "file_change" => text(event, "/item/changes/0/path").map(|path| format!("changes {path}")),
        "reasoning" => text(event, "/item/text").map(first_line),
        _ => None,
    };
    told.filter(|line| !line.is_empty())
}

/// Of the whole thread.
fn tokens(event: &Value) -> Option<Tokens> {
    Some(Tokens {
        input: count(event, "/usage/input_tokens")?,
        cached: count(event, "/usage/cached_input_tokens"),
        output: count(event, "/usage/output_tokens")?,
        reasoning: count(event, "/usage/reasoning_output_tokens"),
    })
}
