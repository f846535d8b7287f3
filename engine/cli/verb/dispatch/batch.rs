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

/// What a line may say.
const KEYS: [&str; 6] = ["executor", "params", "id", "priority", "cwd", "timeout"];

/// One line.
#[derive(Deserialize)]
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
    Ok(Request { tasks, options, lines })
}

fn task(
    line: &str,
    executors: &Executors<'_>,
    options: &Options,
    folder: &Path,
    session: Option<&SessionId>,
) -> CommandResult<NewTask> {
    let line = parse(line)?;
    let known = executors.find(&line.executor)?;
    let priority = line.priority.map(|text| text.parse::<Priority>()).transpose().map_err(CommandError::usage)?;
    let timeout = line.timeout.map(|text| parse_duration(&text)).transpose().map_err(CommandError::usage)?;
    let cwd = match line.cwd {
        Some(cwd) => absolute(&folder.join(cwd)).map_err(|error| CommandError::usage(format!("cwd: {error}")))?,
        None => folder.to_owned(),
    };
    Ok(NewTask {
        id: line.id,
        params: checked_params(&known, &line.params)?,
        priority: priority.or(options.priority).unwrap_or_default(),
        cwd,
        environment: captured_environment(&known.config.grant),
        timeout: timeout.or(options.timeout),
        session: session.cloned(),
        retry_of: None,
        executor: known.config.name.clone(),
    })
}

fn parse(line: &str) -> CommandResult<Line> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| CommandError::usage(format!("a JSON object is wanted: {error}")))?;
    if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let meant = hob_settings::nearest(unknown, KEYS).map(|meant| format!("; did you mean `{meant}`?"));
        let error = CommandError::usage(format!("`{unknown}` is no key{}", meant.unwrap_or_default()));
        return Err(error.hint(format!("keys: {}", KEYS.join(", "))));
    }
    serde_json::from_value(Value::Object(object)).map_err(CommandError::usage)
}

/// Whether a line of a batch is one, whatever its executor may say to its parameters: for fuzzing.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn check_line(line: &str) -> Result<(), String> {
    let line = parse(line).map_err(|error| error.message())?;
    line.priority.map(|text| text.parse::<Priority>()).transpose().map_err(|error| error.to_string())?;
    line.timeout.map(|text| parse_duration(&text)).transpose().map_err(|error| error.to_string())?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let message = parse(line).err().map(|error| error.message()).unwrap_or_default();
        assert_eq!(message, expect, "{line}");
    }

    #[test]
    fn lines() {
        check(r#"{"executor":"shell"}"#, "");
        check(r#"{"executor":"shell","parms":{}}"#, "`parms` is no key; did you mean `params`?");
        check(r#"{"params":{}}"#, "missing field `executor`");
        check(r#"{"executor":"shell","params":[]}"#, "invalid type: sequence, expected a map");
        check(
            r#"{"executor":"shell","id":"a b"}"#,
            "`a b` cannot be a task id: use 1 to 64 letters, digits, `.`, `_` or `-`, beginning with a letter or digit",
        );
        check("[]", "a JSON object is wanted: invalid type: sequence, expected a map at line 1 column 0");
    }
}
