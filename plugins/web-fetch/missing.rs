use crate::report::Data;
use hob_plugin::{Failure, TaskError};
use std::{fmt, time::Duration};

/// Why there is no page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// In words.
    pub text: String,
    pub status: Option<u16>,
    /// Whether it may be there later.
    pub is_retryable: bool,
    pub retry_after_ms: Option<u32>,
    /// The host refused it; the text ends with the lines that would allow it.
    pub is_denied: bool,
}

impl Missing {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// What may go better another time.
    pub fn later(text: impl Into<String>) -> Self {
        Self { is_retryable: true, ..Self::new(text) }
    }

    pub fn denied(text: String) -> Self {
        Self { is_denied: true, ..Self::new(text) }
    }

    /// An answer that is no page.
    pub fn status(status: u16, retry_after_ms: Option<u32>) -> Self {
        let name = match status {
            400 => " Bad Request",
            401 => " Unauthorized: it wants a login",
            403 => " Forbidden",
            404 => " Not Found",
            410 => " Gone",
            429 => " Too Many Requests",
            500 => " Internal Server Error",
            502 => " Bad Gateway",
            503 => " Service Unavailable",
            504 => " Gateway Timeout",
            _ => "",
        };
        let when = retry_after_ms.map(|ms| format!("; it may be asked again in {} s", ms.div_ceil(1000)));
        Self {
            text: format!("the server answered {status}{name}{}", when.unwrap_or_default()),
            status: Some(status),
            is_retryable: matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            retry_after_ms,
            is_denied: false,
        }
    }

    /// What comes of a task that has no page at all.
    pub fn of_all(missing: &[(String, &Self)], data: &Data) -> TaskError {
        if let Some((_, denied)) = missing.iter().find(|(_, missing)| missing.is_denied) {
            return TaskError::Denied(denied.text.clone());
        }
        let lines: Vec<String> = missing.iter().map(|(url, missing)| format!("{url}: {missing}")).collect();
        // When all of them may be asked again.
        let after = missing.iter().filter_map(|(_, missing)| missing.retry_after_ms).max();
        let failure = Failure {
            retryable: missing.iter().any(|(_, missing)| missing.is_retryable),
            retry_after: after.map(|ms| Duration::from_millis(ms.into())),
            ..Failure::new(lines.join("\n"))
        };
        failure.with_data(data).into()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
