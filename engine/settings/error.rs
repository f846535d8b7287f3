use crate::presets::REPOSITORY_FILE;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there and cannot be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder, a pipe or a device is where the file should be.
    #[error("read {}: it is not a file", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// The file is so large that it cannot be meant.
    #[error("read {}: it has {found} bytes, and a configuration has at most {most}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size in bytes.
        most: u64,
    },
    /// The file says something that hob does not understand, or refuses.
    #[error("{first}{}", Further(*more, first))]
    Invalid {
        /// The first problem in the file.
        first: Box<Problem>,
        /// How many follow.
        more: usize,
    },
}

impl Error {
    /// The same, as the first of several.
    pub(crate) fn with_more(self, others: usize) -> Self {
        match self {
            Self::Invalid { first, .. } => Self::Invalid { first, more: others },
            other => other,
        }
    }
}

struct Further<'a>(usize, &'a Problem);

impl fmt::Display for Further<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_repository = self.1.path.as_deref().is_some_and(|path| path.ends_with(REPOSITORY_FILE));
        let command = if is_of_repository { "hob presets --check" } else { "hob config check" };
        match self.0 {
            0 => Ok(()),
            1 => write!(f, "\nand one problem more: `{command}` lists both"),
            more => write!(f, "\nand {more} problems more: `{command}` lists them"),
        }
    }
}

/// One thing that is wrong in a file, and where. Its texts hold nothing that a terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file; none for the defaults that are part of hob.
    pub path: Option<PathBuf>,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
    /// The key that it is about, such as `executors.explore.grant.dirs[0].host`.
    pub key: Option<String>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// What to show of the line.
    pub(crate) excerpt: String,
    /// Where in the excerpt the mark begins, and its length, in characters.
    pub(crate) mark: (usize, usize),
}

impl Problem {
    /// The file's path, or what stands for the built-in defaults.
    pub fn file(&self) -> impl fmt::Display {
        let path = self.path.as_deref().unwrap_or(Path::new("(built-in defaults)"));
        hob_core::sanitize(&path.to_string_lossy()).into_owned()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message, excerpt, mark: (indent, width), .. } = self;
        write!(f, "{}:{line}:{column}: ", self.file())?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        let gutter = line.to_string().len();
        write!(f, "{message}\n{:gutter$} |\n{line} | {excerpt}\n{:gutter$} | {:indent$}", "", "", "")?;
        write!(f, "{:^<width$}", "")?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{:gutter$} = {hint}", "")?;
        }
        Ok(())
    }
}
