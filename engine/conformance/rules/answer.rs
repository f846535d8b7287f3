use crate::{
    rule::Verdict,
    suite::{Suite, Work, brief},
};
use hob_core::FailureKind;

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Verdict {
    let run = match work.run() {
        Ok(run) => run,
        Err(verdict) => return verdict,
    };
    if let Some(result) = run.result() {
        let schema = &suite.description.result;
        let complaints = match (&result.data, jsonschema::validator_for(schema)) {
            (Some(data), Ok(validator)) if !schema.is_null() => {
                validator.iter_errors(data).map(|error| format!("{}: {error}", error.instance_path())).collect()
            }
            _ => Vec::new(),
        };
        return match complaints.first() {
            None => Verdict::Passed(format!("it completed after {}", run.took())),
            Some(first) => Verdict::Failed(format!("its data are not what its `result` describes: {first}")),
        };
    }
    let words = run.words();
    match run.kind() {
        Some(FailureKind::Trap) => Verdict::Failed(format!("it ended without an answer: {words}")),
        Some(FailureKind::TimedOut) => Verdict::NotApplicable(format!(
            "it was still at work after {}; --timeout gives it longer",
            brief(suite.subject.wall)
        )),
        Some(FailureKind::Limit | FailureKind::Internal | FailureKind::WorkerLost) => {
            Verdict::NotApplicable(format!("it was ended: {words}"))
        }
        Some(FailureKind::Executor) if words.trim().is_empty() => Verdict::Failed(
            "it failed without a word: `message` says what happened, to what, and what to do next".to_owned(),
        ),
        Some(kind @ (FailureKind::Executor | FailureKind::InvalidParams | FailureKind::Denied)) => {
            Verdict::Passed(format!("it failed in order ({kind}): {words}"))
        }
        None => Verdict::NotApplicable("it was cancelled".to_owned()),
    }
}
