//! Parameters, settings and results against the schemas that a component describes.

use hob_core::Description;
use jsonschema::Validator;
use serde_json::Value;

/// Complaints shown of one value. Twenty: enough to mend a call, short enough to read.
const MOST: usize = 20;

/// What is wrong with `params` by the component's description: JSON pointer and message for each.
/// Empty means that they fit.
pub fn validate_params(description: &Description, params: &Value) -> Vec<(String, String)> {
    match compile(&description.params) {
        Ok(schema) => complaints(&schema, params),
        Err(message) => vec![(String::new(), message)],
    }
}

/// A schema made ready. The error says what is wrong with the schema itself.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::validator_for(schema).map_err(|error| format!("the component's own schema is broken: {error}"))
}

/// What is wrong with `value`: JSON pointer and message for each.
pub(crate) fn complaints(schema: &Validator, value: &Value) -> Vec<(String, String)> {
    let one = |error: jsonschema::ValidationError<'_>| (error.instance_path().to_string(), error.to_string());
    schema.iter_errors(value).take(MOST).map(one).collect()
}

/// Complaints as lines for a person.
pub(crate) fn lines(complaints: &[(String, String)]) -> String {
    let line = |(pointer, message): &(String, String)| {
        if pointer.is_empty() { message.clone() } else { format!("{pointer}: {message}") }
    };
    complaints.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(params: &Value, expect: &[&str]) {
        let description: Description = serde_json::from_value(json!({
            "name": "x", "version": "1", "summary": "",
            "params": {
                "type": "object", "required": ["pattern"], "additionalProperties": false,
                "properties": { "pattern": { "type": "array", "items": { "type": "string" } } }
            }
        }))
        .expect("a description");
        let found = validate_params(&description, params);
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, expect, "{found:?}");
    }

    #[test]
    fn complaints_point_at_their_value() {
        check(&json!({ "pattern": ["a"] }), &[]);
        check(&json!({}), &[""]);
        check(&json!({ "pattern": ["a", 1] }), &["/pattern/1"]);
        check(&json!({ "pattern": "a" }), &["/pattern"]);
        check(&json!({ "pattern": ["a"], "depth": 3 }), &[""]);
    }
}
