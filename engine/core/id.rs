use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A name that does not fit where it is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A task id outside its alphabet or length.
    #[error(
        "`{0}` cannot be a task id: use 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit"
    )]
    Task(String),
    /// An executor name outside its alphabet or length.
    #[error("`{0}` cannot be an executor's name: use 1 to 40 letters, digits, `_` or `-`, beginning with a letter")]
    Executor(String),
    /// A preset's name outside its alphabet or length.
    #[error(
        "`{0}` cannot be a preset's name: use 1 to 40 lowercase letters, digits, `_` or `-`, beginning with a letter"
    )]
    Preset(String),
    /// The name of a group's member outside its alphabet or length.
    #[error(
        "`{0}` cannot be the name of a child: use 1 to 40 lowercase letters, digits, `_` or `-`, beginning with a letter, and neither `input`, `cwd` nor `group`"
    )]
    Member(String),
    /// A session id outside its alphabet or length.
    #[error("a session id is 1 to 200 printable characters without spaces")]
    Session,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $valid:expr, $error:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text)) } else { Err($error(text)) }
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id!(
    /// Names one task for ever: never used twice, not even after the task was pruned.
    TaskId,
    |text| {
        (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    },
    IdError::Task
);

text_id!(
    /// The name under which the configuration runs a component: `[executors.NAME]`.
    ExecutorName,
    |text| {
        (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    },
    IdError::Executor
);

text_id!(
    /// The name of a fan-out preset: `[presets.NAME]`.
    PresetName,
    is_lowercase_name,
    IdError::Preset
);

text_id!(
    /// What a preset calls one of its children; its placeholder, too.
    MemberName,
    |text| is_lowercase_name(text) && !["input", "cwd", "group"].contains(&text),
    IdError::Member
);

fn is_lowercase_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

text_id!(
    /// The agent's session that dispatched a task (`HOB_SESSION`).
    SessionId,
    |text| (1..=200).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic()),
    |_| IdError::Session
);

text_id!(
    /// One process that runs tasks: a daemon or a lazy worker. Its lock file has this name.
    WorkerId,
    |text| (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
    IdError::Task
);

/// Counts the claims of one task from 1. Every write of an attempt is guarded by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNumber(pub u32);

impl AttemptNumber {
    /// The number of the next claim.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for AttemptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids() {
        for good in ["search-auth-patterns", "t1", "A.b_c-9", &"x".repeat(64)] {
            assert!(good.parse::<TaskId>().is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "a b", "a/b", "../x", "ä", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<TaskId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn executor_names() {
        for good in ["explore", "frontend-engineer", "ast_grep2", "webReader"] {
            assert!(good.parse::<ExecutorName>().is_ok(), "{good}");
        }
        for bad in ["", "1a", "a.b", "a b", "../a", "é"] {
            assert!(bad.parse::<ExecutorName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_presets_and_their_children() {
        assert!("ultrawork".parse::<PresetName>().is_ok() && "Ultrawork".parse::<PresetName>().is_err());
        assert!("docs-1".parse::<MemberName>().is_ok());
        for bad in ["", "input", "cwd", "group", "a.b", "A"] {
            assert!(bad.parse::<MemberName>().is_err(), "{bad}");
        }
    }
}
