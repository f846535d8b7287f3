use crate::{
    answer,
    context::{Context, now},
    error::CommandResult,
    exit::Exit,
    lookup,
    prepare::{Executors, captured_environment, checked_params},
    render::{self, BOLD, styled},
    start::ensure_daemon,
    verb::wait::wait_for,
};
use hob_core::{NewTask, Task};
use hob_store::Accepted;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal as _, Write as _};

/// Run tasks again: each becomes a new task that points at the old one.
///
/// Parameters, folder, priority, time limit and session are those of the old task; the environment
/// is the present one.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob retry tests-1
  hob retry tests-1 --wait")]
pub struct Arguments {
    /// The tasks; an id may be abbreviated where it is unique.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Wait until they have ended and print their results.
    #[arg(long)]
    wait: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs them again.
pub fn run(arguments: &Arguments) -> CommandResult {
    let context = Context::discover()?;
    let mut store = context.store()?;
    let executors = Executors::new(&context)?;
    let old: Vec<Task> = arguments.ids.iter().map(|text| lookup::find(&store, text)).collect::<CommandResult<_>>()?;
    let new: Vec<NewTask> = old.iter().map(|task| again(&executors, task)).collect::<CommandResult<_>>()?;
    let accepted = store.submit(&new, now())?;
    ensure_daemon(&context)?;
    if arguments.wait {
        let ids: Vec<_> = accepted.iter().map(|accepted| accepted.id.clone()).collect();
        let tasks = wait_for(&context, &store, &ids, None, false)?.ended;
        for task in &tasks {
            answer::print(&context, task, arguments.json)?;
        }
        return Ok(answer::exit_of_all(&tasks));
    }
    for (old, accepted) in old.iter().zip(&accepted) {
        say(old, accepted, arguments.json)?;
    }
    Ok(Exit::Ok)
}

fn say(old: &Task, accepted: &Accepted, as_json: bool) -> CommandResult<()> {
    let mut out = anstream::stdout().lock();
    if as_json {
        let object = json!({
            "id": accepted.id,
            "executor": old.executor,
            "state": accepted.state,
            "priority": old.priority,
            "already": accepted.already,
            "retry_of": old.id,
        });
        render::write_json(&mut out, &object)?;
    } else if std::io::stdout().is_terminal() {
        writeln!(out, "queued  {}  ({})  again for {}", styled(BOLD, &accepted.id), old.executor, old.id)?;
    } else {
        writeln!(out, "{}", accepted.id)?;
    }
    Ok(())
}

/// The same task once more. The executor may have changed since, so its parameters are checked again.
fn again(executors: &Executors<'_>, task: &Task) -> CommandResult<NewTask> {
    let known = executors.find(task.executor.as_str())?;
    let params = match render::params_value(task) {
        Value::Object(params) => params,
        _ => Map::new(),
    };
    Ok(NewTask {
        id: None,
        executor: task.executor.clone(),
        params: checked_params(&known, &params)?,
        priority: task.priority,
        cwd: task.cwd.clone(),
        environment: captured_environment(&known.config.grant),
        timeout: task.timeout,
        session: task.session.clone(),
        retry_of: Some(task.id.clone()),
    })
}
