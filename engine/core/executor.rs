use crate::{ExecutorName, Grant, Limits};
use serde_json::Value;
use std::{fmt, path::PathBuf};

/// An executor as the configuration resolved it: a component and what it has been granted.
#[derive(Clone, Debug, PartialEq)]
pub struct ExecutorConfig {
    /// `[executors.NAME]`
    pub name: ExecutorName,
    /// Where the component comes from.
    pub component: ComponentSource,
    /// What the configuration says of it, in place of the component's own summary.
    pub summary: Option<String>,
    /// What it has been granted.
    pub grant: Grant,
    /// What one attempt may use.
    pub limits: Limits,
    /// `[executors.NAME.settings]`, a JSON object, passed to the component.
    pub settings: Value,
    /// Whether an attempt that was lost with its worker may simply run again.
    pub repeatable: bool,
}

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ComponentSource {
    /// `builtin:NAME`: one that is part of the `hob` binary.
    Bundled(String),
    /// A file on this machine, absolute.
    File {
        /// The file.
        path: PathBuf,
        /// Hexadecimal SHA-256 that it has to have.
        sha256: Option<String>,
    },
}

impl fmt::Display for ComponentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled(name) => write!(f, "builtin:{name}"),
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}
