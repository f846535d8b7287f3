use super::describe::counted;
use crate::{
    rule::Verdict,
    suite::{Interrupted, Suite, Work},
    wrong::{UNKNOWN, with_unknown, wrong},
};
use hob_core::FailureKind;
use hob_host::validate_params;
use std::time::Duration;

/// How long a component may think about wrong parameters. Two seconds: whoever is at work by then took them for right.
const WALL: Duration = Duration::from_secs(2);

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Result<Verdict, Interrupted> {
    let description = &suite.description;
    let schema = &description.params;
    // Whoever takes any parameter on purpose says so in the schema.
    let is_open = schema.get("additionalProperties").is_some() || schema.get("unevaluatedProperties").is_some();
    let base = suite.params.clone().unwrap_or_default();
    let accepted = |params| {
        validate_params(description, params)
            .iter()
            .all(|(pointer, message)| !pointer.is_empty() || !message.contains(UNKNOWN))
    };
    if !is_open && accepted(&with_unknown(&base)) {
        return Ok(Verdict::Failed(format!(
            "its schema takes the parameter `{UNKNOWN}`, so a misspelt name goes unnoticed: add `\"additionalProperties\": false`"
        )));
    }
    let wrong = wrong(description, suite.params.as_ref());
    let refused = counted(wrong.len(), "wrong set");
    // A component that traps whatever it is given breaks another rule.
    if matches!(work, Work::Idle(run, _) if run.kind() != Some(FailureKind::Denied)) {
        return Ok(Verdict::Passed(format!("its schema refuses {refused} of parameters")));
    }
    for case in &wrong {
        let wall = WALL.min(suite.subject.wall);
        let run = suite.play(crate::suite::Case { checked: false, wall, ..suite.bare_case(&case.params) })?;
        // What traps because it was denied something breaks the rule of denials.
        if let (Some(FailureKind::Trap | FailureKind::Limit), []) = (run.kind(), run.tried.denials.as_slice()) {
            return Ok(Verdict::Failed(format!(
                "with {} it does not answer `invalid-params`: {}",
                case.what,
                run.words()
            )));
        }
    }
    Ok(Verdict::Passed(format!("its schema refuses {refused} of parameters, and none of them makes it trap")))
}
