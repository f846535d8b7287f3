use super::describe::counted;
use crate::{
    rule::Verdict,
    suite::{Suite, Work},
};
use hob_core::Answer;
use std::time::Duration;

/// Less output than this may come as a whole. 16 KiB: some two hundred lines.
const MUCH: usize = 16 << 10;
/// So may the output of work that is done before anybody looks. Half a second.
const LONG: Duration = Duration::from_millis(500);

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Verdict {
    let run = match work.done() {
        Ok(run) => run,
        Err(verdict) => return verdict,
    };
    if suite.description.answer == Answer::Output {
        return Verdict::NotApplicable("its output is its answer, which may come as a whole".to_owned());
    }
    let (bytes, took) = (run.heard.bytes(), run.tried.took);
    if bytes < MUCH || took < LONG {
        let written = counted(bytes, "byte");
        return Verdict::NotApplicable(format!("it wrote {written} in {}: too little or too fast to tell", run.took()));
    }
    let early = run.heard.before(took.mul_f64(0.9));
    // A greeting is no stream.
    if early < bytes / 20 {
        return Verdict::Failed(format!(
            "of its {bytes} bytes of output {early} came while it worked, the rest in the last tenth of {}: write each part \
             as soon as you have it",
            run.took()
        ));
    }
    Verdict::Passed(format!("of {bytes} bytes {early} came before the last tenth of {}", run.took()))
}
