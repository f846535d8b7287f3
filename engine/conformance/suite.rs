use crate::{
    heard::Heard,
    rule::{Finding, Rule, Verdict},
    rules,
    sample::sample,
};
use hob_core::{
    Description, Environment, ExecutorConfig, Failure, FailureKind, Grant, Outcome, TaskResult, format_duration,
};
use hob_host::{Admitted, Host, Trial, Tried};
use serde_json::{Map, Value};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Where trials are played.
pub trait Stage {
    /// What runs components.
    fn host(&self) -> &Host;
    /// Runs one trial on the calling thread; none once somebody asked for an end of all.
    fn play(&self, trial: Trial) -> Option<Tried>;
}

/// What is tested, and with what.
pub struct Subject {
    /// The executor, with the grant and limits for the runs that are to work.
    pub config: Arc<ExecutorConfig>,
    /// What its grant says of the environment.
    pub environment: Environment,
    /// Parameters that keep it at work for a while; otherwise what its schema gives away.
    pub params: Option<Map<String, Value>>,
    /// The folder it is about.
    pub cwd: PathBuf,
    /// How long a run may take.
    pub wall: Duration,
    /// How long it may take to stop when it is asked to.
    pub grace: Duration,
    /// A folder for artifacts, which nobody needs.
    pub scratch: PathBuf,
}

/// The suite on its way through one component.
pub struct Suite<'a> {
    pub(crate) stage: &'a dyn Stage,
    pub(crate) subject: &'a Subject,
    pub(crate) description: Arc<Description>,
    /// What the runs that are to work are given.
    pub(crate) params: Option<Map<String, Value>>,
}

/// Somebody asked for an end of all.
#[derive(Debug)]
pub(crate) struct Interrupted;

/// What one run came to.
pub(crate) struct Run {
    pub(crate) tried: Tried,
    pub(crate) heard: Arc<Heard>,
}

/// The run that is to work, in which the rules look for what they need.
pub(crate) enum Work {
    /// It did something: it answered, failed in words of its own, or was still at it.
    Did(Run),
    /// It says nothing about what it would do, for this reason.
    Idle(Run, String),
    /// There was none, for this reason.
    None(String),
}

/// How a run differs from the one that is to work.
pub(crate) struct Case<'a> {
    pub(crate) config: Arc<ExecutorConfig>,
    pub(crate) environment: Environment,
    pub(crate) params: &'a Value,
    pub(crate) checked: bool,
    pub(crate) wall: Duration,
    pub(crate) cancel: watch::Receiver<bool>,
}

impl<'a> Suite<'a> {
    /// Tries every rule on a component that was admitted, and tells `each` as it comes; false if it was interrupted.
    pub fn run(stage: &'a dyn Stage, subject: &'a Subject, admitted: &Admitted, each: &mut dyn FnMut(Finding)) -> bool {
        let description = Arc::clone(&admitted.description);
        let params = subject.params.clone().or_else(|| sample(&description));
        let suite = Self { stage, subject, description, params };
        suite.all(each).is_ok()
    }

    /// The findings for a component that was not admitted: it broke `rule` for the reason `why`.
    pub fn refused(rule: Rule, why: &str) -> Vec<Finding> {
        let verdict = |other: Rule| match other {
            _ if other == rule => Verdict::Failed(why.to_owned()),
            // A component that describes itself was held against the contract before.
            Rule::Contract => Verdict::Passed(rules::CONTRACT.to_owned()),
            _ => Verdict::NotApplicable(format!("nothing more can be tried: the rule `{rule}` is broken")),
        };
        Rule::ALL.iter().map(|other| Finding { rule: *other, verdict: verdict(*other) }).collect()
    }

    fn all(&self, each: &mut dyn FnMut(Finding)) -> Result<(), Interrupted> {
        let mut tell = |rule, verdict| each(Finding { rule, verdict });
        let problems = rules::describe::problems(&self.description);
        if !problems.is_empty() {
            Self::refused(Rule::Describe, &problems.join("; ")).into_iter().for_each(each);
            return Ok(());
        }
        tell(Rule::Contract, Verdict::Passed(rules::CONTRACT.to_owned()));
        tell(Rule::Describe, rules::describe::passed(&self.description));
        tell(Rule::Stable, rules::describe::stable(self));
        let work = self.work()?;
        tell(Rule::Parameters, rules::parameters::verdict(self, &work)?);
        tell(Rule::Answer, rules::answer::verdict(self, &work));
        tell(Rule::Cancellation, rules::cancellation::verdict(self, &work)?);
        tell(Rule::Streaming, rules::streaming::verdict(self, &work));
        tell(Rule::Denials, rules::denials::verdict(self, &work)?);
        tell(Rule::Limits, rules::limits::verdict(self, &work)?);
        Ok(())
    }

    /// One run.
    pub(crate) fn play(&self, case: Case<'_>) -> Result<Run, Interrupted> {
        let heard = Arc::new(Heard::new());
        let trial = Trial {
            config: case.config,
            params: case.params.to_string(),
            checked: case.checked,
            cwd: self.subject.cwd.clone(),
            environment: case.environment,
            wall: Some(case.wall),
            grace: self.subject.grace,
            cancel: case.cancel,
            output: heard.clone(),
            reporter: heard.clone(),
            artifacts: self.subject.scratch.join("artifacts"),
        };
        let tried = self.stage.play(trial).ok_or(Interrupted)?;
        // The next run may use the same names.
        let _ = std::fs::remove_dir_all(self.subject.scratch.join("artifacts"));
        Ok(Run { tried, heard })
    }

    /// A run as the one that is to work, which nobody asks to stop.
    pub(crate) fn case<'p>(&self, params: &'p Value) -> Case<'p> {
        let (_, cancel) = watch::channel(false);
        Case {
            config: Arc::clone(&self.subject.config),
            environment: self.subject.environment.clone(),
            params,
            checked: true,
            wall: self.subject.wall,
            cancel,
        }
    }

    /// The same without any grant.
    pub(crate) fn bare_case<'p>(&self, params: &'p Value) -> Case<'p> {
        let config = ExecutorConfig { grant: Grant::default(), ..ExecutorConfig::clone(&self.subject.config) };
        Case { config: Arc::new(config), environment: Environment::default(), ..self.case(params) }
    }

    /// The parameters of the run that is to work.
    pub(crate) fn value(&self) -> Value {
        Value::Object(self.params.clone().unwrap_or_default())
    }

    fn work(&self) -> Result<Work, Interrupted> {
        if self.params.is_none() {
            let why = "it has to be given parameters, and its schema has no examples: use --params";
            return Ok(Work::None(why.to_owned()));
        }
        let run = self.play(self.case(&self.value()))?;
        let idle = match &run.tried.outcome {
            Outcome::Completed(_) | Outcome::Cancelled => None,
            Outcome::Failed(failure) => why_idle(failure),
        };
        Ok(match idle {
            None => Work::Did(run),
            Some(why) => Work::Idle(run, why),
        })
    }
}

/// Why nothing can be learnt from a run that failed like this.
fn why_idle(failure: &Failure) -> Option<String> {
    match failure.kind {
        FailureKind::Executor | FailureKind::TimedOut => None,
        FailureKind::InvalidParams => Some("it refused its parameters: give it others with --params".to_owned()),
        FailureKind::Denied => Some("it was denied what it needs for its work: use --grant".to_owned()),
        FailureKind::Limit => Some("it met a limit: see the rule `limits`".to_owned()),
        FailureKind::Trap => Some("it trapped: see the rule `answer`".to_owned()),
        FailureKind::WorkerLost | FailureKind::Internal => Some(failure.message.clone()),
    }
}

impl Work {
    /// The run, if it did something; otherwise why not.
    pub(crate) fn done(&self) -> Result<&Run, Verdict> {
        match self {
            Self::Did(run) => Ok(run),
            Self::Idle(_, why) | Self::None(why) => Err(Verdict::NotApplicable(why.clone())),
        }
    }

    /// The run, whatever it came to.
    pub(crate) fn run(&self) -> Result<&Run, Verdict> {
        match self {
            Self::Did(run) | Self::Idle(run, _) => Ok(run),
            Self::None(why) => Err(Verdict::NotApplicable(why.clone())),
        }
    }
}

impl Run {
    /// Its answer.
    pub(crate) fn result(&self) -> Option<&TaskResult> {
        match &self.tried.outcome {
            Outcome::Completed(result) => Some(result),
            Outcome::Failed(_) | Outcome::Cancelled => None,
        }
    }

    /// Its failure.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match &self.tried.outcome {
            Outcome::Failed(failure) => Some(failure),
            Outcome::Completed(_) | Outcome::Cancelled => None,
        }
    }

    /// What sort of failure it was.
    pub(crate) fn kind(&self) -> Option<FailureKind> {
        self.failure().map(|failure| failure.kind)
    }

    /// The first line of its failure.
    pub(crate) fn words(&self) -> &str {
        self.failure().and_then(|failure| failure.message.lines().next()).unwrap_or_default()
    }

    /// How long it took, for a person.
    pub(crate) fn took(&self) -> String {
        brief(self.tried.took)
    }
}

/// A time to the millisecond.
pub(crate) fn brief(time: Duration) -> String {
    match u64::try_from(time.as_millis()) {
        Ok(0) => "less than 1ms".to_owned(),
        Ok(millis) => format_duration(Duration::from_millis(millis)),
        Err(_) => format_duration(time),
    }
}
