use crate::Asks;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the WIT package `hob:plugin` that this engine serves.
pub const CONTRACT_VERSION: &str = "0.1.0";

/// What a component says of itself: the JSON that its `describe` returns.
///
/// Keys that this engine does not know are ignored, so that a newer component can say more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The component's own name; the configuration may run it under another.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line for `hob executors`.
    pub summary: String,
    /// JSON Schema of the parameters: an object. The command line makes its arguments from it;
    /// `x-hob-cli` on a property says how: `{"positional": true}`, `{"trailing": true}` (all that
    /// follows `--`), `{"short": "i"}`.
    pub params: Value,
    /// JSON Schema of `[executors.NAME.settings]`.
    #[serde(default = "no_settings")]
    pub settings: Value,
    /// JSON Schema of the result's `data`.
    #[serde(default)]
    pub result: Value,
    /// Where its answer stands.
    #[serde(default)]
    pub answer: Answer,
    /// How long an instance lives.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The capabilities it wants, each with a reason.
    #[serde(default)]
    pub asks: Asks,
}

fn no_settings() -> Value {
    serde_json::json!({ "type": "object", "additionalProperties": false })
}

/// Where the answer of a task stands, for whoever reads its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// In the summary; the output is what it printed on the way.
    #[default]
    Summary,
    /// In the output, which is shown as a whole.
    Output,
}

/// How long an instance lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// A fresh instance for each task.
    #[default]
    Fresh,
    /// Kept for further tasks; a trap, timeout or cancellation retires it.
    Warm,
}

/// A `describe` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// Not JSON, or not of this shape.
    #[error("read what the component says of itself: {0}")]
    Shape(#[from] serde_json::Error),
    /// Its parameters are not an object with properties.
    #[error("read the component's parameters: the schema has to be of type object")]
    Params,
}

impl Description {
    /// Reads the JSON text that `describe` returned.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        let description: Self = serde_json::from_str(text)?;
        if description.params.get("type").and_then(Value::as_str) == Some("object") {
            Ok(description)
        } else {
            Err(DescriptionError::Params)
        }
    }
}
