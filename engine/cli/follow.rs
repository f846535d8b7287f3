use crate::{
    answer, captured,
    captured::Screen,
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    foreground::Foreground,
    notice,
    render::Gauge,
    start::{Hand, ensure_daemon},
    waiting::Watch,
};
use hob_core::{AttemptNumber, Task, TaskId};
use hob_store::{Error, Store, output::OutputReader};
use std::time::Duration;

/// How often somebody who follows looks for more output: it rings no bell.
const LOOK: Duration = Duration::from_millis(100);

/// What is followed: an attempt, and how far it was shown.
struct Followed {
    attempt: AttemptNumber,
    reader: OutputReader,
    offset: u64,
}

/// Shows the output of a task as it comes, from its last `tail` lines on or from its beginning,
/// until the task has ended; then, on stderr, what it came to. Gives up when it was for this process to run it, and its worker has ended.
pub fn until_the_end(
    context: &Context,
    store: &Store,
    id: &TaskId,
    tail: Option<usize>,
    timeout: Option<Duration>,
    foreground: Option<&Foreground>,
) -> CommandResult {
    let mut watch = Watch::new(context, timeout)?;
    let gauge = Gauge::new();
    let mut screen = Screen::stdout(true);
    let mut followed = None;
    let mut has_paused = false;
    let hand = Hand::beside(foreground);
    ensure_daemon(context)?;
    loop {
        let is_left = foreground.is_some_and(Foreground::is_over);
        let task = store.get(id)?;
        let task = task.ok_or(Error::NotFound { id: id.to_string(), nearest: Vec::new(), retired: true })?;
        // The state was read first: an attempt that has ended writes no more.
        gauge.suspend(|| show_more(context, &task, tail, &mut followed, &mut screen))?;
        if task.state.name().is_final() {
            drop(gauge);
            screen.finish()?;
            notice::of_tasks(context, std::slice::from_ref(&task), has_paused);
            answer::write_words(&mut anstream::stderr().lock(), &task)?;
            return Ok(answer::exit(&task));
        }
        if is_left {
            return Ok(answer::exit(&task));
        }
        gauge.show_task(&task);
        has_paused = true;
        hand.lend(context, store)?;
        if !watch.pause(LOOK)? {
            drop(gauge);
            screen.finish()?;
            let message = anyhow::anyhow!("{id} had not ended when the time was over; it goes on");
            return Err(CommandError::new(Exit::TimedOut, message));
        }
    }
}

fn show_more(
    context: &Context,
    task: &Task,
    tail: Option<usize>,
    followed: &mut Option<Followed>,
    screen: &mut Screen<impl std::io::Write>,
) -> CommandResult<()> {
    let attempt = captured::attempt_of(task);
    if followed.as_ref().map(|followed| followed.attempt) != attempt {
        *followed = match (attempt, captured::open(context, task)?) {
            (Some(attempt), Some(mut reader)) => {
                let offset = tail.map_or(Ok(0), |lines| captured::tail(&mut reader, lines))?;
                Some(Followed { attempt, reader, offset })
            }
            _ => None,
        };
    }
    if let Some(followed) = followed {
        followed.offset = captured::copy(&mut followed.reader, followed.offset, screen)?;
    }
    Ok(())
}
