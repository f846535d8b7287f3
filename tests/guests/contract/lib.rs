//! The bindings of the contract, compiled once for all guests, and the few lines they share.

/// Public because the macro `export` names it.
pub mod bindings {
    #![expect(clippy::pedantic, reason = "generated")]
    wit_bindgen::generate!({
        path: "../../../wit",
        world: "plugin",
        pub_export_macro: true,
        default_bindings_module: "contract::bindings",
    });
}

pub use bindings::export;
pub use bindings::{
    exports::hob::plugin::executor::Guest,
    hob::plugin::{
        context, files, http, io, process, search, state,
        types::{Failure, Success, Task, TaskError},
    },
};
pub use serde_json::{Value, json};

use serde::de::DeserializeOwned;

/// What a guest asks for.
#[derive(Clone)]
pub struct Asks(serde_json::Map<String, Value>);

impl Asks {
    /// Nothing at all.
    #[must_use]
    pub fn none() -> Self {
        Self(serde_json::Map::new())
    }

    /// A folder, in mode `ro` or `rw`.
    #[must_use]
    pub fn dir(self, guest: &str, mode: &str) -> Self {
        self.with("dirs", json!({ "guest": guest, "mode": mode, "reason": "a test" }))
    }

    /// A program by its logical name.
    #[must_use]
    pub fn program(self, name: &str) -> Self {
        self.with("programs", json!({ "name": name, "reason": "a test" }))
    }

    /// A variable.
    #[must_use]
    pub fn env(self, name: &str) -> Self {
        self.with("env", json!({ "name": name, "reason": "a test" }))
    }

    /// A host, with every method.
    #[must_use]
    pub fn http(self, host: &str) -> Self {
        self.with("http", json!({ "host": host, "methods": ["*"], "reason": "a test" }))
    }

    /// A secret.
    #[must_use]
    pub fn secret(self, name: &str) -> Self {
        self.with("secrets", json!({ "name": name, "reason": "a test" }))
    }

    /// A store that outlives the task.
    #[must_use]
    pub fn state(mut self) -> Self {
        self.0.insert("state".to_owned(), json!({ "reason": "a test" }));
        self
    }

    fn with(mut self, kind: &str, ask: Value) -> Self {
        let asks = self.0.entry(kind).or_insert_with(|| json!([]));
        if let Some(asks) = asks.as_array_mut() {
            asks.push(ask);
        }
        self
    }
}

/// What a guest says of itself; `properties` are those of its parameters.
#[must_use]
pub fn describe(name: &str, properties: &Value, asks: &Asks) -> String {
    json!({
        "name": name,
        "version": "0.1.0",
        "summary": format!("A guest of the tests: {name}"),
        "params": { "type": "object", "properties": properties, "additionalProperties": false },
        "settings": { "type": "object" },
        "asks": asks.0,
    })
    .to_string()
}

/// The task's parameters.
pub fn params<T: DeserializeOwned>(task: &Task) -> Result<T, TaskError> {
    serde_json::from_str(&task.params)
        .map_err(|error| TaskError::InvalidParams(vec![(String::new(), error.to_string())]))
}

/// A success.
#[must_use]
pub fn succeed(summary: &str, data: Option<&Value>) -> Success {
    Success { summary: summary.to_owned(), data: data.map(Value::to_string) }
}

/// A failure that will not go away.
#[must_use]
pub fn failed(message: &str) -> TaskError {
    TaskError::Failed(Failure { message: message.to_owned(), retryable: false, retry_after_ms: None, data: None })
}
