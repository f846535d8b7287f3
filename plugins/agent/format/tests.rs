//! The lines are those of the real programs, shortened: Claude Code 2.1.197, Codex 0.169.0, Gemini CLI 0.61.0,
//! opencode 1.18.33.

use super::*;
use crate::answer::{Tokens, Trouble};

#[track_caller]
fn read(format: Format, lines: &str) -> (Answer, Vec<String>) {
    let mut reader = format.reader().expect("a format of lines");
    let progress = lines.lines().filter_map(|line| reader.line(line)).collect();
    (reader.answer(), progress)
}

#[track_caller]
fn trouble(format: Format, lines: &str) -> Trouble {
    let (answer, _) = read(format, lines);
    assert_eq!(answer.text, "");
    answer.trouble.expect("trouble")
}

#[test]
fn claude_answers() {
    let (answer, progress) = read(
        Format::Claude,
        r#"{"type":"system","subtype":"init","cwd":"/x","session_id":"s-1","model":"claude-sonnet-5","tools":["Bash"]}
{"type":"system","subtype":"api_retry","attempt":1,"max_retries":10,"retry_delay_ms":623.6,"error_status":500,"error":"server_error","session_id":"s-1"}
{"type":"assistant","message":{"content":[{"type":"text","text":"I will look first."}]},"session_id":"s-1"}
{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"touch made.txt","description":"Make a file"}}]},"session_id":"s-1"}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","content":"denied","is_error":true}]},"session_id":"s-1"}
{"type":"result","subtype":"success","is_error":false,"api_error_status":null,"num_turns":2,"result":"Two\n\nwords.","stop_reason":"end_turn","session_id":"s-1","total_cost_usd":0.0139,"usage":{"input_tokens":1216},"modelUsage":{"a":{"inputTokens":1216,"outputTokens":314,"cacheReadInputTokens":77,"cacheCreationInputTokens":5},"b":{"inputTokens":1,"outputTokens":2}},"permission_denials":[{"tool_name":"Bash"},{"tool_name":"Bash"}]}"#,
    );
    assert_eq!(
        answer,
        Answer {
            text: "Two\n\nwords.".to_owned(),
            model: Some("claude-sonnet-5".to_owned()),
            session: Some("s-1".to_owned()),
            cost_usd: Some(0.0139),
            tokens: Some(Tokens { input: 1299, cached: Some(77), output: 316, reasoning: None }),
            turns: Some(2),
            refused_tools: vec!["Bash".to_owned()],
            trouble: None,
        }
    );
    assert_eq!(
        progress,
        ["waits for its server (server_error), attempt 1 of 10", "I will look first.", "Bash: touch made.txt"]
    );
}

#[test]
fn claude_fails() {
    let limit = trouble(
        Format::Claude,
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795278341,"rateLimitType":"five_hour"},"session_id":"s"}
{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"num_turns":1,"result":"You've hit your session limit · resets 4:25pm (UTC)","session_id":"s","usage":{"input_tokens":0,"output_tokens":0},"modelUsage":{}}"#,
    );
    assert_eq!((limit.status, limit.resets_at), (Some(429), Some(1_795_278_341)));
    let refusal = trouble(
        Format::Claude,
        r#"{"type":"result","subtype":"success","is_error":true,"result":"unable to respond","stop_reason":"refusal","session_id":"s"}"#,
    );
    assert!(refusal.is_refusal);
    let turns =
        trouble(Format::Claude, r#"{"type":"result","subtype":"error_max_turns","is_error":true,"session_id":"s"}"#);
    assert_eq!(turns.message, "it used up the turns that it may take");
    let during = r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["one","two"]}"#;
    assert_eq!(trouble(Format::Claude, during).message, "one\ntwo");
}

#[test]
fn codex_answers_with_its_last_message() {
    let (answer, progress) = read(
        Format::Codex,
        r#"{"type":"thread.started","thread_id":"t-1"}
{"type":"item.completed","item":{"id":"item_0","type":"error","message":"Model metadata not found."}}
{"type":"turn.started"}
{"type":"error","message":"Reconnecting... 2/5"}
{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"I will look first."}}
{"type":"item.started","item":{"id":"item_2","type":"command_execution","command":"/bin/bash -lc 'echo hi'","status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_3","type":"agent_message","text":"The final words."}}
{"type":"turn.completed","usage":{"input_tokens":1304,"cached_input_tokens":84,"cache_write_input_tokens":0,"output_tokens":322,"reasoning_output_tokens":44}}"#,
    );
    assert_eq!((answer.text.as_str(), answer.session.as_deref()), ("The final words.", Some("t-1")));
    assert_eq!(answer.trouble, None, "what was overcome is no trouble");
    let tokens = Tokens { input: 1304, cached: Some(84), output: 322, reasoning: Some(44) };
    assert_eq!((answer.tokens, answer.turns), (Some(tokens), Some(1)));
    let shown = ["Reconnecting... 2/5", "I will look first.", "/bin/bash -lc 'echo hi'", "The final words."];
    assert_eq!(progress, shown);
}

#[test]
fn codex_fails() {
    let limit = trouble(
        Format::Codex,
        r#"{"type":"error","message":"You’ve hit your usage limit. Try again at 4:25 PM."}
{"type":"turn.failed","error":{"message":"You’ve hit your usage limit. Try again at 4:25 PM."}}"#,
    );
    assert_eq!(limit.message, "You’ve hit your usage limit. Try again at 4:25 PM.");
    let filter = r#"{"type":"turn.failed","error":{"message":"Incomplete response returned, reason: content_filter"}}"#;
    assert!(trouble(Format::Codex, filter).is_refusal);
}

#[test]
fn gemini_answers_with_what_follows_its_last_tool() {
    let (answer, progress) = read(
        Format::Gemini,
        r#"{"type":"init","timestamp":"x","session_id":"g-1","model":"gemini-2.5-flash"}
{"type":"message","role":"user","content":"Do the thing\n"}
{"type":"message","role":"assistant","content":"I will look first.","delta":true}
{"type":"tool_use","tool_name":"write_file","tool_id":"w","parameters":{"file_path":"made.txt","content":"x"}}
{"type":"tool_result","tool_id":"w","status":"success"}
{"type":"message","role":"assistant","content":"The final ","delta":true}
{"type":"message","role":"assistant","content":"words.","delta":true}
{"type":"result","status":"success","stats":{"total_tokens":1668,"input_tokens":1304,"output_tokens":322,"cached":77,"input":1227,"duration_ms":123,"tool_calls":1}}"#,
    );
    assert_eq!((answer.text.as_str(), answer.session.as_deref()), ("The final words.", Some("g-1")));
    assert_eq!(answer.model.as_deref(), Some("gemini-2.5-flash"));
    assert_eq!(answer.tokens, Some(Tokens { input: 1304, cached: Some(77), output: 364, reasoning: None }));
    assert_eq!(progress, ["I will look first.", "write_file: made.txt", "The final", "words."]);
}

#[test]
fn gemini_in_one_object() {
    let (answer, _) = read(
        Format::Gemini,
        r##"Loaded cached credentials.
{
  "session_id": "g-2",
  "response": "# Done",
  "stats": { "models": { "gemini-x": { "tokens": { "prompt": 1204, "candidates": 311, "cached": 77, "thoughts": 42 } } } }
}"##,
    );
    assert_eq!((answer.text.as_str(), answer.session.as_deref()), ("# Done", Some("g-2")));
    assert_eq!(answer.tokens, Some(Tokens { input: 1204, cached: Some(77), output: 353, reasoning: Some(42) }));
}

#[test]
fn gemini_fails() {
    let server = trouble(
        Format::Gemini,
        r#"{"type":"result","status":"error","error":{"type":"unknown","message":"[API Error: {\"error\":{\"code\":500,\"message\":\"Internal error\",\"status\":\"INTERNAL\"}}]"},"stats":{"total_tokens":0,"input_tokens":0,"output_tokens":0}}"#,
    );
    assert_eq!((server.message.as_str(), server.status), ("Internal error", Some(500)));
    let quota = trouble(
        Format::Gemini,
        r#"{"type":"result","status":"error","error":{"message":"[API Error: Exhausted. Please retry in 33.5s.]\nPlease wait"}}"#,
    );
    assert_eq!(quota.message, "Exhausted. Please retry in 33.5s.\nPlease wait");
    let empty = trouble(
        Format::Gemini,
        r#"{"type":"error","severity":"error","message":"The model returned an empty response."}
{"type":"result","status":"error","stats":{}}"#,
    );
    assert_eq!(empty.message, "The model returned an empty response.");
}

#[test]
fn opencode_answers_with_its_last_message() {
    let (answer, progress) = read(
        Format::Opencode,
        r#"{"type":"step_start","sessionID":"ses_1","part":{"messageID":"m1","type":"step-start"}}
{"type":"tool_use","sessionID":"ses_1","part":{"type":"tool","tool":"bash","state":{"status":"completed","input":{"command":"touch made.txt"},"title":"touch made.txt"},"messageID":"m1"}}
{"type":"text","sessionID":"ses_1","part":{"messageID":"m1","type":"text","text":"I will look first."}}
{"type":"step_finish","sessionID":"ses_1","part":{"reason":"tool-calls","messageID":"m1","tokens":{"total":111,"input":100,"output":11,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0.5}}
{"type":"text","sessionID":"ses_1","part":{"messageID":"m2","type":"text","text":"The final"}}
{"type":"text","sessionID":"ses_1","part":{"messageID":"m2","type":"text","text":"words."}}
{"type":"step_finish","sessionID":"ses_1","part":{"reason":"stop","messageID":"m2","tokens":{"total":1515,"input":1127,"output":269,"reasoning":42,"cache":{"write":0,"read":77}},"cost":0.25}}"#,
    );
    assert_eq!((answer.text.as_str(), answer.session.as_deref()), ("The final\n\nwords.", Some("ses_1")));
    assert_eq!(answer.tokens, Some(Tokens { input: 1304, cached: Some(77), output: 322, reasoning: Some(42) }));
    assert_eq!((answer.cost_usd, answer.turns), (Some(0.75), Some(2)));
    assert_eq!(progress, ["bash: touch made.txt", "I will look first.", "The final", "words."]);
}

#[test]
fn opencode_fails() {
    let limit = trouble(
        Format::Opencode,
        r#"{"type":"error","sessionID":"s","error":{"name":"APIError","data":{"message":"Please try again in 7.5s.","statusCode":429,"isRetryable":true,"responseHeaders":{"retry-after":"12"}}}}"#,
    );
    assert_eq!((limit.status, limit.retry_after_ms), (Some(429), Some(12_000)));
    let filter = r#"{"type":"error","error":{"name":"ContentFilterError","data":{"message":"blocked"}}}"#;
    assert!(trouble(Format::Opencode, filter).is_refusal);
    assert_eq!(trouble(Format::Opencode, r#"{"type":"error","error":{"name":"Odd"}}"#).message, "Odd");
}

#[test]
fn lines_that_are_none_of_theirs_do_no_harm() {
    for format in [Format::Claude, Format::Codex, Format::Gemini, Format::Opencode] {
        let (answer, _) =
            read(format, "warning: x\n[1]\n{\n{}\n{\"type\":7}\n{\"type\":\"result\"}\n{\"type\":\"text\"}\n");
        assert_eq!(answer.text, "", "{format:?}");
    }
}
