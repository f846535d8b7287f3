use super::{
    Request,
    options::{Options, absolute},
};
use crate::{
    context::Context,
    error::{CommandError, CommandResult},
    prepare::{Executors, captured_environment, checked_params, read_file},
};
use hob_core::{NewTask, Priority, SessionId, TaskId, parse_duration};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// One line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    executor: String,
    #[serde(default)]
    params: Map<String, Value>,
    id: Option<TaskId>,
    priority: Option<String>,
    cwd: Option<PathBuf>,
    timeout: Option<String>,
}

/// Reads and checks every line; the first that does not fit is the error, and nothing is accepted.
pub fn request(context: &Context, file: &Path, options: Options) -> CommandResult<Request> {
    let text = read_file(file)?;
    let executors = Executors::new(context)?;
    let session = options.session()?;
    let folder = options.folder()?;
    let (mut tasks, mut lines) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let task = task(line, &executors, &options, &folder, session.as_ref())
            .map_err(|error| error.context(format!("line {}", number + 1)).hint("nothing was accepted"))?;
        tasks.push(task);
        lines.push(number + 1);
    }
    if tasks.is_empty() {
        return Err(CommandError::usage(format!("{} has no task", file.display())));
    }
    Ok(Request { tasks, lines, options })
}

fn task(
    line: &str,
    executors: &Executors<'_>,
    options: &Options,
    folder: &Path,
    session: Option<&SessionId>,
) -> CommandResult<NewTask> {
    let line: Line = serde_json::from_str(line).map_err(CommandError::usage)?;
    let known = executors.find(&line.executor)?;
    let priority = line.priority.map(|text| text.parse::<Priority>()).transpose().map_err(CommandError::usage)?;
    let timeout = line.timeout.map(|text| parse_duration(&text)).transpose().map_err(CommandError::usage)?;
    let cwd = match line.cwd {
        Some(cwd) => absolute(folder.join(cwd)).map_err(|error| CommandError::usage(format!("cwd: {error}")))?,
        None => folder.to_owned(),
    };
    Ok(NewTask {
        id: line.id,
        params: checked_params(&known, &line.params)?,
        priority: priority.or(options.priority).unwrap_or_default(),
        cwd,
        environment: captured_environment(&known.config.grant.env),
        timeout: timeout.or(options.timeout),
        session: session.cloned(),
        retry_of: None,
        executor: known.config.name.clone(),
    })
}

/// Says which task of a batch the store refused.
pub fn with_line(request: &Request, error: hob_store::Error) -> CommandError {
    let line = match &error {
        hob_store::Error::IdTaken { id } | hob_store::Error::IdRetired { id } => {
            let place = request.tasks.iter().position(|task| task.id.as_ref() == Some(id));
            place.and_then(|place| request.lines.get(place))
        }
        _ => None,
    };
    let error = CommandError::from(error);
    match line {
        Some(line) => error.context(format!("line {line}")).hint("nothing was accepted"),
        None => error,
    }
}
