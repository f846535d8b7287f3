use hob_core::sanitize;
use serde_json::Value;

/// The parameters that a component's schema names.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// In the order of the schema.
    pub fields: Vec<Field>,
    /// Properties of which one at most may be given, where the schema's `oneOf` says just that.
    pub alternatives: Vec<String>,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The property of the schema.
    pub property: String,
    /// The name of its option: `max_hits` is `--max-hits`.
    pub flag: String,
    /// Its one-letter option.
    pub short: Option<char>,
    /// What its value, or each of its values, is.
    pub kind: Kind,
    /// Whether it is a list.
    pub is_list: bool,
    /// Whether the schema requires it.
    pub is_required: bool,
    /// What the component takes where nothing is given.
    pub default: Option<Value>,
    /// The only values, where the schema lists texts.
    pub choices: Vec<String>,
    /// The schema's description.
    pub help: String,
    /// Where it stands on the command line.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false: an option without a value.
    Boolean,
    /// Anything else, written as JSON.
    Json,
}

/// Where a parameter stands on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `--name VALUE`
    Option,
    /// A bare word.
    Positional,
    /// All that follows `--`.
    Trailing,
}

impl Parameters {
    /// Reads the schema. What it cannot express as an argument is left to `--params`.
    pub fn of(schema: &Value) -> Self {
        let required = strings(schema.get("required"));
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.chars().all(is_typable))
            .map(|(name, property)| Field::of(name, property, required.contains(&name.as_str())))
            .collect();
        Self { fields, alternatives: alternatives(schema) }
    }

    /// The parameter of that property.
    pub fn field(&self, property: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.property == property)
    }
}

impl Field {
    fn of(name: &str, property: &Value, is_required: bool) -> Self {
        let outer = kind(property);
        let items = property.get("items").filter(|_| outer == Some("array"));
        let inner = items.unwrap_or(property);
        let choices = strings(inner.get("enum"));
        // What cannot be shown cannot be offered; the schema still holds.
        let are_plain = choices.iter().all(|choice| sanitize(choice) == *choice);
        let choices: Vec<String> = choices.into_iter().filter(|_| are_plain).map(str::to_owned).collect();
        let kind = match kind(inner) {
            Some("string") => Kind::String,
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Boolean,
            None if !choices.is_empty() => Kind::String,
            _ => Kind::Json,
        };
        let hint = |key: &str| property.get("x-hob-cli").and_then(|hints| hints.get(key));
        let wants = |key| hint(key).and_then(Value::as_bool) == Some(true);
        let place = match (wants("positional"), wants("trailing")) {
            (_, true) => Place::Trailing,
            (true, false) => Place::Positional,
            (false, false) => Place::Option,
        };
        Self {
            property: name.to_owned(),
            flag: kebab(name),
            short: hint("short")
                .and_then(Value::as_str)
                .and_then(|text| text.chars().next())
                .filter(char::is_ascii_alphanumeric),
            kind,
            is_list: items.is_some(),
            is_required,
            default: property.get("default").cloned(),
            choices,
            help: property.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            place,
        }
    }

    /// How a person types it: `--max-hits`, `PATTERN`, `-- ARGV…`.
    pub fn spelling(&self) -> String {
        match self.place {
            Place::Option => format!("--{}", self.flag),
            Place::Positional => self.value_name(),
            Place::Trailing => format!("-- {}…", self.value_name()),
        }
    }

    /// The placeholder of its value.
    pub fn value_name(&self) -> String {
        self.flag.replace('-', "_").to_ascii_uppercase()
    }
}

/// Whether it can be part of an option's name.
fn is_typable(c: char) -> bool {
    c.is_alphanumeric() || c == ' ' || c.is_ascii_punctuation()
}

/// The type of a schema; of several the first that is not null.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(one) => Some(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

fn strings(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The properties of a `oneOf` whose every branch says no more than that one of them is required.
fn alternatives(schema: &Value) -> Vec<String> {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return Vec::new() };
    let only = |branch: &Value| match (branch.as_object()?.len(), strings(branch.get("required")).as_slice()) {
        (1, [property]) => Some((*property).to_owned()),
        _ => None,
    };
    branches.iter().map(only).collect::<Option<_>>().unwrap_or_default()
}

/// `max_hits` and `maxHits` as `max-hits`.
fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
        text.push(if c == '_' || c.is_whitespace() { '-' } else { c.to_ascii_lowercase() });
    }
    text.trim_matches('-').to_owned()
}
