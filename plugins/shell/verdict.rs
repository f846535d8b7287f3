use hob_plugin::{Failure, JsonSchema, Success, TaskError, process::ExitStatus, schemars};
use serde::Serialize;

/// How the program ended, for programs.
#[derive(Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Data {
    /// What the program returned
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// The signal that ended it, in place of an exit code
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
}

/// What the end of the program means for the task.
pub fn verdict(command: &str, status: ExitStatus) -> Result<Success<Data>, TaskError> {
    match status {
        ExitStatus::Code(code) => {
            let text = format!("`{command}` exited with code {code}");
            let data = Data { exit_code: Some(code), ..Data::default() };
            if code == 0 { Ok(Success::with_data(text, data)) } else { Err(failed(text, &data)) }
        }
        ExitStatus::Signal(signal) => {
            let name = signal_name(signal).map(|name| format!(" ({name})")).unwrap_or_default();
            let message = format!("`{command}` was ended by signal {signal}{name}");
            Err(failed(message, &Data { signal: Some(signal), ..Data::default() }))
        }
        ExitStatus::Killed => Err(TaskError::Cancelled),
    }
}

fn failed(message: String, data: &Data) -> TaskError {
    Failure::new(message).with_data(data).into()
}

/// The signals whose numbers are the same on every system and that people meet.
fn signal_name(signal: i32) -> Option<&'static str> {
    const NAMES: [(i32, &str); 11] = [
        (1, "hang-up"),
        (2, "interrupt"),
        (3, "quit"),
        (4, "illegal instruction"),
        (6, "abort"),
        (8, "arithmetic error"),
        (9, "kill"),
        (11, "segmentation fault"),
        (13, "broken pipe"),
        (14, "alarm"),
        (15, "terminate"),
    ];
    NAMES.iter().find(|(number, _)| *number == signal).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_failure(status: ExitStatus, message: &str, data: &str) {
        let Err(TaskError::Failed(failure)) = verdict("cargo test", status) else { panic!("{status:?} is no failure") };
        assert_eq!(failure.message, message);
        assert_eq!(failure.data.as_deref(), Some(data));
        assert!(!failure.retryable);
    }

    #[test]
    fn ends() {
        let success = verdict("true", ExitStatus::Code(0)).expect("success");
        assert_eq!(success.data, Some(Data { exit_code: Some(0), signal: None }));
        check_failure(ExitStatus::Code(101), "`cargo test` exited with code 101", r#"{"exit_code":101}"#);
        check_failure(ExitStatus::Code(-1), "`cargo test` exited with code -1", r#"{"exit_code":-1}"#);
        check_failure(ExitStatus::Signal(9), "`cargo test` was ended by signal 9 (kill)", r#"{"signal":9}"#);
        check_failure(ExitStatus::Signal(64), "`cargo test` was ended by signal 64", r#"{"signal":64}"#);
        assert!(matches!(verdict("x", ExitStatus::Killed), Err(TaskError::Cancelled)));
    }
}
