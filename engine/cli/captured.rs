//! The captured output of a task on its way to stdout: to a terminal through the sanitiser, to
//! anything else byte by byte.

use crate::{
    context::Context,
    error::{CommandError, CommandResult},
};
use hob_core::{AttemptNumber, Sanitizer, State, Task};
use hob_store::output::{OutputReader, Outputs};
use std::io::Write;

/// Bytes copied at a time.
const BLOCK: usize = 256 << 10;
/// How far from the end the last lines are looked for. 64 MiB: a hundred thousand lines of a log,
/// and still found in some milliseconds.
const FARTHEST: u64 = 64 << 20;

/// The attempt whose output is the task's: the present one, or the last.
pub fn attempt_of(task: &Task) -> Option<AttemptNumber> {
    match &task.state {
        State::Pending { last_attempt, .. } => (last_attempt.0 > 0).then_some(*last_attempt),
        State::Running { attempt, .. } | State::Completed { attempt, .. } | State::Failed { attempt, .. } => {
            Some(*attempt)
        }
        State::Cancelled { stopped, .. } => stopped.map(|(attempt, _)| attempt),
    }
}

/// The output of a task; none if it has none so far.
pub fn open(context: &Context, task: &Task) -> CommandResult<Option<OutputReader>> {
    match attempt_of(task) {
        None => Ok(None),
        Some(attempt) => Ok(Outputs::of(&context.places.state).reader(task.sequence, attempt)?),
    }
}

/// Where the last `lines` lines begin.
pub fn tail(reader: &mut OutputReader, lines: usize) -> CommandResult<u64> {
    Ok(reader.tail(lines, FARTHEST)?)
}

/// Copies all from `offset` on; the offset of what would come next.
pub fn copy(reader: &mut OutputReader, mut offset: u64, to: &mut Screen<impl Write>) -> CommandResult<u64> {
    loop {
        let bytes = reader.read(offset, BLOCK)?;
        if bytes.is_empty() {
            return Ok(offset);
        }
        offset += bytes.len() as u64;
        to.write(&bytes)?;
    }
}

/// Writes all of it as text that holds nothing a terminal would obey; a line end follows if it has none.
pub fn copy_clean(reader: &mut OutputReader, to: &mut dyn Write) -> CommandResult<()> {
    let (mut sanitizer, mut offset, mut is_at_start) = (Sanitizer::new(), 0, true);
    loop {
        let bytes = reader.read(offset, BLOCK)?;
        let mut clean = String::new();
        if bytes.is_empty() {
            std::mem::take(&mut sanitizer).finish(&mut clean);
        } else {
            sanitizer.push(&bytes, &mut clean);
        }
        is_at_start = clean.chars().next_back().map_or(is_at_start, |last| last == '\n');
        to.write_all(clean.as_bytes())?;
        if bytes.is_empty() {
            break;
        }
        offset += bytes.len() as u64;
    }
    if !is_at_start {
        writeln!(to)?;
    }
    Ok(())
}

/// Where output goes.
pub struct Screen<W> {
    to: W,
    sanitizer: Option<Sanitizer>,
    /// Of a line that has no end yet, where only whole lines are shown.
    partial: Option<String>,
}

impl Screen<std::io::StdoutLock<'static>> {
    /// Stdout. On a terminal with `lines` only whole lines are shown, so that a gauge has a line for itself.
    pub fn stdout(lines: bool) -> Self {
        Self::over(std::io::stdout().lock(), lines)
    }
}

impl Screen<std::io::Stdout> {
    /// The same for whoever writes from several threads.
    pub fn shared(lines: bool) -> Self {
        Self::over(std::io::stdout(), lines)
    }
}

impl<W: Write + std::io::IsTerminal> Screen<W> {
    fn over(to: W, lines: bool) -> Self {
        let is_terminal = to.is_terminal();
        Self { to, sanitizer: is_terminal.then(Sanitizer::new), partial: (is_terminal && lines).then(String::new) }
    }
}

impl<W: Write> Screen<W> {
    /// Takes bytes that may end anywhere.
    pub fn write(&mut self, bytes: &[u8]) -> CommandResult<()> {
        let Some(sanitizer) = &mut self.sanitizer else {
            self.to.write_all(bytes)?;
            self.to.flush()?;
            return Ok(());
        };
        let mut clean = String::new();
        sanitizer.push(bytes, &mut clean);
        self.show(clean)
    }

    fn show(&mut self, clean: String) -> CommandResult<()> {
        let clean = match &mut self.partial {
            None => clean,
            Some(partial) => {
                partial.push_str(&clean);
                let rest = partial.split_off(partial.rfind('\n').map_or(0, |end| end + 1));
                std::mem::replace(partial, rest)
            }
        };
        self.to.write_all(clean.as_bytes())?;
        self.to.flush()?;
        Ok(())
    }

    /// Nothing follows. On a terminal the next line then begins at the left.
    pub fn finish(mut self) -> CommandResult<()> {
        let Some(sanitizer) = self.sanitizer.take() else { return Ok(()) };
        let mut rest = self.partial.take().unwrap_or_default();
        sanitizer.finish(&mut rest);
        if !rest.is_empty() {
            self.to.write_all(rest.as_bytes())?;
            if !rest.ends_with('\n') {
                self.to.write_all(b"\n")?;
            }
            self.to.flush()?;
        }
        Ok(())
    }
}

/// The last lines as text for a terminal, and whether there are more before them.
pub fn last_lines(reader: &mut OutputReader, lines: usize) -> CommandResult<(Vec<String>, bool)> {
    /// Longest line shown in a summary of the output.
    const WIDEST: usize = 500;
    /// Bytes read for it, however long the lines are.
    const MOST: u64 = 256 << 10;
    let begin = reader.tail(lines, MOST)?;
    let bytes = reader.read(begin, usize::try_from(MOST).unwrap_or(usize::MAX))?;
    let mut text = String::new();
    let mut sanitizer = Sanitizer::new();
    sanitizer.push(&bytes, &mut text);
    sanitizer.finish(&mut text);
    let cut = |line: &str| line.chars().take(WIDEST).collect::<String>();
    let shown: Vec<String> = text.lines().map(cut).collect();
    let skip = shown.len().saturating_sub(lines);
    Ok((shown.into_iter().skip(skip).collect(), begin > 0 || skip > 0))
}

impl From<hob_store::output::Error> for CommandError {
    fn from(error: hob_store::output::Error) -> Self {
        Self::internal(anyhow::anyhow!("cannot {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sanitizer: Option<Sanitizer>, lines: bool, pieces: &[&[u8]]) -> Vec<u8> {
        let mut to = Vec::new();
        let mut screen = Screen { to: &mut to, sanitizer, partial: lines.then(String::new) };
        for piece in pieces {
            screen.write(piece).expect("a vector takes all");
        }
        screen.finish().expect("a vector takes all");
        to
    }

    #[test]
    fn a_file_gets_the_bytes_and_a_terminal_what_is_safe() {
        let pieces: &[&[u8]] = &[b"a\x1b[3", b"1mb\xff\n\xe2\x82", b"\xac end"];
        assert_eq!(shown(None, false, pieces), pieces.concat());
        assert_eq!(shown(Some(Sanitizer::new()), false, pieces), "ab\u{fffd}\n€ end".as_bytes());
        assert_eq!(shown(Some(Sanitizer::new()), true, pieces), "ab\u{fffd}\n€ end\n".as_bytes());
    }
}
