use super::describe::counted;
use crate::{
    rule::Verdict,
    suite::{Interrupted, Suite, Work},
};
use hob_core::FailureKind;

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Result<Verdict, Interrupted> {
    if suite.description.asks.is_empty() {
        return Ok(Verdict::NotApplicable("it asks for nothing".to_owned()));
    }
    if let Err(verdict) = work.run() {
        return Ok(verdict);
    }
    // What goes wrong with everything granted says nothing about denials.
    if let Work::Idle(run, why) = work
        && run.kind() != Some(FailureKind::Denied)
    {
        return Ok(Verdict::NotApplicable(why.clone()));
    }
    let run = suite.play(suite.bare_case(&suite.value()))?;
    let words = run.words();
    let denied = counted(run.tried.denials.len(), "denial");
    let has_lines = || run.failure().is_some_and(|failure| failure.message.contains(".grant]"));
    Ok(match run.kind() {
        None => Verdict::Passed(format!("with nothing granted it completed, after {denied}")),
        Some(FailureKind::Denied) => Verdict::Passed("with nothing granted it answered `denied`".to_owned()),
        Some(FailureKind::TimedOut) => Verdict::Passed(format!("with nothing granted it worked on, after {denied}")),
        Some(FailureKind::Executor) if has_lines() => {
            Verdict::Passed("with nothing granted it failed with the lines that would allow it".to_owned())
        }
        Some(FailureKind::Executor) if run.tried.denials.is_empty() => {
            Verdict::NotApplicable(format!("it failed before it used anything that needs a grant: {words}"))
        }
        Some(FailureKind::Executor) => Verdict::Failed(format!(
            "with nothing granted it failed with other words than those of the denial, so nobody learns what to allow: \
             {words}. Answer `denied` with the text that the host gave"
        )),
        Some(FailureKind::InvalidParams) => Verdict::NotApplicable(format!("it refused its parameters: {words}")),
        Some(FailureKind::Trap | FailureKind::Limit) => {
            Verdict::Failed(format!("with nothing granted it did not answer, after {denied}: {words}"))
        }
        Some(FailureKind::WorkerLost | FailureKind::Internal) => Verdict::NotApplicable(words.to_owned()),
    })
}
