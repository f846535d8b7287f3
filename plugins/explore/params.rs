use crate::words;
use hob_plugin::{
    JsonSchema, Task, TaskError, schemars,
    search::{CaseMode, Query, SearchMode},
};
use serde::Deserialize;

/// What the person asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["pattern"] }, { "required": ["about"] }]))]
#[expect(clippy::struct_excessive_bools, reason = "switches of the command line")]
pub struct Params {
    /// Regular expressions; each is searched for, all in one pass
    #[serde(default)]
    #[schemars(length(min = 1), inner(length(min = 1)), extend("x-hob-cli" = { "positional": true }))]
    pub pattern: Vec<String>,
    /// In place of patterns a sentence: its words are searched for, as plain text in any case
    #[schemars(length(min = 1))]
    about: Option<String>,
    /// Search only this folder or file within the task's own (`--cwd` for another folder)
    path: Option<String>,
    /// The patterns are plain text
    #[serde(default)]
    #[schemars(extend("x-hob-cli" = { "short": "F" }))]
    literal: bool,
    /// Whether upper and lower case differ; smart: only for a pattern with an upper-case letter
    #[serde(default)]
    case: Case,
    /// Only whole words
    #[serde(default)]
    #[schemars(extend("x-hob-cli" = { "short": "w" }))]
    word: bool,
    /// Only files that fit, such as '*.rs'; '!*.md' leaves files out
    #[serde(default)]
    #[schemars(inner(length(min = 1)), extend("x-hob-cli" = { "short": "g" }))]
    pub glob: Vec<String>,
    /// Hidden files and folders too
    #[serde(default)]
    hidden: bool,
    /// Files too that .gitignore and the like leave out
    #[serde(default)]
    no_ignore: bool,
    /// Lines of context around each hit
    #[schemars(range(min = 0, max = 1000), extend("x-hob-cli" = { "short": "C" }))]
    context: Option<u32>,
    /// Lines of context before each hit
    #[schemars(range(min = 0, max = 1000), extend("x-hob-cli" = { "short": "B" }))]
    before: Option<u32>,
    /// Lines of context after each hit
    #[schemars(range(min = 0, max = 1000), extend("x-hob-cli" = { "short": "A" }))]
    after: Option<u32>,
    /// Lines with a hit to show, over all files; the rest is only counted. With --about 100
    #[schemars(range(min = 1), extend("default" = MAX_HITS))]
    max_hits: Option<u32>,
    /// Lines with a hit to show of one file; the rest is only counted. With --about 5
    #[schemars(range(min = 1), extend("default" = MAX_HITS_PER_FILE))]
    max_hits_per_file: Option<u32>,
    /// Only the names of the files and how many hits each has
    #[serde(default)]
    #[schemars(extend("x-hob-cli" = { "short": "l" }))]
    pub files_only: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Case {
    #[default]
    Smart,
    Sensitive,
    Insensitive,
}

/// About what a person scrolls through, and 1 MB of report.
const MAX_HITS: u32 = 10_000;
/// One generated file shall not use up the whole.
const MAX_HITS_PER_FILE: u32 = 1_000;
/// A sentence asks where to look, not for every place.
const MAX_HITS_ABOUT: u32 = 100;
const MAX_HITS_PER_FILE_ABOUT: u32 = 5;
/// Hits that the best are chosen from.
const CHOICE: u32 = 20_000;
const CHOICE_PER_FILE: u32 = 200;

impl Params {
    /// What is to be searched for: a sentence becomes the patterns that it is searched by.
    pub fn checked(mut self) -> Result<Self, TaskError> {
        let misfit = |pointer: &str, message: &str| Err(TaskError::invalid(pointer, message));
        match &self.about {
            Some(_) if !self.pattern.is_empty() => misfit("/about", "give either patterns or a sentence, not both"),
            Some(about) => {
                self.pattern = words::worth_a_search(about);
                if self.pattern.is_empty() {
                    let told =
                        "it has no word to search for: those of three letters and more count, without such as `the`";
                    return misfit("/about", told);
                }
                self.literal = true;
                self.case = Case::Insensitive;
                Ok(self)
            }
            None if self.pattern.is_empty() => misfit("/pattern", "what shall be searched for?"),
            None => Ok(self),
        }
    }

    /// Whether a sentence is searched by, so that the files that have most of it are what is wanted.
    pub fn is_about(&self) -> bool {
        self.about.is_some()
    }

    /// How many hits to show of what a sentence finds: of a file, and altogether.
    pub fn best(&self) -> (u32, u32) {
        (self.max_hits_per_file.unwrap_or(MAX_HITS_PER_FILE_ABOUT), self.max_hits.unwrap_or(MAX_HITS_ABOUT))
    }

    pub fn query(&self) -> Query {
        let (max_hits, max_hits_per_file) = match (self.is_about(), self.has_context()) {
            (false, _) => (self.max_hits.unwrap_or(MAX_HITS), self.max_hits_per_file.unwrap_or(MAX_HITS_PER_FILE)),
            // Lines and their context are not taken apart later.
            (true, true) => (CHOICE, self.best().0),
            (true, false) => (CHOICE, CHOICE_PER_FILE),
        };
        Query {
            patterns: self.pattern.clone(),
            literal: self.literal,
            case_sensitivity: match self.case {
                Case::Smart => CaseMode::Smart,
                Case::Sensitive => CaseMode::Sensitive,
                Case::Insensitive => CaseMode::Insensitive,
            },
            whole_words: self.word,
            globs: self.glob.clone(),
            hidden: self.hidden,
            no_ignore: self.no_ignore,
            context_before: self.before.or(self.context).unwrap_or(0),
            context_after: self.after.or(self.context).unwrap_or(0),
            max_hits,
            max_hits_per_file,
            mode: if self.files_only { SearchMode::Files } else { SearchMode::Lines },
        }
    }

    pub fn has_context(&self) -> bool {
        [self.context, self.before, self.after].iter().flatten().any(|lines| *lines > 0)
    }

    /// Whether a wider search is possible.
    pub fn skips_files(&self) -> bool {
        !(self.hidden && self.no_ignore && self.glob.is_empty())
    }

    /// The path below which to search.
    pub fn root<P, S>(&self, task: &Task<P, S>) -> Result<String, TaskError> {
        let path = self.path.as_deref().unwrap_or(".");
        self.below_project(task.project(), task.cwd()).ok_or_else(|| {
            let text =
                format!("`{path}` is outside of the task's folder; to search there, dispatch with `--cwd {path}`");
            TaskError::invalid("/path", text)
        })
    }

    fn below_project(&self, project: &str, cwd: Option<&str>) -> Option<String> {
        let path = self.path.as_deref().unwrap_or(".");
        let inside = if path.starts_with('/') { below(path, cwd) } else { Some(path) };
        let parts = inside.and_then(parts)?;
        let mut root = project.trim_end_matches('/').to_owned();
        for part in parts {
            root.push('/');
            root.push_str(part);
        }
        Some(if root.is_empty() { "/".to_owned() } else { root })
    }
}

/// What is left of an absolute path of this machine below the task's folder.
fn below<'a>(path: &'a str, cwd: Option<&str>) -> Option<&'a str> {
    let rest = path.strip_prefix(cwd?.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

/// The parts of a relative path; none where it leads out.
fn parts(path: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn params(json: &str) -> Params {
        checked(json).expect("parameters")
    }

    fn checked(json: &str) -> Result<Params, TaskError> {
        serde_json::from_str::<Params>(json).expect("parameters").checked()
    }

    #[track_caller]
    fn check_root(path: Option<&str>, project: &str, expect: Option<&str>) {
        let json = serde_json::json!({ "pattern": ["x"], "path": path });
        let root = params(&json.to_string()).below_project(project, Some("/home/p/repo"));
        assert_eq!(root.as_deref(), expect, "{path:?} {project:?}");
    }

    #[test]
    fn roots() {
        check_root(None, "/project", Some("/project"));
        check_root(Some("src"), "/project/sub", Some("/project/sub/src"));
        check_root(Some("./src//a/../b/"), "/project", Some("/project/src/b"));
        check_root(Some("."), "/project", Some("/project"));
        check_root(Some("/home/p/repo/src"), "/project", Some("/project/src"));
        check_root(Some("/home/p/repo"), "/project", Some("/project"));
    }

    #[test]
    fn a_path_that_leads_out_is_told_of_cwd() {
        check_root(Some("/home/p/repository"), "/project", None);
        check_root(Some("/home/p/repo/../other"), "/project", None);
        check_root(Some("../other"), "/project", None);
    }

    #[test]
    fn a_sentence_is_searched_by_its_words() {
        let sentence = params(r#"{"about":"refactor the API layer"}"#);
        let query = sentence.query();
        assert_eq!(query.patterns, ["refactor", "API", "layer"]);
        assert!(query.literal && matches!(query.case_sensitivity, CaseMode::Insensitive));
        assert_eq!((query.max_hits, query.max_hits_per_file), (CHOICE, CHOICE_PER_FILE));
        assert_eq!(sentence.best(), (MAX_HITS_PER_FILE_ABOUT, MAX_HITS_ABOUT));
        for (json, pointer) in
            [(r#"{"about":"of the"}"#, "/about"), (r#"{"about":"x","pattern":["y"]}"#, "/about"), ("{}", "/pattern")]
        {
            let Err(TaskError::InvalidParams(misfits)) = checked(json) else { panic!("{json} fits") };
            assert_eq!(misfits[0].0, pointer);
        }
    }

    #[test]
    fn before_and_after_win_over_context() {
        let query = params(r#"{"pattern":["x"],"context":3,"after":0}"#).query();
        assert_eq!((query.context_before, query.context_after), (3, 0));
    }
}
