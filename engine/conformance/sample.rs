use hob_core::Description;
use hob_host::validate_params;
use serde_json::{Map, Value};

/// Parameters that a component takes, as far as its own schema gives them away: none where all are optional, else the
/// first of `examples`, the `default`, the `const` or the first of the `enum` of what is required.
pub fn sample(description: &Description) -> Option<Map<String, Value>> {
    let schema = &description.params;
    let whole = schema["examples"].get(0).and_then(Value::as_object).cloned();
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let parts = || required.map(|name| Some((name.to_owned(), value(&schema["properties"][name])?))).collect();
    let candidates = [Some(Map::new()), whole, parts()];
    candidates
        .into_iter()
        .flatten()
        .find(|params| validate_params(description, &Value::Object(params.clone())).is_empty())
}

fn value(schema: &Value) -> Option<Value> {
    let first = |key: &str| schema[key].get(0).cloned();
    let one = |key: &str| schema.get(key).cloned();
    first("examples").or_else(|| one("default")).or_else(|| one("const")).or_else(|| first("enum"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(params: &Value, expect: Option<&Value>) {
        let text = json!({ "name": "x", "version": "1", "summary": "x", "params": params }).to_string();
        let found = sample(&Description::parse(&text).expect("a description"));
        assert_eq!(found.map(Value::Object).as_ref(), expect);
    }

    #[test]
    fn parameters_that_the_schema_gives_away() {
        check(&json!({ "type": "object" }), Some(&json!({})));
        let required = |schema: Value| {
            let properties = json!({ "a": schema, "b": { "type": "string" } });
            json!({ "type": "object", "properties": properties, "required": ["a"] })
        };
        check(&required(json!({ "type": "string" })), None);
        check(&required(json!({ "type": "integer", "examples": [3, 4] })), Some(&json!({ "a": 3 })));
        check(&required(json!({ "enum": ["x", "y"] })), Some(&json!({ "a": "x" })));
        // An example that does not fit is none.
        check(&required(json!({ "type": "integer", "examples": ["3"] })), None);
        let mut whole = required(json!({ "type": "string" }));
        whole["examples"] = json!([{ "a": "from", "b": "both" }]);
        check(&whole, Some(&json!({ "a": "from", "b": "both" })));
    }
}
