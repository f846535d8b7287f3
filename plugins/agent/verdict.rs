//! What became of the task: an answer, or a failure in words.

use crate::{
    answer::{Answer, Tokens, Trouble},
    clock::Clock,
    limit::limit,
    profile::Profile,
};
use hob_plugin::{Failure, JsonSchema, Success, TaskError, process::ExitStatus, schemars};
use jiff::Timestamp;
use regex_lite::Regex;
use serde::Serialize;
use std::time::Duration;

/// Characters of a summary.
const SUMMARY: usize = 300;
/// Lines of a summary.
const SUMMARY_LINES: usize = 3;
/// Characters of the program's words in a failure.
const WORDS: usize = 1_000;
/// Lines of its stderr there.
const STDERR_LINES: usize = 5;

/// What it took, for programs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Data {
    /// The profile
    agent: String,
    program: String,
    /// As the program says, or as it was asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Its own id of the session, which `--resume` takes
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// As the program says
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Tokens>,
    #[serde(skip_serializing_if = "Option::is_none")]
    turns: Option<u64>,
    /// Time that the program ran
    duration_ms: u64,
    /// Tools that it wanted to use and was not allowed to
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused_tools: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
}

/// Everything that counts.
pub struct Verdict<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub profile: &'a Profile,
    pub status: ExitStatus,
    pub stderr: &'a str,
    pub milliseconds: u64,
    pub asked_model: Option<String>,
    pub clock: Clock,
}

impl Verdict<'_> {
    pub fn judge(&self, answer: &Answer) -> Result<Success<Data>, TaskError> {
        let data = self.data(answer);
        let failure = match self.status {
            ExitStatus::Killed => return Err(TaskError::Cancelled),
            ExitStatus::Code(0) if answer.trouble.is_none() => {
                if !answer.text.trim().is_empty() {
                    return Ok(Success::with_data(self.summary(answer), data));
                }
                let message = format!("{} answered nothing; `hob retry {}` asks again", self.name, self.id);
                Failure::new(message).retryable()
            }
            ExitStatus::Code(_) | ExitStatus::Signal(_) => self.failure(answer),
        };
        Err(failure.with_data(&data).into())
    }

    fn failure(&self, answer: &Answer) -> Failure {
        let Self { name, profile, .. } = self;
        let trouble = answer.trouble.clone().unwrap_or_default();
        let words = self.words(&trouble, answer);
        let all = format!("{}\n{}", trouble.message, self.stderr);
        let simple = |message: String, retryable| Failure { retryable, ..Failure::new(message) };
        if trouble.is_refusal {
            return simple(format!("{name} refused the task: {words}"), false);
        }
        // Stderr counts only where the program said nothing apart: it may tell of what was overcome.
        let said = if trouble.message.is_empty() { &all } else { &trouble.message };
        if let Some(limit) = limit(&trouble, said, &self.clock) {
            let until = limit.until.or_else(|| crate::limit::limit(&trouble, &all, &self.clock)?.until);
            return self.limited(&words, until);
        }
        if is_login(&trouble, said) {
            let how = profile.login.as_deref().unwrap_or("log in with the program itself");
            return simple(format!("{name} is not logged in: {words}\nTo log in: {how}"), false);
        }
        let how = match self.status {
            ExitStatus::Code(0) => "failed".to_owned(),
            ExitStatus::Code(code) => format!("failed with exit code {code}"),
            ExitStatus::Signal(signal) => format!("was ended by signal {signal}"),
            ExitStatus::Killed => "was ended".to_owned(),
        };
        let colon = if words.is_empty() { "" } else { ": " };
        simple(format!("{name} {how}{colon}{words}"), is_passing(&trouble, said))
    }

    fn limited(&self, words: &str, until: Option<Timestamp>) -> Failure {
        let over = match until {
            Some(at) => format!("which is over at {}", self.clock.show(at)),
            None => "and does not say for how long".to_owned(),
        };
        let failure = Failure::new(format!("{} has reached a limit, {over}: {words}", self.name)).retryable();
        let wait = until.map(|at| at.duration_since(self.clock.now()));
        Failure { retry_after: wait.and_then(|wait| Duration::try_from(wait).ok()), ..failure }
    }

    /// What the program said of it, else the end of its stderr, else its answer.
    fn words(&self, trouble: &Trouble, answer: &Answer) -> String {
        let stderr = end_of(self.stderr);
        let found = [trouble.message.trim(), stderr.as_str(), answer.text.trim()].into_iter().find(|t| !t.is_empty());
        shorten(found.unwrap_or_default(), WORDS)
    }

    fn summary(&self, answer: &Answer) -> String {
        let lines = answer.text.lines().map(|line| line.trim().trim_start_matches('#').trim());
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).take(SUMMARY_LINES).collect();
        let summary = format!("{}\n({})", shorten(&lines.join("\n"), SUMMARY), self.name);
        if answer.refused_tools.is_empty() {
            return summary;
        }
        let tools = answer.refused_tools.join(", ");
        format!("{summary}\nIt was not allowed to use {tools}: --tools and --access allow more")
    }

    fn data(&self, answer: &Answer) -> Data {
        Data {
            agent: self.name.to_owned(),
            program: self.profile.program.clone(),
            model: answer.model.clone().or_else(|| self.asked_model.clone()),
            session: answer.session.clone(),
            cost_usd: answer.cost_usd,
            tokens: answer.tokens,
            turns: answer.turns,
            duration_ms: self.milliseconds,
            refused_tools: answer.refused_tools.clone(),
            exit_code: self.status.code(),
            signal: match self.status {
                ExitStatus::Signal(signal) => Some(signal),
                ExitStatus::Code(_) | ExitStatus::Killed => None,
            },
        }
    }
}

fn is_login(trouble: &Trouble, text: &str) -> bool {
    let words = r"(?i)not logged in|please run /login|invalid (?:x-)?api[ -]key|incorrect api key|api key not valid|\b401\b|unauthori[sz]ed|authentication_?(?:error|failed)|invalid auth method|set an auth method|specify the \w+_API_KEY|no api key|oauth token has expired|refresh token";
    trouble.status == Some(401) || Regex::new(words).is_ok_and(|regex| regex.is_match(text))
}

/// Whether the same may succeed in a while.
fn is_passing(trouble: &Trouble, text: &str) -> bool {
    let words = r"(?i)overloaded|server.error|internal error|temporar|high demand|unavailable|timed? ?out|disconnected|connection (?:refused|reset|failed)|\b5\d\d\b";
    trouble.status.is_some_and(|status| status >= 500) || Regex::new(words).is_ok_and(|regex| regex.is_match(text))
}

/// The last lines that say something; the frames of a stack do not.
fn end_of(stderr: &str) -> String {
    let frame = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("at ");
    let lines: Vec<&str> = stderr.lines().filter(frame).collect();
    lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n").trim().to_owned()
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
    }
}

#[cfg(test)]
mod tests;
