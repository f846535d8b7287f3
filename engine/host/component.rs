//! What a call into a component ended with, in hob's words.

use crate::{
    bindings::hob::plugin::types::{self, Success, TaskError},
    console::Tail,
    guest::Guest,
    meter::LimitHit,
};
use hob_core::{Bytes, Failure, FailureKind, Outcome, TaskResult};
use std::fmt::Write as _;
use wasmtime::{Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// Bytes of a message that is made from what a component left on stderr. 2 KiB: what a person reads.
const LONGEST_WORDS: usize = 2 << 10;

/// The limit that a failed call met, if that is why it failed.
pub(crate) fn limit_of(store: &Store<Guest>, error: &wasmtime::Error) -> Option<LimitHit> {
    LimitHit::find(error).or_else(|| store.data().meter.hit().cloned())
}

/// The failure for a call that ended without an answer, for another reason than a limit.
pub(crate) fn explain(error: &wasmtime::Error, stderr: &Tail) -> Failure {
    let words = stderr.text();
    let mut failure = Failure::new(FailureKind::Trap, message(error, &words));
    let mut trace = words.trim_end().to_owned();
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        let _ = write!(trace, "{}{backtrace}", if trace.is_empty() { "" } else { "\n\n" });
    }
    failure.trace = Some(trace).filter(|trace| !trace.is_empty());
    failure
}

fn message(error: &wasmtime::Error, stderr: &str) -> String {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        let words = last_words(stderr);
        return if words.is_empty() {
            format!("the component exited with code {code} instead of returning an answer")
        } else {
            format!("the component exited with code {code} instead of returning an answer; its last words: {words}")
        };
    }
    if let Some(panic) = panic_words(stderr) {
        return format!("the component panicked: {panic}");
    }
    let cause = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "it ran out of stack: its recursion is too deep".to_owned(),
        Some(Trap::UnreachableCodeReached) => "it gave up (`unreachable`)".to_owned(),
        Some(Trap::MemoryOutOfBounds) => {
            "it touched memory outside its own, as a recursion that is too deep also does".to_owned()
        }
        Some(Trap::IntegerDivisionByZero) => "it divided by zero".to_owned(),
        Some(trap) => trap.to_string().trim_start_matches("wasm trap: ").to_owned(),
        None => error.root_cause().to_string(),
    };
    let words = last_words(stderr);
    if words.is_empty() {
        format!("the component trapped: {cause}")
    } else {
        format!("the component trapped: {cause}; its last words: {words}")
    }
}

/// What a Rust panic said, with its place: the last one on stderr.
fn panic_words(stderr: &str) -> Option<String> {
    let (_, rest) = stderr.rsplit_once("panicked at ")?;
    let (place, rest) = rest.split_once('\n')?;
    let said: Vec<&str> =
        rest.lines().take_while(|line| !line.starts_with("note: ") && !line.starts_with("stack backtrace")).collect();
    let said = said.join("\n");
    let place = place.trim_end_matches(':');
    Some(cut(&if said.trim().is_empty() { place.to_owned() } else { format!("{} ({place})", said.trim()) }))
}

/// The last line on stderr: where other languages say what they threw.
fn last_words(stderr: &str) -> String {
    cut(stderr.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default())
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_WORDS.min(text.len()));
    text[..end].to_owned()
}

/// Bytes of an answer: its texts and its data. 16 MiB: a result is for reading, and what is larger is
/// output or an artifact.
const LARGEST_ANSWER: usize = 16 << 20;

/// The failure of an answer that is too large to keep.
fn too_large(answer: &Result<Success, TaskError>) -> Option<Failure> {
    let length = |data: &Option<String>| data.as_ref().map_or(0, String::len);
    let bytes = match answer {
        Ok(Success { summary, data }) => summary.len() + length(data),
        Err(TaskError::Failed(types::Failure { message, data, .. })) => message.len() + length(data),
        Err(TaskError::Denied(message)) => message.len(),
        Err(TaskError::InvalidParams(complaints)) => {
            complaints.iter().map(|(pointer, message)| pointer.len() + message.len()).sum()
        }
        Err(TaskError::Cancelled) => 0,
    };
    let limit = Bytes(LARGEST_ANSWER as u64);
    let message = format!("the component's answer has {bytes} bytes, and an answer may have {limit}");
    (bytes > LARGEST_ANSWER).then(|| Failure::new(FailureKind::Limit, message))
}

/// The outcome of an answer that `run` returned. `cancelled` is whether the task was asked to stop.
pub(crate) fn outcome(answer: Result<Success, TaskError>, cancelled: bool) -> Outcome {
    if let Some(failure) = too_large(&answer) {
        return Outcome::Failed(failure);
    }
    let failed = match answer {
        Ok(Success { summary, data }) => match data.map(|text| parse(&text)).transpose() {
            Ok(data) => return Outcome::Completed(TaskResult { summary, data }),
            Err(error) => Failure::new(
                FailureKind::Executor,
                format!("the component answered, but its `data` is no JSON: {error}\n\nIts summary: {summary}"),
            ),
        },
        // What a component says on its way out of a cancelled task is not of interest.
        Err(_) if cancelled => return Outcome::Cancelled,
        Err(TaskError::InvalidParams(complaints)) => {
            Failure::new(FailureKind::InvalidParams, crate::schema::lines(&complaints))
        }
        Err(TaskError::Denied(message)) => Failure::new(FailureKind::Denied, message),
        Err(TaskError::Cancelled) => {
            Failure::new(FailureKind::Executor, "the component says that it was cancelled, but nobody asked it to stop")
        }
        Err(TaskError::Failed(types::Failure { message, retryable, retry_after_ms, data })) => {
            let mut failure = Failure { retryable, retry_after_ms, ..Failure::new(FailureKind::Executor, message) };
            match data.map(|text| parse(&text)).transpose() {
                Ok(data) => failure.data = data,
                Err(error) => {
                    let _ = write!(failure.message, "\n\n(The `data` that the component added is no JSON: {error})");
                }
            }
            failure
        }
    };
    Outcome::Failed(failed)
}

fn parse(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rust_panic_is_found_among_other_words() {
        let stderr = "starting\n\nthread 'main' (1) panicked at src/lib.rs:12:9:\nboom\nand more\nnote: run with \
                      `RUST_BACKTRACE=1`\n";
        assert_eq!(panic_words(stderr).as_deref(), Some("boom\nand more (src/lib.rs:12:9)"));
        assert_eq!(panic_words("all is well"), None);
        assert_eq!(panic_words("cut off: panicked at "), None);
    }

    #[test]
    fn other_languages_say_it_last() {
        assert_eq!(last_words("Traceback\n  File \"app.py\"\nValueError: no\n\n"), "ValueError: no");
        assert_eq!(last_words(""), "");
    }

    #[test]
    fn data_has_to_be_json() {
        let success = |data: &str| Ok(Success { summary: "done".into(), data: Some(data.into()) });
        let Outcome::Completed(result) = outcome(success("{\"a\":1}"), false) else { panic!("completed") };
        assert_eq!(result.data, Some(serde_json::json!({ "a": 1 })));
        let Outcome::Failed(failure) = outcome(success("{a"), false) else { panic!("failed") };
        assert!(failure.kind == FailureKind::Executor && failure.message.contains("done"), "{failure:?}");
    }

    #[test]
    fn an_answer_after_a_cancel_counts_and_an_error_does_not() {
        let success = Ok(Success { summary: String::new(), data: None });
        assert!(matches!(outcome(success, true), Outcome::Completed(_)));
        assert_eq!(outcome(Err(TaskError::Denied("x".into())), true), Outcome::Cancelled);
        assert_eq!(outcome(Err(TaskError::Cancelled), true), Outcome::Cancelled);
        assert!(matches!(outcome(Err(TaskError::Cancelled), false), Outcome::Failed(_)));
    }
}
