use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    exit::Exit,
    prepare::{Known, captured_environment, checked_params},
    render::{self, BOLD, DIM, of_state, styled},
    trial::{Options, Rig, cannot_use},
};
use anstyle::Style;
use hob_conformance::{Finding, Rule, Subject, Suite, Verdict};
use hob_core::{ExecutorConfig, StateName, parse_duration, sanitize_line};
use hob_host::{AdmissionError, Admitted, Refusal};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

/// Hold a component against the rules that every component has to keep.
///
/// Each rule is tried on it, in the sandbox that it would have as a task, and passes, fails, or is not applicable; each
/// says why. Some need the component at work for a second or so: give it parameters and grants for that, here or in
/// `[plugin.try]` of its hob-plugin.toml. It runs a dozen times or more: what it does to the world outside, it does
/// as often. Exit 0: no rule is broken. Exit 1: one is. docs/conformance.md has the rules.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin test                                      the project in this folder
  hob plugin test ./word-count.wasm --params '{\"path\": \"README.md\"}' --grant all
  hob plugin test builtin:shell --grant all --params '{\"command\": \"seq 100000; sleep 1\"}'
  hob plugin test ./word-count.wasm --json | jq '.rules[] | select(.verdict == \"failed\")'")]
pub struct Arguments {
    #[command(flatten)]
    options: Options,
    /// The time that each run may take.
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "30s")]
    timeout: Duration,
    /// Print JSON: an object with all rules.
    #[arg(long)]
    json: bool,
}

/// Tests it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let tried = arguments.options.subject()?;
    // Before the process has a second thread.
    let rig = Rig::new(&context)?;
    let mut report = Report { findings: Vec::new(), as_json: arguments.json };
    let admitted = match rig.host.catalog().admit(&tried.config) {
        Ok(admitted) => admitted,
        Err(error) => {
            let rule = broken(&error).ok_or_else(|| cannot_use(error))?;
            Suite::refused(rule.0, &rule.1).into_iter().try_for_each(|finding| report.add(finding))?;
            return report.end(&tried.config, None);
        }
    };
    let grant = tried.granted(&admitted.description.asks, &context)?;
    let config = Arc::new(ExecutorConfig { grant, ..tried.config });
    if let Some(params) = &tried.params {
        checked_params(&Known { config: Arc::clone(&config), description: Arc::clone(&admitted.description) }, params)?;
    }
    let subject = Subject {
        environment: captured_environment(&config.grant),
        config: Arc::clone(&config),
        params: tried.params,
        cwd: tried.cwd,
        wall: arguments.timeout,
        grace: rig.grace,
        scratch: rig.scratch().to_owned(),
    };
    let mut said = Ok(());
    let is_whole = Suite::run(&rig, &subject, &admitted, &mut |finding| {
        let before = std::mem::replace(&mut said, Ok(()));
        said = before.and_then(|()| report.add(finding));
    });
    said?;
    if !is_whole {
        return Err(CommandError::internal(anyhow::anyhow!("was asked to end before every rule was tried")));
    }
    report.end(&config, Some(&admitted))
}

/// The rule that a component broke which was not admitted, and how; none if that was not its own fault.
fn broken(error: &AdmissionError) -> Option<(Rule, String)> {
    let rule = match error {
        AdmissionError::Refused { refusal: Refusal::Describe { .. }, .. } | AdmissionError::Description { .. } => {
            Rule::Describe
        }
        AdmissionError::Refused { refusal: Refusal::Digest { .. }, .. } => return None,
        AdmissionError::Refused { .. } => Rule::Contract,
        _ => return None,
    };
    Some((rule, error.to_string()))
}

/// What was found so far.
struct Report {
    findings: Vec<Finding>,
    as_json: bool,
}

impl Report {
    fn add(&mut self, finding: Finding) -> io::Result<()> {
        if !self.as_json {
            write_line(&mut anstream::stdout().lock(), &finding)?;
        }
        self.findings.push(finding);
        Ok(())
    }

    fn end(&self, config: &ExecutorConfig, admitted: Option<&Admitted>) -> CommandResult {
        let count = |word: &str| self.findings.iter().filter(|finding| finding.verdict.as_str() == word).count();
        let failed = count("failed");
        let mut out = anstream::stdout().lock();
        if self.as_json {
            let object = json!({
                "component": config.component.to_string(),
                "digest": admitted.map(|admitted| &admitted.digest),
                "name": admitted.map(|admitted| &admitted.description.name),
                "version": admitted.map(|admitted| &admitted.description.version),
                "ok": failed == 0,
                "rules": self.findings.iter().map(object).collect::<Vec<_>>(),
            });
            render::write_json(&mut out, &object)?;
        } else {
            let counts =
                format!("{} passed, {failed} failed, {} not applicable", count("passed"), count("not-applicable"));
            writeln!(out, "{}", styled(BOLD, counts))?;
        }
        Ok(if failed == 0 { Exit::Ok } else { Exit::TaskFailed })
    }
}

fn object(finding: &Finding) -> Value {
    let Finding { rule, verdict } = finding;
    json!({ "rule": rule.as_str(), "demand": rule.demand(), "verdict": verdict.as_str(), "why": verdict.why() })
}

fn write_line(out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    /// Longest text of a line: what a panic says may be a page.
    const LONGEST: usize = 600;
    let Finding { rule, verdict } = finding;
    let (style, word): (Style, &str) = match verdict {
        Verdict::Passed(_) => (of_state(StateName::Completed), "passed"),
        Verdict::Failed(_) => (of_state(StateName::Failed), "FAILED"),
        Verdict::NotApplicable(_) => (DIM, "n/a"),
    };
    let why = sanitize_line(verdict.why(), LONGEST);
    writeln!(out, "{}  {}  {why}", styled(style, format!("{word:<6}")), styled(BOLD, format!("{rule:<12}")))?;
    if verdict.is_failure() {
        writeln!(out, "{}", styled(DIM, format!("        {:<12}  {}", "", rule.demand())))?;
    }
    Ok(())
}
