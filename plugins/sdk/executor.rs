use crate::{About, Context, Task, TaskError, bindings::hob::plugin::types, error::set_executor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What a component does with tasks.
pub trait Executor {
    /// What a task is given. Doc comments become the help of the command line.
    type Params: DeserializeOwned + JsonSchema;
    /// What the configuration says: [`NoSettings`] where there is nothing to say.
    type Settings: DeserializeOwned + JsonSchema;
    /// The result for programs: `()` where there is none.
    type Data: Serialize + JsonSchema;

    /// What it is, and what it asks for.
    fn about() -> About;

    /// Does a task.
    fn run(task: Task<Self::Params, Self::Settings>, context: Context) -> Result<Success<Self::Data>, TaskError>;
}

/// An executor without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoSettings {}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success<D = ()> {
    /// One or a few lines for a person or a model.
    pub summary: String,
    /// The result for programs.
    pub data: Option<D>,
}

impl<D> Success<D> {
    /// Words alone.
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), data: None }
    }

    /// Words, and the result for programs.
    pub fn with_data(summary: impl Into<String>, data: D) -> Self {
        Self { summary: summary.into(), data: Some(data) }
    }
}

/// Has an executor do a task as the contract has it. [`crate::export!`] calls it.
pub fn run<E: Executor>(task: types::Task) -> Result<types::Success, types::TaskError> {
    let Success { summary, data } = typed::<E>(task)?;
    let data = match data.map(|data| serde_json::to_string(&data)).transpose() {
        Ok(text) => text.filter(|text| text != "null"),
        Err(error) => return Err(TaskError::failed(format!("write the result as JSON: {error}")).into()),
    };
    Ok(types::Success { summary, data })
}

/// The same, with the result as its type.
pub fn typed<E: Executor>(task: types::Task) -> Result<Success<E::Data>, TaskError> {
    set_executor(&task.executor);
    let params = read(&task.params).map_err(|misfit| TaskError::InvalidParams(vec![misfit]))?;
    let settings = read(&task.settings).map_err(|(pointer, message)| {
        let key = pointer.replace('/', ".");
        TaskError::failed(format!("read [executors.{}.settings{key}]: {message}", task.executor))
    })?;
    let context = Context::new();
    E::run(Task::of(task, params, settings), context).map_err(|error| match error {
        // Whatever went wrong then went wrong because of that.
        TaskError::Failed(_) if context.is_cancelled() => TaskError::Cancelled,
        error => error,
    })
}

/// Reads JSON; where it does not fit, the pointer to what does not, and why.
fn read<T: DeserializeOwned>(json: &str) -> Result<T, (String, String)> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let tokens: Vec<String> = error.path().iter().filter_map(token).collect();
        // The place in a text that nobody typed says nothing.
        let message = error.inner().to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        (tokens.concat(), message)
    })
}

/// A step to a value, as a JSON pointer writes it: `/glob`.
fn token(step: &serde_path_to_error::Segment) -> Option<String> {
    match step {
        serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
        serde_path_to_error::Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Params {
        glob: Vec<String>,
        #[serde(rename = "a/b")]
        odd: Option<u8>,
    }

    #[test]
    fn what_does_not_fit_is_pointed_at() {
        let misfit = |json| read::<Params>(json).expect_err("a misfit");
        assert_eq!(misfit(r#"{"glob":["a",1]}"#).0, "/glob/1");
        assert_eq!(misfit(r#"{"glob":[],"a/b":300}"#).0, "/a~1b");
        let (pointer, message) = misfit("{}");
        assert_eq!((pointer.as_str(), message.as_str()), ("", "missing field `glob`"));
    }
}
