//! Wrong parameters, made from the schema that has to refuse them.

use hob_core::Description;
use hob_host::validate_params;
use serde_json::{Map, Value, json};

/// Wrong values of one parameter. Three: a wrong type, and what its own bounds forbid.
const MOST_OF_ONE: usize = 3;
/// Wrong parameters of all. 24: a component with many parameters still takes seconds, not minutes.
const MOST: usize = 24;
/// A parameter that no component has.
pub(crate) const UNKNOWN: &str = "hob-unknown-parameter";

/// Parameters that do not fit, each with what is wrong with it in a few words.
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) params: Value,
}

/// Parameters that the schema of `description` refuses, made from `base`, which it takes.
pub(crate) fn wrong(description: &Description, base: Option<&Map<String, Value>>) -> Vec<Wrong> {
    let schema = &description.params;
    let base = base.cloned().unwrap_or_default();
    let mut found = Vec::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let with = |value: Value| {
            let mut params = base.clone();
            params.insert(name.clone(), value);
            Value::Object(params)
        };
        let candidates = candidates(resolve(schema, property))
            .into_iter()
            .map(|value| Wrong { what: format!("`{name}` = {}", shown(&value)), params: with(value) });
        let refused = candidates.filter(|wrong| is_refused_at(description, &wrong.params, name));
        found.extend(refused.take(MOST_OF_ONE));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let mut params = base.clone();
        if params.remove(name).is_some() {
            found.push(Wrong { what: format!("without `{name}`"), params: Value::Object(params) });
        }
    }
    found.push(Wrong { what: "a list in place of an object".to_owned(), params: json!([]) });
    let unknown = with_unknown(&base);
    if !validate_params(description, &unknown).is_empty() {
        found.push(Wrong { what: format!("`{UNKNOWN}` = true"), params: unknown });
    }
    found.truncate(MOST);
    found
}

/// `base` with a parameter that no component has.
pub(crate) fn with_unknown(base: &Map<String, Value>) -> Value {
    let mut params = base.clone();
    params.insert(UNKNOWN.to_owned(), Value::Bool(true));
    Value::Object(params)
}

fn is_refused_at(description: &Description, params: &Value, name: &str) -> bool {
    let at = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let is_there =
        |pointer: &str| pointer.strip_prefix(&at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    validate_params(description, params).iter().any(|(pointer, _)| is_there(pointer))
}

/// What a reference within the schema leads to.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|at| root.pointer(at.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// Values of which the schema should refuse some: the more telling ones first.
fn candidates(schema: &Value) -> Vec<Value> {
    let mut values = Vec::new();
    if schema["enum"].is_array() {
        values.push(json!("hob-no-such-choice"));
    }
    if let Some(least) = schema["minimum"].as_i64() {
        values.push(json!(least.saturating_sub(1)));
    }
    if let Some(most) = schema["maximum"].as_i64() {
        values.push(json!(most.saturating_add(1)));
    }
    if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
        values.push(json!(""));
    }
    if schema["minItems"].as_u64().is_some_and(|least| least > 0) {
        values.push(json!([]));
    }
    values.extend([
        json!(-7),
        json!("no such thing"),
        json!({ "no": "such" }),
        json!([null]),
        json!(true),
        Value::Null,
    ]);
    values
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 40 { format!("{}…", &text[..text.floor_char_boundary(40)]) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_refused_and_says_what_is_wrong() {
        let text = json!({
            "name": "x", "version": "1", "summary": "x",
            "params": {
                "type": "object",
                "properties": {
                    "count": { "type": "integer", "minimum": 1 },
                    "kind": { "$ref": "#/$defs/Kind" },
                    "any": {},
                },
                "required": ["count"],
                "additionalProperties": false,
                "$defs": { "Kind": { "enum": ["a", "b"] } },
            },
        });
        let description = Description::parse(&text.to_string()).expect("a description");
        let base = json!({ "count": 1 });
        let found = wrong(&description, base.as_object());
        let what: Vec<&str> = found.iter().map(|wrong| wrong.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "`count` = 0",
                "`count` = -7",
                "`count` = \"no such thing\"",
                "`kind` = \"hob-no-such-choice\"",
                "`kind` = -7",
                "`kind` = \"no such thing\"",
                "without `count`",
                "a list in place of an object",
                "`hob-unknown-parameter` = true",
            ]
        );
        for wrong in &found {
            assert!(!validate_params(&description, &wrong.params).is_empty(), "{}", wrong.what);
        }
        // Without parameters that fit, what is missing is not taken for what is wrong.
        assert!(wrong(&description, None).iter().all(|wrong| !wrong.what.contains("any")));
    }
}
