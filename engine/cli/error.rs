use crate::{exit::Exit, render};
use hob_core::sanitize;
use serde_json::json;
use std::{
    fmt,
    io::{self, Write},
};

/// What a command reports instead of its result: how it ends, why, and what to type next.
#[derive(Debug)]
pub struct CommandError {
    kind: Exit,
    cause: anyhow::Error,
    hints: Vec<String>,
}

/// What every verb returns.
pub type CommandResult<T = Exit> = Result<T, CommandError>;

impl CommandError {
    /// An error with this exit code.
    pub fn new(kind: Exit, cause: impl Into<anyhow::Error>) -> Self {
        Self { kind, cause: cause.into(), hints: Vec::new() }
    }

    /// An error of usage, in words.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, anyhow::anyhow!("{message}"))
    }

    /// Something that is not there, in words.
    pub fn not_found(message: impl fmt::Display) -> Self {
        Self::new(Exit::NotFound, anyhow::anyhow!("{message}"))
    }

    /// A fault of hob or of the machine.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Internal, cause)
    }

    /// Adds what to type next.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Says in front what was being done.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.cause = self.cause.context(context.to_string());
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub fn with_exit(mut self, kind: Exit) -> Self {
        self.kind = kind;
        self
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        self.kind
    }

    /// What to type next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Whether the reader of our output went away, which is no error.
    pub fn is_broken_pipe(&self) -> bool {
        self.cause
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The chain of causes in one line; a cause that its successor already quotes is left out.
    pub fn message(&self) -> String {
        let mut text = String::new();
        for cause in self.cause.chain() {
            let cause = cause.to_string();
            if text.ends_with(&cause) {
                continue;
            }
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
        text
    }

    /// Writes it for a person, or as one line of JSON.
    pub fn write(&self, to: &mut dyn Write, as_json: bool) -> io::Result<()> {
        if as_json {
            let error = json!({ "kind": self.kind.as_str(), "message": self.message(), "hints": self.hints });
            return render::write_json(to, &json!({ "error": error }));
        }
        writeln!(to, "hob: {}", sanitize(self.message().trim_end()))?;
        for hint in &self.hints {
            writeln!(to, "     {}", sanitize(hint))?;
        }
        Ok(())
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(error: &CommandError, as_json: bool) -> String {
        let mut text = Vec::new();
        error.write(&mut text, as_json).expect("a vector takes all");
        String::from_utf8(text).expect("text")
    }

    #[test]
    fn a_person_gets_the_chain_and_the_hints() {
        let cause = anyhow::anyhow!("no such file").context("read \u{1b}[31mx");
        let error = CommandError::internal(cause).hint("type this");
        assert_eq!(written(&error, false), "hob: read x: no such file\n     type this\n");
    }

    #[test]
    fn a_program_gets_one_line_of_json() {
        let error = CommandError::usage("bad").hint("good");
        let expect = "{\"error\":{\"kind\":\"usage\",\"message\":\"bad\",\"hints\":[\"good\"]}}\n";
        assert_eq!(written(&error, true), expect);
    }

    #[test]
    fn a_closed_pipe_is_seen_through_context() {
        let closed = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("write");
        assert!(closed.is_broken_pipe());
        assert!(!CommandError::usage("x").is_broken_pipe());
    }
}
