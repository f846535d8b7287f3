use hob_plugin::{JsonSchema, schemars};
use serde::Serialize;

/// What a program said, as far as it says such things.
#[derive(Debug, Default, PartialEq)]
pub struct Answer {
    /// Markdown.
    pub text: String,
    pub model: Option<String>,
    /// Its own id of the session.
    pub session: Option<String>,
    pub cost_usd: Option<f64>,
    pub tokens: Option<Tokens>,
    pub turns: Option<u64>,
    /// Tools that it was not allowed to use.
    pub refused_tools: Vec<String>,
    /// Why there is no answer, or none that counts.
    pub trouble: Option<Trouble>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tokens {
    /// All that went in
    pub input: u64,
    /// Of these, read from a cache
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// All that came out
    pub output: u64,
    /// Of these, spent on thinking
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
}

impl Tokens {
    pub fn add(&mut self, other: Self) {
        let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a + b.unwrap_or_default()));
        self.input += other.input;
        self.cached = sum(self.cached, other.cached);
        self.output += other.output;
        self.reasoning = sum(self.reasoning, other.reasoning);
    }
}

/// What went wrong, in the program's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    pub message: String,
    /// The status of HTTP that its model server answered with.
    pub status: Option<u64>,
    /// Seconds since 1970 at which a limit is over.
    pub resets_at: Option<i64>,
    /// Milliseconds after which it may be tried again.
    pub retry_after_ms: Option<u64>,
    /// The model would not do it.
    pub is_refusal: bool,
}
