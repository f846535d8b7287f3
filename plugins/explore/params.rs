use crate::bindings::hob::plugin::{
    search::{CaseMode, Query, SearchMode},
    types::Task,
};
use serde::Deserialize;

/// The folder of the task, as `describe` asks for it.
const PROJECT: &str = "/project";

/// What the person asked for; `describe.json` says what each means.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub struct Params {
    pub pattern: Vec<String>,
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
    #[serde(default = "max_hits")]
    max_hits: u32,
    #[serde(default = "max_hits_per_file")]
    max_hits_per_file: u32,
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
fn max_hits() -> u32 {
    10_000
}

/// One generated file shall not use up the whole.
fn max_hits_per_file() -> u32 {
    1_000
}

impl Params {
    pub fn query(&self) -> Query {
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
            max_hits: self.max_hits,
            max_hits_per_file: self.max_hits_per_file,
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

    /// The guest path below which to search.
    pub fn root(&self, task: &Task) -> String {
        // Where the task's folder is not granted, asking for it gets the lines that would grant it.
        let project = task.workdir.as_deref().unwrap_or(PROJECT);
        let Some(path) = self.path.as_deref() else { return project.to_owned() };
        let cwd = task.meta.iter().find(|(key, _)| key == "cwd").map(|(_, path)| path.as_str());
        let inside = if path.starts_with('/') { below(path, cwd) } else { Some(path) };
        match inside {
            Some(rest) => join(project, rest),
            None => path.to_owned(),
        }
    }
}

/// What is left of an absolute path of this machine below the task's folder.
fn below<'a>(path: &'a str, cwd: Option<&str>) -> Option<&'a str> {
    let rest = path.strip_prefix(cwd?.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}

fn join(project: &str, rest: &str) -> String {
    let rest = rest.trim_end_matches('/');
    match rest.strip_prefix("./").unwrap_or(rest) {
        "" | "." => project.to_owned(),
        rest => format!("{}/{rest}", project.trim_end_matches('/')),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn params(json: &str) -> Params {
        serde_json::from_str(json).expect("parameters")
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
    fn check_root(path: Option<&str>, workdir: Option<&str>, expect: &str) {
        let json = serde_json::json!({ "pattern": ["x"], "path": path });
        assert_eq!(params(&json.to_string()).root(&task(workdir)), expect, "{path:?} {workdir:?}");
    }

    #[test]
    fn roots() {
        check_root(None, Some("/project"), "/project");
        check_root(None, None, "/project");
        check_root(Some("src"), Some("/project/sub"), "/project/sub/src");
        check_root(Some("./src/"), Some("/project"), "/project/src");
        check_root(Some("."), Some("/project"), "/project");
        check_root(Some("/home/p/repo/src"), Some("/project"), "/project/src");
        check_root(Some("/home/p/repo"), Some("/project"), "/project");
        check_root(Some("/home/p/repository"), Some("/project"), "/home/p/repository");
        check_root(Some("/etc"), Some("/project"), "/etc");
        check_root(Some("../other"), Some("/project"), "/project/../other");
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
    fn before_and_after_win_over_context() {
        let query = params(r#"{"pattern":["x"],"context":3,"after":0}"#).query();
        assert_eq!((query.context_before, query.context_after), (3, 0));
    }
}
