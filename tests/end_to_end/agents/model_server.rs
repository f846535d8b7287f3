//! A model server on loopback, as far as the agents' programs ask one: Anthropic's Messages, `OpenAI`'s Responses
//! and Chat Completions, Google's Gemini, each as a stream of events.

use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tiny_http::{Header, Request, Response, Server};

/// What the model answers.
pub const ANSWER: &str = "# Done\n\nThe first line of it.\n\n```rust\nfn answer() {}\n```";
/// Tokens that each answer claims: in, of these cached, out, of these spent on thinking.
pub const TOKENS: [u64; 4] = [1_204, 77, 311, 42];

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Answer,
    /// Whoever asks has asked too much, and may ask again after this many seconds.
    Limit(u64),
    /// It has a fault of its own.
    Fault,
    /// Nothing, for as long as it lives.
    Hold,
    /// An answer without a word in it.
    Nothing,
    /// It would rather not.
    Refusal,
    /// It has this command run, and answers when that was done.
    Run(&'static str),
}

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As the body or the path names it.
    pub model: String,
    pub body: String,
}

pub struct ModelServer {
    server: Arc<Server>,
    asked: Arc<Mutex<Vec<Asked>>>,
    thread: Option<JoinHandle<()>>,
}

impl ModelServer {
    pub fn start(says: Says) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a port"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let thread = {
            let (server, asked) = (Arc::clone(&server), Arc::clone(&asked));
            std::thread::spawn(move || serve(&server, says, &asked))
        };
        Self { server, asked, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// The requests for an answer so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("a lock").clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.server.unblock();
        let _ = self.thread.take().expect("joined once").join();
    }
}

fn serve(server: &Server, says: Says, asked: &Mutex<Vec<Asked>>) {
    let mut held = Vec::new();
    while let Ok(mut request) = server.recv() {
        let mut body = String::new();
        let _ = request.as_reader().read_to_string(&mut body);
        let path = request.url().to_owned();
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let model = match path.split_once("/models/") {
            Some((_, rest)) => rest.split([':', '?']).next().unwrap_or_default().to_owned(),
            None => parsed["model"].as_str().unwrap_or_default().to_owned(),
        };
        let Some(protocol) = Protocol::of(&path) else {
            reply(request, 200, "application/json", r#"{"models":[],"data":[],"input_tokens":1,"totalTokens":1}"#, &[]);
            continue;
        };
        let runs = protocol.tool_for_commands(&parsed).filter(|_| !protocol.has_run(&body));
        asked.lock().expect("a lock").push(Asked { model: model.clone(), body });
        match says {
            Says::Run(command) if let Some((name, parameter)) = runs => {
                let arguments = json!({ parameter: command });
                reply(request, 200, "text/event-stream", &protocol.call(&model, name, &arguments), &[]);
            }
            Says::Answer | Says::Run(_) => {
                reply(request, 200, "text/event-stream", &protocol.answer(&model, ANSWER), &[]);
            }
            Says::Nothing => reply(request, 200, "text/event-stream", &protocol.answer(&model, ""), &[]),
            Says::Refusal => reply(request, 200, "text/event-stream", &protocol.refusal(&model), &[]),
            Says::Fault => {
                let fault = protocol.fault("the model has a fault");
                reply(request, 500, "application/json", &fault.to_string(), &[("retry-after-ms", "10")]);
            }
            Says::Limit(seconds) => {
                let (body, headers) = protocol.limit(seconds);
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                reply(request, 429, "application/json", &body.to_string(), &headers);
            }
            Says::Hold => held.push(request),
        }
    }
}

fn reply(request: Request, status: u16, media_type: &str, body: &str, headers: &[(&str, &str)]) {
    let mut response = Response::from_string(body).with_status_code(status);
    for (name, value) in [("content-type", media_type)].iter().chain(headers) {
        response.add_header(Header::from_bytes(*name, *value).expect("a header"));
    }
    // A program that was ended does not listen any more.
    let _ = request.respond(response);
}

#[derive(Clone, Copy)]
enum Protocol {
    Messages,
    Responses,
    Completions,
    Gemini,
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

impl Protocol {
    fn of(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        match path {
            _ if path.ends_with("/messages") => Some(Self::Messages),
            _ if path.ends_with("/responses") => Some(Self::Responses),
            _ if path.ends_with("/chat/completions") => Some(Self::Completions),
            _ if path.ends_with("streamGenerateContent") => Some(Self::Gemini),
            _ => None,
        }
    }

    fn answer(self, model: &str, text: &str) -> String {
        let [input, cached, output, reasoning] = TOKENS;
        match self {
            Self::Messages => messages(model, text, "end_turn"),
            Self::Responses => {
                let content = json!([{ "type": "output_text", "text": text, "annotations": [] }]);
                let item = json!({ "type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": content });
                let items = if text.is_empty() { json!([]) } else { json!([item]) };
                let usage = json!({
                    "input_tokens": input, "input_tokens_details": { "cached_tokens": cached },
                    "output_tokens": output, "output_tokens_details": { "reasoning_tokens": reasoning },
                    "total_tokens": input + output,
                });
                let mut stream = event("response.created", &response("response.created", "in_progress", &json!({})));
                if !text.is_empty() {
                    let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
                    stream += &event("response.output_item.done", &done);
                }
                let rest = json!({ "output": items, "usage": usage });
                stream + &event("response.completed", &response("response.completed", "completed", &rest))
            }
            Self::Completions => {
                let usage = json!({
                    "prompt_tokens": input, "prompt_tokens_details": { "cached_tokens": cached },
                    "completion_tokens": output, "completion_tokens_details": { "reasoning_tokens": reasoning },
                    "total_tokens": input + output,
                });
                let mut last = chunk(model, &json!({}), Some("stop"));
                last["usage"] = usage;
                let first = chunk(model, &json!({ "role": "assistant", "content": text }), None);
                format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n")
            }
            Self::Gemini => {
                let parts = if text.is_empty() { json!([]) } else { json!([{ "text": text }]) };
                let usage = json!({
                    "promptTokenCount": input, "cachedContentTokenCount": cached,
                    "candidatesTokenCount": output - reasoning, "thoughtsTokenCount": reasoning,
                    "totalTokenCount": input + output,
                });
                let content = json!({ "role": "model", "parts": parts });
                let data = json!({
                    "candidates": [{ "content": content, "finishReason": "STOP", "index": 0 }],
                    "usageMetadata": usage, "modelVersion": model,
                });
                format!("data: {data}\r\n\r\n")
            }
        }
    }

    /// The tool by which the program runs commands, and its parameter, if it offers one.
    fn tool_for_commands(self, body: &Value) -> Option<(&'static str, &'static str)> {
        let (name, parameter) = match self {
            Self::Messages => ("Bash", "command"),
            Self::Responses => ("exec_command", "cmd"),
            Self::Gemini => ("run_shell_command", "command"),
            Self::Completions => ("bash", "command"),
        };
        body["tools"].to_string().contains(&format!("\"name\":\"{name}\"")).then_some((name, parameter))
    }

    /// Whether the answer of a tool is in the request.
    fn has_run(self, body: &str) -> bool {
        body.contains(match self {
            Self::Messages => "tool_result",
            Self::Responses => "function_call_output",
            Self::Gemini => "functionResponse",
            Self::Completions => "tool_call_id",
        })
    }

    /// A call of a tool.
    fn call(self, model: &str, name: &str, arguments: &Value) -> String {
        match self {
            Self::Messages => {
                let block = json!({ "type": "tool_use", "id": "toolu_1", "name": name, "input": {} });
                let delta = json!({ "type": "input_json_delta", "partial_json": arguments.to_string() });
                messages_of(model, "tool_use", Some((&block, &delta)))
            }
            Self::Responses => {
                let item = json!({
                    "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": name,
                    "arguments": arguments.to_string(), "status": "completed",
                });
                let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
                let first = event("response.created", &response("response.created", "in_progress", &json!({})));
                let rest = json!({ "output": [item] });
                first
                    + &event("response.output_item.done", &done)
                    + &event("response.completed", &response("response.completed", "completed", &rest))
            }
            Self::Gemini => {
                let part = json!({ "functionCall": { "name": name, "args": arguments } });
                let candidate =
                    json!({ "content": { "role": "model", "parts": [part] }, "finishReason": "STOP", "index": 0 });
                let data = json!({ "candidates": [candidate], "modelVersion": model });
                format!("data: {data}\r\n\r\n")
            }
            Self::Completions => {
                let call = json!({
                    "index": 0, "id": "call_1", "type": "function",
                    "function": { "name": name, "arguments": arguments.to_string() },
                });
                let data = chunk(model, &json!({ "role": "assistant", "tool_calls": [call] }), Some("tool_calls"));
                format!("data: {data}\n\ndata: [DONE]\n\n")
            }
        }
    }

    fn refusal(self, model: &str) -> String {
        match self {
            Self::Messages => messages(model, "", "refusal"),
            Self::Responses => {
                let rest = json!({ "incomplete_details": { "reason": "content_filter" } });
                let first = event("response.created", &response("response.created", "in_progress", &json!({})));
                first + &event("response.incomplete", &response("response.incomplete", "incomplete", &rest))
            }
            Self::Completions => {
                let data = chunk(model, &json!({ "role": "assistant", "content": "" }), Some("content_filter"));
                format!("data: {data}\n\ndata: [DONE]\n\n")
            }
            Self::Gemini => {
                let feedback = json!({ "promptFeedback": { "blockReason": "SAFETY" }, "modelVersion": model });
                format!("data: {feedback}\r\n\r\n")
            }
        }
    }

    fn fault(self, text: &str) -> Value {
        match self {
            Self::Messages => json!({ "type": "error", "error": { "type": "api_error", "message": text } }),
            Self::Responses | Self::Completions => json!({ "error": { "message": text, "type": "server_error" } }),
            Self::Gemini => json!({ "error": { "code": 500, "message": text, "status": "INTERNAL" } }),
        }
    }

    /// The body and the headers with which the real servers say it.
    fn limit(self, seconds: u64) -> (Value, Vec<(&'static str, String)>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let reset = (now + seconds).to_string();
        match self {
            Self::Messages => (
                json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "This would exceed your limit." } }),
                vec![
                    ("retry-after", seconds.to_string()),
                    ("anthropic-ratelimit-unified-status", "rejected".to_owned()),
                    ("anthropic-ratelimit-unified-reset", reset.clone()),
                    ("anthropic-ratelimit-unified-representative-claim", "five_hour".to_owned()),
                    ("anthropic-ratelimit-unified-5h-status", "rejected".to_owned()),
                    ("anthropic-ratelimit-unified-5h-reset", reset),
                ],
            ),
            Self::Responses => (
                json!({ "error": {
                    "type": "usage_limit_reached", "plan_type": "pro", "message": "The usage limit has been reached",
                    "resets_at": now + seconds, "resets_in_seconds": seconds,
                } }),
                Vec::new(),
            ),
            Self::Completions => (
                json!({ "error": { "message": format!("Rate limit reached. Please try again in {seconds}s."), "type": "tokens" } }),
                // The program itself tries again, a few times, which shall not take long.
                vec![("retry-after-ms", "10".to_owned())],
            ),
            Self::Gemini => {
                let info =
                    json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s") });
                let message = format!("Resource has been exhausted (e.g. check quota). Please retry in {seconds}s.");
                (
                    json!({ "error": { "code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [info] } }),
                    Vec::new(),
                )
            }
        }
    }
}

fn messages(model: &str, text: &str, stop_reason: &str) -> String {
    let block = json!({ "type": "text", "text": "" });
    let delta = json!({ "type": "text_delta", "text": text });
    messages_of(model, stop_reason, (!text.is_empty()).then_some((&block, &delta)))
}

/// A message with one block, as it begins and what comes after, or with none.
fn messages_of(model: &str, stop_reason: &str, block: Option<(&Value, &Value)>) -> String {
    let [input, cached, output, _] = TOKENS;
    let usage = json!({
        "input_tokens": input - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0,
        "output_tokens": output,
    });
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage,
        "stop_reason": null, "stop_sequence": null,
    });
    let mut stream = event("message_start", &json!({ "type": "message_start", "message": message }));
    if let Some((block, delta)) = block {
        stream += &event(
            "content_block_start",
            &json!({ "type": "content_block_start", "index": 0, "content_block": block }),
        );
        stream += &event("content_block_delta", &json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
        stream += &event("content_block_stop", &json!({ "type": "content_block_stop", "index": 0 }));
    }
    let delta = json!({ "stop_reason": stop_reason, "stop_sequence": null });
    let usage = json!({ "output_tokens": output });
    stream += &event("message_delta", &json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    stream + &event("message_stop", &json!({ "type": "message_stop" }))
}

fn response(kind: &str, status: &str, rest: &Value) -> Value {
    let mut response = json!({ "id": "r_1", "object": "response", "created_at": 1, "status": status, "output": [] });
    if let (Some(response), Some(rest)) = (response.as_object_mut(), rest.as_object()) {
        response.extend(rest.clone());
    }
    json!({ "type": kind, "response": response })
}

fn chunk(model: &str, delta: &Value, finish: Option<&str>) -> Value {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    json!({ "id": "c_1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice] })
}
