use crate::{
    rule::Verdict,
    suite::{Case, Interrupted, Suite, Work, brief},
};
use hob_core::{FailureKind, Outcome};
use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Work shorter than this is done before anybody could ask. 100 ms.
const SHORTEST: Duration = Duration::from_millis(100);
/// When somebody asks who has seen enough of a long run. Half a second: it is in the middle of its work.
const LATEST: Duration = Duration::from_millis(500);

pub(crate) fn verdict(suite: &Suite<'_>, work: &Work) -> Result<Verdict, Interrupted> {
    let took = match work.done() {
        Ok(run) => run.tried.took,
        Err(verdict) => return Ok(verdict),
    };
    if took < SHORTEST {
        let why = format!("its work took {}, too short to ask it to stop: --params that keep it busy", brief(took));
        return Ok(Verdict::NotApplicable(why));
    }
    let (sender, cancel) = watch::channel(false);
    let (ended, is_over) = mpsc::channel::<()>();
    let params = suite.value();
    let after = (took / 3).min(LATEST);
    // Its own time must not run out before its grace does.
    let grace = suite.subject.grace;
    let wall = suite.subject.wall + 2 * grace;
    let (run, asked) = thread::scope(|scope| {
        let asking = scope.spawn(move || match is_over.recv_timeout(after) {
            Err(mpsc::RecvTimeoutError::Timeout) => {
                sender.send_replace(true);
                Some(Instant::now())
            }
            _ => None,
        });
        let run = suite.play(Case { wall, cancel, ..suite.case(&params) });
        let end = Instant::now();
        drop(ended);
        let asked = asking.join().ok().flatten();
        (run, asked.map(|at| end.saturating_duration_since(at)))
    });
    let (run, Some(late)) = (run?, asked) else {
        return Ok(Verdict::NotApplicable("this time it was done before it could be asked to stop".to_owned()));
    };
    Ok(match &run.tried.outcome {
        _ if late >= grace => Verdict::Failed(format!(
            "asked to stop, it did not within its grace of {}, and was ended: look at `context.is-cancelled` while you \
             compute, and wait for `context.cancelled` beside anything else",
            brief(grace)
        )),
        Outcome::Failed(failure) if failure.kind == FailureKind::Limit => {
            Verdict::Failed(format!("asked to stop, it met a limit instead: {}", run.words()))
        }
        _ => Verdict::Passed(format!("asked to stop after {}, it did within {}", brief(after), brief(late))),
    })
}
