//! `hob-plugin.toml`, which stands in the root of a project that makes a component.

use hob_core::{ExecutorName, sanitize_line};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A manifest has a few dozen lines; what is larger is something else.
const LARGEST: u64 = 1 << 20;
/// Longest text of a problem.
const LONGEST: usize = 400;

/// What a project says of the component that it makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The folder of the project, as it was given.
    pub folder: PathBuf,
    /// The name that its executor has where no other is given.
    pub name: ExecutorName,
    /// Its version.
    pub version: String,
    /// What it is written in, which says how it is built.
    pub language: Language,
    /// What it does, in one line.
    pub summary: String,
    /// Where the built component stands, from the folder of the project.
    pub component: PathBuf,
    /// The program with its arguments that builds it, in place of the language's own way.
    pub build: Option<Vec<String>>,
    /// What its author tries it with.
    pub trial: Trial,
}

/// A language that hob knows how to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// `rust`
    Rust,
    /// `js`
    Js,
    /// `python`
    Python,
}

impl Language {
    /// The word for it, in the manifest and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `[plugin.try]`: parameters and grants for a run on the author's own machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Parameters.
    pub params: Map<String, Value>,
    /// What is granted: one `KEY=VALUE` a key of `[executors.NAME.grant]`, the value as TOML.
    pub grant: Vec<String>,
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No such file.
    #[error(
        "{} has no {}: `hob plugin new NAME --lang rust` writes a project that has one",
        folder.display(),
        Manifest::FILE
    )]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
    /// It cannot be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It says something that hob does not understand.
    #[error("{}:{line}:{column}: {}{message}", path.display(), Key(key))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// Such as `plugin.name`; empty where the file is no TOML.
        key: String,
        /// What is wrong, and what was expected.
        message: String,
    },
}

struct Key<'a>(&'a str);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    plugin: Spanned<Plugin>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plugin {
    name: Spanned<String>,
    version: Spanned<String>,
    language: Language,
    summary: Spanned<String>,
    component: Spanned<PathBuf>,
    #[serde(default)]
    build: Option<Build>,
    #[serde(default, rename = "try")]
    trial: Option<Try>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    command: Spanned<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Try {
    params: Map<String, Value>,
    grant: toml::Table,
}

impl Manifest {
    /// The name of the file.
    pub const FILE: &str = "hob-plugin.toml";

    /// Reads the manifest of the project in `folder`.
    pub fn read(folder: &Path) -> Result<Self, ManifestError> {
        let path = folder.join(Self::FILE);
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ManifestError::Missing { folder: folder.to_owned() });
            }
            Err(source) => return Err(ManifestError::Read { path, source }),
        };
        Self::parse(folder, &text)
    }

    /// Reads the `text` of the manifest in `folder`.
    pub fn parse(folder: &Path, text: &str) -> Result<Self, ManifestError> {
        let parser = Parser { path: folder.join(Self::FILE), text };
        let file: File = toml::from_str(text)
            .map_err(|error| parser.problem(error.span().unwrap_or_default(), &shorter(error.message())))?;
        let plugin = file.plugin.into_inner();
        let name = plugin.name.get_ref().parse().map_err(|error| parser.problem(plugin.name.span(), &error))?;
        let line = |text: Spanned<String>, what: &str| {
            let fits = !text.get_ref().trim().is_empty() && !text.get_ref().chars().any(char::is_control);
            let wrong = || parser.problem(text.span(), &format!("{what} is one line of text"));
            if fits { Ok(text.get_ref().clone()) } else { Err(wrong()) }
        };
        let component = plugin.component.get_ref();
        if component.as_os_str().is_empty() || component.is_absolute() {
            let message = "the path of the built component, from the folder of this file, such as \"dist/it.wasm\"";
            return Err(parser.problem(plugin.component.span(), &message));
        }
        let build = plugin.build.map(|build| build.command);
        if let Some(command) = build.as_ref().filter(|command| command.get_ref().is_empty()) {
            let message = "a program with its arguments, such as [\"make\", \"component\"]";
            return Err(parser.problem(command.span(), &message));
        }
        let trial = plugin.trial.unwrap_or_default();
        Ok(Self {
            folder: folder.to_owned(),
            name,
            version: line(plugin.version, "a version")?,
            language: plugin.language,
            summary: line(plugin.summary, "the summary")?,
            component: component.clone(),
            build: build.map(Spanned::into_inner),
            trial: Trial {
                params: trial.params,
                grant: trial.grant.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            },
        })
    }

    /// The built component.
    pub fn component(&self) -> PathBuf {
        self.folder.join(&self.component)
    }
}

fn read(path: &Path) -> io::Result<String> {
    use io::Read as _;
    // Before opening: to open a pipe is to wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it has more than {LARGEST} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// The first line: what follows it is about the parser.
fn shorter(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

struct Parser<'t> {
    path: PathBuf,
    text: &'t str,
}

impl Parser<'_> {
    fn problem(&self, span: Range<usize>, message: &dyn fmt::Display) -> ManifestError {
        let mut at = span.start.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let mut key = String::new();
        if let Ok(table) = DeTable::parse(self.text) {
            key_at(table.get_ref(), span.start, &mut key);
        }
        ManifestError::Invalid {
            path: self.path.clone(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            key: sanitize_line(&key, LONGEST),
            message: sanitize_line(&message.to_string(), LONGEST),
        }
    }
}

/// Adds to `key` what leads to the innermost entry that stands at the byte `at`.
fn key_at(table: &DeTable<'_>, at: usize, key: &mut String) {
    for (name, value) in table {
        let inside = |value: &Spanned<DeValue<'_>>| value.span().contains(&at);
        let below = |value: &DeValue<'_>| value.as_table().is_some_and(|table| leads_to(table, at));
        if !(name.span().contains(&at) || inside(value) || below(value.get_ref())) {
            continue;
        }
        if !key.is_empty() {
            key.push('.');
        }
        key.push_str(name.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            key_at(inner, at, key);
        }
        return;
    }
}

/// Whether an entry of `table` stands at the byte `at`: a table that is written in pieces has no
/// one place of its own.
fn leads_to(table: &DeTable<'_>, at: usize) -> bool {
    table.iter().any(|(name, value)| {
        let below = |table: &DeTable<'_>| leads_to(table, at);
        name.span().contains(&at) || value.span().contains(&at) || value.get_ref().as_table().is_some_and(below)
    })
}

#[cfg(test)]
mod tests;
