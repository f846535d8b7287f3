use crate::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a component asks for, from its `describe`, each with a reason. `*` is any name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asks {
    /// Folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dirs: Vec<DirAsk>,
    /// HTTP hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpAsk>,
    /// Native programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramAsk>,
    /// Environment variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvAsk>,
    /// Secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretAsk>,
    /// A store of its own that outlives the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateAsk>,
}

/// A folder that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirAsk {
    /// The path under which the component wants to see it, such as `/project`.
    pub guest: String,
    /// Whether it wants to write.
    #[serde(default)]
    pub mode: Mode,
    /// Why, in words for a person.
    pub reason: String,
}

/// HTTP hosts that are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAsk {
    /// A host name, `*.example.org`, or `*`.
    pub host: String,
    /// Methods.
    #[serde(default = "get_and_head")]
    pub methods: Vec<String>,
    /// Why, in words for a person.
    pub reason: String,
}

/// A native program that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramAsk {
    /// The logical name by which the component calls it, or `*`.
    pub name: String,
    /// Why, in words for a person.
    pub reason: String,
}

/// An environment variable that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvAsk {
    /// Its name, or `*`.
    pub name: String,
    /// Why, in words for a person.
    pub reason: String,
}

/// A secret that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAsk {
    /// Its logical name.
    pub name: String,
    /// Why, in words for a person.
    pub reason: String,
}

/// The wish for a store of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateAsk {
    /// Why, in words for a person.
    pub reason: String,
}

fn get_and_head() -> Vec<String> {
    vec!["GET".to_owned(), "HEAD".to_owned()]
}

/// What the configuration lets an executor have: `[executors.NAME.grant]`. Nothing listed is
/// nothing granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grant {
    /// Folders.
    pub dirs: Vec<DirGrant>,
    /// HTTP hosts.
    pub http: Vec<HttpGrant>,
    /// Native programs.
    pub programs: ProgramsGrant,
    /// Environment variables, for the component and for the programs that it starts.
    pub env: EnvGrant,
    /// Secrets, by logical name.
    pub secrets: BTreeMap<String, SecretGrant>,
    /// Bytes that its store may hold; 0 is no store.
    pub state: Bytes,
}

/// Reading, or reading and writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Reading.
    #[default]
    Ro,
    /// Reading and writing.
    Rw,
}

/// A folder that is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirGrant {
    /// The folder on this machine: absolute, `~/…`, or `{cwd}` for the task's folder.
    pub host: String,
    /// The path under which the component sees it. Absolute.
    pub guest: String,
    /// Reading only, unless said otherwise.
    #[serde(default)]
    pub mode: Mode,
}

/// HTTP hosts that are granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGrant {
    /// A host name, `*.example.org` (any name below it), or `*`.
    pub host: String,
    /// Methods.
    #[serde(default = "get_and_head")]
    pub methods: Vec<String>,
    /// `https` unless said otherwise.
    #[serde(default = "https")]
    pub scheme: String,
    /// The scheme's own port unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether the name may lead to this machine or its own network. Otherwise every address
    /// that is not public is refused, whatever name it hides behind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub local: bool,
}

fn https() -> String {
    "https".to_owned()
}

/// Native programs that are granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "`\"any\"` or a table of programs, such as { git = { path = \"/usr/bin/git\" } }")]
pub enum ProgramsGrant {
    /// The word `any`: every program that the dispatcher could start, by path or from its `PATH`.
    Any(AnyProgram),
    /// By logical name.
    Named(BTreeMap<String, ProgramGrant>),
}

/// The word `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnyProgram {
    /// `any`
    #[serde(rename = "any")]
    Any,
}

impl Default for ProgramsGrant {
    fn default() -> Self {
        Self::Named(BTreeMap::new())
    }
}

impl ProgramsGrant {
    /// Whether a program is looked up in the dispatcher's `PATH`.
    pub fn needs_path(&self) -> bool {
        match self {
            Self::Any(AnyProgram::Any) => true,
            Self::Named(programs) => programs.values().any(|program| !program.path.contains('/')),
        }
    }
}

/// A native program that is granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramGrant {
    /// The executable: an absolute path, or a bare name, which is looked up in the dispatcher's `PATH`
    /// when the task runs.
    pub path: String,
    /// The arguments it may be given: one pattern for each, `*` inside a pattern is any text,
    /// and `**` alone any further arguments. Left out, any arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Hexadecimal SHA-256 that the executable has to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Environment variables that are granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "`\"inherit\"` or a list of names, such as [\"LANG\"]")]
pub enum EnvGrant {
    /// The word `inherit`: all that the dispatcher had.
    Inherit(InheritEnv),
    /// By name.
    Names(BTreeSet<String>),
}

/// The word `inherit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InheritEnv {
    /// `inherit`
    #[serde(rename = "inherit")]
    Inherit,
}

impl Default for EnvGrant {
    fn default() -> Self {
        Self::Names(BTreeSet::new())
    }
}

impl EnvGrant {
    /// Whether the variable is granted.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Inherit(InheritEnv::Inherit) => true,
            Self::Names(names) => names.contains(name),
        }
    }
}

/// A secret that is granted: the component sees a placeholder, which the host replaces at the
/// boundary, for the named hosts only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretGrant {
    /// The variable of the worker's environment that holds it.
    pub env: String,
    /// The hosts it may go to.
    pub hosts: Vec<String>,
    /// Where in a request it may stand.
    #[serde(rename = "in", default = "in_header")]
    pub places: Vec<SecretPlace>,
}

/// Where in a request a secret may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretPlace {
    /// A header's value.
    Header,
    /// The body.
    Body,
}

fn in_header() -> Vec<SecretPlace> {
    vec![SecretPlace::Header]
}
