use crate::params::Params;
use hob_plugin::{
    Refused, TaskError,
    search::{CaseMode, Query, SearchMode},
};

/// What the host's refusal of a search is about: it says so in words only, so each part is tried
/// alone.
pub fn explain(params: &Params, root: &str, refused: Refused) -> TaskError {
    let why = |query: &Query| query.run(root).err();
    match why(&attempt("hob".to_owned(), true, None)) {
        Some(Refused::Failed(text)) => return TaskError::invalid("/path", text),
        Some(denied) => return denied.into(),
        None => {}
    }
    let literal = params.query().literal;
    let misfit = |pointer: String, query: &Query| Some((pointer, why(query)?.text().to_owned()));
    let patterns =
        params.pattern.iter().enumerate().filter_map(|(index, pattern)| {
            misfit(format!("/pattern/{index}"), &attempt(pattern.clone(), literal, None))
        });
    let globs = params.glob.iter().enumerate().filter_map(|(index, glob)| {
        misfit(format!("/glob/{index}"), &attempt("hob".to_owned(), true, Some(glob.clone())))
    });
    let misfits: Vec<(String, String)> = patterns.chain(globs).collect();
    if misfits.is_empty() { refused.into() } else { TaskError::InvalidParams(misfits) }
}

/// A search that looks into no file: the last glob leaves all of them out.
fn attempt(pattern: String, literal: bool, glob: Option<String>) -> Query {
    Query {
        literal,
        case_sensitivity: CaseMode::Sensitive,
        globs: glob.into_iter().chain(["!**".to_owned()]).collect(),
        max_hits: 1,
        max_hits_per_file: 1,
        mode: SearchMode::Files,
        ..Query::new([pattern])
    }
}
