use crate::{
    rule::Verdict,
    suite::{Case, Interrupted, Suite, Work},
};
use hob_core::{Bytes, ExecutorConfig, FailureKind, Limits, format_duration};
use std::{sync::Arc, time::Duration};

/// Memory in which next to nothing runs. 2 MiB: a small guest begins with one.
const LITTLE_MEMORY: Bytes = Bytes(2 << 20);
/// Computing time in which next to nothing is done.
const LITTLE_TIME: Duration = Duration::from_millis(30);

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Result<Verdict, Interrupted> {
    let run = match work.run() {
        Ok(run) => run,
        Err(verdict) => return Ok(verdict),
    };
    let limits = &suite.subject.config.limits;
    if run.kind() == Some(FailureKind::Limit) {
        return Ok(Verdict::Failed(format!("its work does not fit into its limits: {}", run.words())));
    }
    if let Err(verdict) = work.done() {
        return Ok(verdict);
    }
    let params = suite.value();
    let cases = [
        (format!("{LITTLE_MEMORY} of memory"), Limits { memory: LITTLE_MEMORY, ..limits.clone() }),
        (format!("{} of computing time", format_duration(LITTLE_TIME)), Limits { cpu: LITTLE_TIME, ..limits.clone() }),
    ];
    let mut ended = Vec::new();
    for (what, limits) in cases {
        let config = ExecutorConfig { limits, ..ExecutorConfig::clone(&suite.subject.config) };
        let low = suite.play(Case { config: Arc::new(config), ..suite.case(&params) })?;
        match low.kind() {
            Some(FailureKind::Limit) => ended.push(what),
            Some(FailureKind::Trap) => {
                return Ok(Verdict::Failed(format!("within {what} it does not end by name: {}", low.words())));
            }
            _ => {}
        }
    }
    let Limits { memory, cpu, .. } = limits;
    let fits = format!("it works within {memory} of memory and {} of computing time", format_duration(*cpu));
    Ok(Verdict::Passed(match ended.as_slice() {
        [] => format!("{fits}, and within much less"),
        ended => format!("{fits}; {} end it by name", ended.join(" and ")),
    }))
}
