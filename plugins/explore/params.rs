use crate::bindings::hob::plugin::{
    search::{CaseMode, Query, SearchMode},
    types::Task,
};
use crate::words;
use serde::Deserialize;

/// The folder of the task, as `describe` asks for it.
const PROJECT: &str = "/project";

/// What the person asked for; `describe.json` says what each means.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Debug))]
#[expect(clippy::struct_excessive_bools, reason = "the switches of the schema")]
pub struct Params {
    #[serde(default)]
    pub pattern: Vec<String>,
    about: Option<String>,
    path: Option<String>,
    #[serde(default)]
    literal: bool,
    #[serde(default)]
    case: Case,
    #[serde(default)]
    word: bool,
    #[serde(default)]
    pub glob: Vec<String>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    no_ignore: bool,
    context: Option<u32>,
    before: Option<u32>,
    after: Option<u32>,
    max_hits: Option<u32>,
    max_hits_per_file: Option<u32>,
    #[serde(default)]
    pub files_only: bool,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[cfg_attr(test, derive(Debug))]
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
    /// Reads the parameters; a sentence becomes the patterns that it is searched by.
    pub fn read(json: &str) -> Result<Self, (String, String)> {
        let mut params: Self = serde_json::from_str(json).map_err(|error| (String::new(), error.to_string()))?;
        match &params.about {
            Some(_) if !params.pattern.is_empty() => {
                Err(("/about".to_owned(), "give either patterns or a sentence, not both".to_owned()))
            }
            Some(about) => {
                params.pattern = words::worth_a_search(about);
                if params.pattern.is_empty() {
                    let told =
                        "it has no word to search for: those of three letters and more count, without such as `the`";
                    return Err(("/about".to_owned(), told.to_owned()));
                }
                params.literal = true;
                params.case = Case::Insensitive;
                Ok(params)
            }
            None if params.pattern.is_empty() => Err(("/pattern".to_owned(), "what shall be searched for?".to_owned())),
            None => Ok(params),
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

    /// The guest path below which to search, or what is wrong with `path`.
    pub fn root(&self, task: &Task) -> Result<String, String> {
        // Where the task's folder is not granted, asking for it gets the lines that would grant it.
        let project = task.workdir.as_deref().unwrap_or(PROJECT);
        let path = self.path.as_deref().unwrap_or(".");
        let cwd = task.meta.iter().find(|(key, _)| key == "cwd").map(|(_, path)| path.as_str());
        let inside = if path.starts_with('/') { below(path, cwd) } else { Some(path) };
        let parts = inside.and_then(parts).ok_or_else(|| {
            format!("`{path}` is outside of the task's folder; to search there, dispatch with `--cwd {path}`")
        })?;
        let mut root = project.trim_end_matches('/').to_owned();
        for part in parts {
            root.push('/');
            root.push_str(part);
        }
        Ok(if root.is_empty() { "/".to_owned() } else { root })
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
        Params::read(json).expect("parameters")
    }

    pub fn task(workdir: Option<&str>) -> Task {
        Task {
            id: "t".to_owned(),
            executor: "explore".to_owned(),
            params: String::new(),
            settings: "{}".to_owned(),
            attempt: 1,
            deadline_ms: None,
            workdir: workdir.map(str::to_owned),
            meta: vec![("cwd".to_owned(), "/home/p/repo".to_owned())],
        }
    }

    #[track_caller]
    fn check_root(path: Option<&str>, workdir: Option<&str>, expect: Option<&str>) {
        let json = serde_json::json!({ "pattern": ["x"], "path": path });
        let root = params(&json.to_string()).root(&task(workdir));
        assert_eq!(root.ok().as_deref(), expect, "{path:?} {workdir:?}");
    }

    #[test]
    fn roots() {
        check_root(None, Some("/project"), Some("/project"));
        check_root(None, None, Some("/project"));
        check_root(Some("src"), Some("/project/sub"), Some("/project/sub/src"));
        check_root(Some("./src//a/../b/"), Some("/project"), Some("/project/src/b"));
        check_root(Some("."), Some("/project"), Some("/project"));
        check_root(Some("/home/p/repo/src"), Some("/project"), Some("/project/src"));
        check_root(Some("/home/p/repo"), Some("/project"), Some("/project"));
    }

    #[test]
    fn a_path_that_leads_out_is_told_of_cwd() {
        check_root(Some("/home/p/repository"), Some("/project"), None);
        check_root(Some("/home/p/repo/../other"), Some("/project"), None);
        check_root(Some("../other"), Some("/project"), None);
        let told = params(r#"{"pattern":["x"],"path":"/etc"}"#).root(&task(None)).expect_err("outside");
        assert!(told.ends_with("dispatch with `--cwd /etc`"), "{told}");
    }

    #[test]
    fn what_is_left_out_has_the_defaults_of_the_schema() {
        let description: serde_json::Value = serde_json::from_str(include_str!("describe.json")).expect("JSON");
        let default = |name: &str| description["params"]["properties"][name]["default"].clone();
        let query = params(r#"{"pattern":["x"]}"#).query();
        assert_eq!(default("max_hits"), query.max_hits);
        assert_eq!(default("max_hits_per_file"), query.max_hits_per_file);
        assert_eq!(default("case"), "smart");
        assert!(matches!(query.case_sensitivity, CaseMode::Smart));
        assert!(matches!(query.mode, SearchMode::Lines));
        assert_eq!((query.context_before, query.context_after), (0, 0));
    }

    #[test]
    fn a_sentence_is_searched_by_its_words() {
        let sentence = params(r#"{"about":"refactor the API layer"}"#);
        let query = sentence.query();
        assert_eq!(query.patterns, ["refactor", "API", "layer"]);
        assert!(query.literal && matches!(query.case_sensitivity, CaseMode::Insensitive));
        assert_eq!((query.max_hits, query.max_hits_per_file), (CHOICE, CHOICE_PER_FILE));
        assert_eq!(sentence.best(), (MAX_HITS_PER_FILE_ABOUT, MAX_HITS_ABOUT));
        let description: serde_json::Value = serde_json::from_str(include_str!("describe.json")).expect("JSON");
        for (name, limit) in [("max_hits", MAX_HITS_ABOUT), ("max_hits_per_file", MAX_HITS_PER_FILE_ABOUT)] {
            let told = description["params"]["properties"][name]["description"].to_string();
            assert!(told.contains(&format!("With --about {limit}")), "{told}");
        }
        for (json, pointer) in
            [(r#"{"about":"of the"}"#, "/about"), (r#"{"about":"x","pattern":["y"]}"#, "/about"), ("{}", "/pattern")]
        {
            assert_eq!(Params::read(json).expect_err(json).0, pointer);
        }
    }

    #[test]
    fn before_and_after_win_over_context() {
        let query = params(r#"{"pattern":["x"],"context":3,"after":0}"#).query();
        assert_eq!((query.context_before, query.context_after), (3, 0));
    }
}
