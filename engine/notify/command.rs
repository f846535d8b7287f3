//! The command that the settings name.

use crate::{
    guard::{Sink, Terms},
    message::Message,
};
use hob_core::{ExitStatus, sanitize_line};
use hob_process::{OwnProgram, run_to_end};
use std::{
    env,
    ffi::OsString,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long it may take; then it is ended with all that is left of its process group. Whoever sends a message over
/// the network needs a second or two.
const WALL: Duration = Duration::from_secs(5);
/// What is kept of what it prints, for the reason of a failure.
const KEPT: usize = 4 << 10;
/// Characters of that reason.
const REASON: usize = 200;

/// A failure costs a message, and a rest ten times as long as it took: one that fails at once is asked again at
/// once, and one that hangs has a minute. What ends meanwhile is told after it.
pub(crate) const TERMS: Terms =
    Terms { patience: WALL.saturating_mul(2), rest: |took| took.saturating_mul(10), keeps: true };

/// Runs a program for each message, which it reads as one line of JSON on its standard input.
#[derive(Clone, Debug, Default)]
pub struct Program {
    words: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// The program and its arguments; none if empty.
    pub fn new(words: Vec<String>) -> Self {
        Self { words: Arc::new(Mutex::new(words)) }
    }

    /// Follows a changed setting.
    pub(crate) fn replace(&self, words: Vec<String>) {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }
}

impl Sink for Program {
    fn show(&mut self, message: &Message) -> Result<(), String> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match words.as_slice() {
            [program, args @ ..] => run(program, args, message, WALL),
            // It was switched off just now.
            [] => Ok(()),
        }
    }
}

fn run(program: &str, args: &[String], message: &Message, wall: Duration) -> Result<(), String> {
    let mut stdin = serde_json::to_vec(message).map_err(|error| error.to_string())?;
    stdin.push(b'\n');
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let env: Vec<(OsString, OsString)> = env::vars_os().collect();
    let own = OwnProgram { program: Path::new(program), args: &args, env: &env, stdin: &stdin, wall, max_output: KEPT };
    let output = run_to_end(&own).map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(|line| sanitize_line(line, REASON)).find(|line| !line.is_empty());
    let said = said.map(|line| format!(": {line}")).unwrap_or_default();
    match output.status {
        Some(ExitStatus::Code(0)) => Ok(()),
        Some(ExitStatus::Code(code)) => Err(format!("{program} exited with code {code}{said}")),
        Some(ExitStatus::Signal(signal)) => Err(format!("{program} was ended by signal {signal}{said}")),
        None => Err(format!("{program} took more than {wall:?} and was ended{said}")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str, wall: Duration) -> Result<(), String> {
        let message = Message { title: "a title".to_owned(), ..Message::default() };
        run("sh", &["-c".to_owned(), script.to_owned()], &message, wall)
    }

    #[test]
    fn it_reads_json_and_fails_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let heard = folder.path().join("heard");
        assert_eq!(shell(&format!("cat > '{}'", heard.display()), WALL), Ok(()));
        let text = std::fs::read_to_string(heard).expect("heard");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["title"], "a title");
        assert!(text.ends_with("}\n"), "{text}");

        let why = "sh exited with code 3: no line";
        assert_eq!(shell("echo >&2; printf '\\033[31mno\\033[0m line\\n' >&2; exit 3", WALL), Err(why.to_owned()));
        assert_eq!(shell("kill -9 $$", WALL), Err("sh was ended by signal 9".to_owned()));
        let missing = run("no-such-program", &[], &Message::default(), WALL).expect_err("it is not there");
        assert!(missing.starts_with("start no-such-program"), "{missing}");
    }

    #[test]
    fn f30_one_that_hangs_or_prints_without_end_is_ended() {
        for script in ["sleep 1000 & sleep 1000", "exec cat /dev/zero", "exec cat /dev/zero >&2"] {
            let started = Instant::now();
            let wall = Duration::from_millis(300);
            let why = shell(script, wall).expect_err("it does not end by itself");
            assert!(why.contains("took more than 300ms and was ended"), "{why}");
            assert!(why.len() < 1_000, "{why}");
            assert!(started.elapsed() < Duration::from_secs(20));
        }
    }
}
