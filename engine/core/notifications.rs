use crate::{ExecutorName, Group, Priority, Task};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

/// Who is told of what ended, and of which ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notifications {
    /// The desktop is told.
    pub desktop: bool,
    /// A program that is told, with its arguments; none if empty.
    pub command: Vec<String>,
    /// How the terminal of whoever waits is told.
    pub terminal: TerminalNotice,
    /// What ends sooner after its start is not told.
    pub min_duration: Duration,
    /// Tasks of other priorities are not told.
    pub priorities: BTreeSet<Priority>,
    /// What ends within this of the first end is told together with it.
    pub gather: Duration,
    /// Tasks of these executors are not told.
    pub silent: BTreeSet<ExecutorName>,
}

impl Notifications {
    /// Nobody is told of anything.
    pub fn off() -> Self {
        Self {
            desktop: false,
            command: Vec::new(),
            terminal: TerminalNotice::None,
            min_duration: Duration::ZERO,
            priorities: BTreeSet::from(Priority::ALL),
            gather: Duration::ZERO,
            silent: BTreeSet::new(),
        }
    }

    /// Whether anybody is told of anything.
    pub fn is_off(&self) -> bool {
        !self.desktop && self.command.is_empty() && self.terminal == TerminalNotice::None
    }

    /// Whether it takes more than the name of an executor to say what is told.
    pub fn is_choosy(&self) -> bool {
        !self.min_duration.is_zero() || self.priorities.len() < Priority::ALL.len()
    }

    /// Whether the end of this task is told.
    pub fn tells_of(&self, task: &Task) -> bool {
        self.concerns(task) && task.state.took().is_none_or(|took| took >= self.min_duration)
    }

    /// Whether the end of this group is told: if it took long enough from its acceptance on, and one of its members
    /// is of those that are told. A group without members that are known is told.
    pub fn tells_of_group<'a>(&self, group: &Group, members: impl IntoIterator<Item = &'a Task>) -> bool {
        let mut members = members.into_iter().peekable();
        let concerns = members.peek().is_none() || members.any(|task| self.concerns(task));
        concerns && group.finished.is_none_or(|finished| finished.since(group.created) >= self.min_duration)
    }

    fn concerns(&self, task: &Task) -> bool {
        self.priorities.contains(&task.priority) && !self.silent.contains(&task.executor)
    }
}

/// How a terminal is told that what its command waited for has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TerminalNotice {
    /// Not at all.
    #[default]
    None,
    /// It rings.
    Bell,
    /// A notification by the sequence of iTerm2: the title.
    Osc9,
    /// A notification by the sequence of urxvt: title and text.
    Osc777,
}

impl TerminalNotice {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::None, Self::Bell, Self::Osc9, Self::Osc777];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bell => "bell",
            Self::Osc9 => "osc9",
            Self::Osc777 => "osc777",
        }
    }
}

impl fmt::Display for TerminalNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that says no way to tell a terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` tells no terminal anything; use none, bell, osc9 or osc777")]
pub struct UnknownTerminalNotice(pub String);

impl FromStr for TerminalNotice {
    type Err = UnknownTerminalNotice;

    fn from_str(text: &str) -> Result<Self, UnknownTerminalNotice> {
        let found = Self::ALL.into_iter().find(|notice| notice.as_str() == text);
        found.ok_or_else(|| UnknownTerminalNotice(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttemptNumber, Join, State, Tally, TaskResult, Timestamp};

    fn task(executor: &str, priority: Priority, seconds: i64) -> Task {
        let result = TaskResult { summary: String::new(), data: None };
        let (started, finished) = (Timestamp(0), Timestamp(seconds * 1_000));
        Task {
            id: "t".parse().expect("an id"),
            sequence: 1,
            executor: executor.parse().expect("a name"),
            params: "{}".to_owned(),
            priority,
            cwd: "/".into(),
            timeout: None,
            session: None,
            retry_of: None,
            created: Timestamp(-100_000),
            group: None,
            state: State::Completed { attempt: AttemptNumber(1), started, finished, result },
        }
    }

    fn group(seconds: i64) -> Group {
        Group {
            id: "g".parse().expect("an id"),
            preset: "research".parse().expect("a name"),
            input: String::new(),
            join: Join::All,
            result: None,
            cwd: "/".into(),
            session: None,
            retry_of: None,
            created: Timestamp(0),
            finished: Some(Timestamp(seconds * 1_000)),
            tally: Tally { completed: 2, ..Tally::default() },
        }
    }

    fn choosy() -> Notifications {
        Notifications {
            min_duration: Duration::from_secs(10),
            priorities: BTreeSet::from([Priority::High]),
            silent: BTreeSet::from(["explore".parse().expect("a name")]),
            ..Notifications::off()
        }
    }

    #[test]
    fn what_is_told() {
        use Priority::{High, Low};
        for (executor, priority, seconds, expect) in [
            ("shell", High, 10, true),
            ("shell", High, 9, false),
            ("shell", Low, 10, false),
            ("explore", High, 10, false),
        ] {
            let task = task(executor, priority, seconds);
            assert_eq!(choosy().tells_of(&task), expect, "{executor} {priority} {seconds}");
            assert!(Notifications::off().tells_of(&task), "what is off is nobody's choice of tasks");
        }
    }

    #[test]
    fn a_group_is_told_if_one_of_its_members_would_be() {
        let (quick, quiet) = (task("shell", Priority::High, 1), task("explore", Priority::High, 60));
        assert!(choosy().tells_of_group(&group(10), [&quiet, &quick]), "the group took long enough");
        assert!(!choosy().tells_of_group(&group(9), [&quiet, &quick]));
        assert!(!choosy().tells_of_group(&group(10), [&quiet]));
        assert!(choosy().tells_of_group(&group(10), []), "its members were pruned");
    }

    #[test]
    fn words() {
        for notice in TerminalNotice::ALL {
            assert_eq!(notice.as_str().parse(), Ok(notice));
        }
        assert!("OSC9".parse::<TerminalNotice>().is_err());
        assert!(Notifications::off().is_off());
        assert!(!Notifications { terminal: TerminalNotice::Bell, ..Notifications::off() }.is_off());
    }
}
