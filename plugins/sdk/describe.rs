use crate::{Executor, tidy::Tidy};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What an executor is, and which capabilities it asks for. Each with a reason: a person reads it before saying yes.
#[derive(Clone, Debug)]
pub struct About {
    name: String,
    version: String,
    summary: String,
    answer_is_output: bool,
    is_warm: bool,
    asks: Map<String, Value>,
}

impl About {
    /// Its own name and version, and one line that says what it does. Cargo knows them:
    /// `About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_DESCRIPTION"))`.
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            answer_is_output: false,
            is_warm: false,
            asks: Map::new(),
        }
    }

    /// A task's answer is its output, which is shown as a whole; otherwise it is the summary.
    #[must_use]
    pub fn answer_is_output(self) -> Self {
        Self { answer_is_output: true, ..self }
    }

    /// An instance may be kept for further tasks.
    #[must_use]
    pub fn warm(self) -> Self {
        Self { is_warm: true, ..self }
    }

    /// A folder: where the component sees it, such as `/project`, and `ro` to read it or `rw` to write too.
    #[must_use]
    pub fn asks_folder(self, guest: &str, mode: &str, reason: &str) -> Self {
        self.asks("dirs", json!({ "guest": guest, "mode": mode, "reason": reason }))
    }

    /// A web server: its name, `*.example.org` or `*`, and the methods, such as `GET`.
    #[must_use]
    pub fn asks_http(self, host: &str, methods: &[&str], reason: &str) -> Self {
        self.asks("http", json!({ "host": host, "methods": methods, "reason": reason }))
    }

    /// A program, by the name under which it is started, or `*`.
    #[must_use]
    pub fn asks_program(self, name: &str, reason: &str) -> Self {
        self.asks("programs", json!({ "name": name, "reason": reason }))
    }

    /// An environment variable, or `*`.
    #[must_use]
    pub fn asks_variable(self, name: &str, reason: &str) -> Self {
        self.asks("env", json!({ "name": name, "reason": reason }))
    }

    /// A secret, by its logical name.
    #[must_use]
    pub fn asks_secret(self, name: &str, reason: &str) -> Self {
        self.asks("secrets", json!({ "name": name, "reason": reason }))
    }

    /// A store that outlives the task, and how many bytes it needs.
    #[must_use]
    pub fn asks_state(mut self, bytes: u64, reason: &str) -> Self {
        self.asks.insert("state".to_owned(), json!({ "bytes": bytes, "reason": reason }));
        self
    }

    fn asks(mut self, kind: &str, ask: Value) -> Self {
        let asks = self.asks.entry(kind).or_insert_with(|| Value::Array(Vec::new()));
        if let Some(asks) = asks.as_array_mut() {
            asks.push(ask);
        }
        self
    }
}

/// What an executor says of itself: what it is, and the schemas of its types.
pub fn describe<E: Executor>() -> String {
    let About { name, version, summary, answer_is_output, is_warm, asks } = E::about();
    let taken = || {
        SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
    };
    let params = taken().with_transform(Tidy { has_bounds: true }).into_generator().into_root_schema_for::<E::Params>();
    let settings =
        taken().with_transform(Tidy { has_bounds: true }).into_generator().into_root_schema_for::<E::Settings>();
    let given = taken().for_serialize().with_transform(Tidy { has_bounds: false });
    let result = given.into_generator().into_root_schema_for::<E::Data>();

    let mut about = Map::new();
    let mut say = |key: &str, value: Value| about.insert(key.to_owned(), value);
    say("name", name.into());
    say("version", version.into());
    say("summary", summary.into());
    if answer_is_output {
        say("answer", "output".into());
    }
    if is_warm {
        say("lifecycle", "warm".into());
    }
    say("params", root(params));
    say("settings", root(settings));
    // That of `()`, which has no result.
    if result.get("type").and_then(Value::as_str) != Some("null") {
        say("result", root(result));
    }
    if !asks.is_empty() {
        say("asks", asks.into());
    }
    Value::Object(about).to_string()
}

/// Without what the type itself is for: its reader knows the executor, not its code.
fn root(mut schema: schemars::Schema) -> Value {
    schema.remove("description");
    if schema.get("type").and_then(Value::as_str) == Some("object") && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    schema.to_value()
}
