use hob_plugin::{JsonSchema, schemars};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a linter does not like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// As the linter names it: from the folder of the task
    pub file: String,
    /// From 1
    pub line: u32,
    /// From 1
    pub column: u32,
    pub level: Level,
    /// The linter's name of its rule
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    pub message: String,
}

/// How bad it is, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    /// As a linter calls it.
    pub fn of(word: &str) -> Self {
        match word {
            "warning" => Self::Warning,
            // `error: internal compiler error` has a level of its own.
            word if word.starts_with("error") => Self::Error,
            _ => Self::Note,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// As compilers write it, so that editors find the place.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, level, message, .. } = self;
        write!(f, "{file}:{line}:{column}: {level}: {message}")?;
        match &self.rule {
            Some(rule) => write!(f, " [{rule}]"),
            None => Ok(()),
        }
    }
}
