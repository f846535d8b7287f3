//! What the agents' hooks look like: which event is which moment, and how an answer is written.

use clap::ValueEnum;
use serde_json::json;

/// An agent whose hooks are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Agent {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// Codex.
    #[value(help = "OpenAI's Codex")]
    Codex,
    /// Google's Gemini CLI.
    Gemini,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A session begins, or begins again.
    SessionStart,
    /// A person has said something, and the model is about to read it.
    Prompt,
    /// A tool has answered.
    AfterTool,
    /// Anything else: there is nothing to do. Nothing is ended at the end of a session.
    Other,
}

impl Agent {
    /// What this agent calls so.
    pub fn moment(self, event: &str) -> Moment {
        match (self, event) {
            (_, "SessionStart") => Moment::SessionStart,
            (Self::ClaudeCode | Self::Codex, "UserPromptSubmit") | (Self::Gemini, "BeforeAgent") => Moment::Prompt,
            (Self::ClaudeCode | Self::Codex, "PostToolUse") | (Self::Gemini, "AfterTool") => Moment::AfterTool,
            _ => Moment::Other,
        }
    }

    /// The answer that puts `context` before the model; the three agree on it.
    pub fn answer(event: &str, context: &str) -> String {
        json!({ "hookSpecificOutput": { "hookEventName": event, "additionalContext": context } }).to_string()
    }

    /// What the model has to know when a session begins. Commands of Claude Code and Codex have the session in their
    /// environment; those of Gemini CLI do not.
    pub fn introduction(self, session: &str) -> Option<String> {
        // As a word of a shell it has to be harmless.
        let is_plain = !session.is_empty() && session.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        (self == Self::Gemini && is_plain).then(|| {
            format!(
                "hob runs tasks in the background. With `hob dispatch --session {session} …` and `hob fan-out --session \
                 {session} …` their results come here by themselves."
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_agent_has_its_own_words() {
        use Agent::{ClaudeCode, Codex, Gemini};
        use Moment::{AfterTool, Other, Prompt, SessionStart};
        for (agent, event, moment) in [
            (ClaudeCode, "SessionStart", SessionStart),
            (ClaudeCode, "UserPromptSubmit", Prompt),
            (ClaudeCode, "PostToolUse", AfterTool),
            (ClaudeCode, "AfterTool", Other),
            (ClaudeCode, "SessionEnd", Other),
            (ClaudeCode, "Stop", Other),
            (Codex, "UserPromptSubmit", Prompt),
            (Codex, "Stop", Other),
            (Gemini, "SessionStart", SessionStart),
            (Gemini, "BeforeAgent", Prompt),
            (Gemini, "AfterTool", AfterTool),
            (Gemini, "AfterAgent", Other),
            (Gemini, "PostToolUse", Other),
        ] {
            assert_eq!(agent.moment(event), moment, "{agent:?} {event}");
        }
    }

    #[test]
    fn a_session_whose_name_a_shell_would_obey_is_not_told() {
        assert!(Agent::Gemini.introduction("50ae-53fc").is_some_and(|text| text.contains("--session 50ae-53fc ")));
        assert_eq!(Agent::Gemini.introduction("$(reboot)"), None);
        assert_eq!(Agent::ClaudeCode.introduction("50ae-53fc"), None);
    }
}
