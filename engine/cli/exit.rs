use std::process::ExitCode;

/// How a command ended, as the person's shell sees it. `hob help exit-codes` prints [`HELP`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to.
    Ok,
    /// The task that it is about failed or was cancelled.
    TaskFailed,
    /// Arguments or parameters that do not fit.
    Usage,
    /// The configuration, or a component that it names.
    Configuration,
    /// No such task or executor.
    NotFound,
    /// A grant refuses it.
    Denied,
    /// The time of `--timeout` passed first.
    TimedOut,
    /// A fault of hob or of the machine under it.
    Internal,
    /// The database was busy or the outcome is unknown: the same again is safe with `--id`.
    Busy,
    /// The task's own exit code, passed on by `hob wait --exit-code`.
    Task(u8),
}

/// The help topic `exit-codes`.
pub const HELP: &str = "\
What the exit code of every hob command means

   0  done; for wait, output --wait and --wait elsewhere: every task and group completed
   1  a task or a group failed or was cancelled; for doctor: there is a problem;
      for plugin build: it was not built; for plugin test: a rule is broken
   2  usage: an argument or a parameter does not fit; nothing was changed
   3  configuration: hob.toml, or a component that it names, cannot be used
   4  not found: no task, group, executor or preset of that name
   5  refused: for output and dispatch --wait of one task, it failed because a grant
      does not allow what it did; the message has the lines that would. For plugin
      update: the new version asks for more, and nobody has decided on that. Within a
      task: nesting.depth or nesting.per_minute forbids to hand in more tasks
   6  timed out: the time of --timeout passed before the task ended; it goes on
  70  internal: the state folder, the database or hob itself has a fault
  75  busy or unknown: try the same again; with --id that never makes a second task

hob wait --exit-code ID passes the task's own exit code on instead (128 + N after signal N),
where the task has one. A reader that closes the pipe early, as head does, is no error.
";

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::TaskFailed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::NotFound => 4,
            Self::Denied => 5,
            Self::TimedOut => 6,
            Self::Internal => 70,
            Self::Busy => 75,
            Self::Task(code) => code,
        }
    }

    /// The word for it in JSON errors.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::TaskFailed | Self::Task(_) => "task-failed",
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::NotFound => "not-found",
            Self::Denied => "denied",
            Self::TimedOut => "timed-out",
            Self::Internal => "internal",
            Self::Busy => "busy",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_topic_names_every_code() {
        use Exit::{Busy, Configuration, Denied, Internal, NotFound, Ok, TaskFailed, TimedOut, Usage};
        for exit in [Ok, TaskFailed, Usage, Configuration, NotFound, Denied, TimedOut, Internal, Busy] {
            let number = format!("{:>4}  ", exit.code());
            assert!(HELP.lines().any(|line| line.starts_with(&number)), "{exit:?}");
        }
    }
}
