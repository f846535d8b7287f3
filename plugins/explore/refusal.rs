use crate::{
    bindings::hob::plugin::{
        context,
        search::{self, CaseMode, Query, SearchMode},
        types::{Task, TaskError},
    },
    params::Params,
};

/// What the host's refusal of a search is about: it says so in words only, so each part is tried
/// alone.
pub fn explain(task: &Task, params: &Params, root: &str, text: String) -> TaskError {
    if context::is_cancelled() {
        return TaskError::Cancelled;
    }
    let refused = |query: &Query| search::grep(root, query).err();
    if let Some(text) = refused(&attempt("hob".to_owned(), true, None)) {
        // The beginning of every denial; anything else is about the folder itself.
        let denied = text.starts_with(&format!("{} may not ", task.executor));
        return if denied {
            TaskError::Denied(text)
        } else {
            TaskError::InvalidParams(vec![("/path".to_owned(), text)])
        };
    }
    let literal = params.query().literal;
    let patterns = params.pattern.iter().enumerate().filter_map(|(index, pattern)| {
        let text = refused(&attempt(pattern.clone(), literal, None))?;
        Some((format!("/pattern/{index}"), text))
    });
    let globs = params.glob.iter().enumerate().filter_map(|(index, glob)| {
        let text = refused(&attempt("hob".to_owned(), true, Some(glob.clone())))?;
        Some((format!("/glob/{index}"), text))
    });
    let misfits: Vec<(String, String)> = patterns.chain(globs).collect();
    TaskError::InvalidParams(if misfits.is_empty() { vec![(String::new(), text)] } else { misfits })
}

/// A search that looks into no file: the last glob leaves all of them out.
fn attempt(pattern: String, literal: bool, glob: Option<String>) -> Query {
    Query {
        patterns: vec![pattern],
        literal,
        case_sensitivity: CaseMode::Sensitive,
        whole_words: false,
        globs: glob.into_iter().chain(["!**".to_owned()]).collect(),
        hidden: false,
        no_ignore: false,
        context_before: 0,
        context_after: 0,
        max_hits: 1,
        max_hits_per_file: 1,
        mode: SearchMode::Files,
    }
}
