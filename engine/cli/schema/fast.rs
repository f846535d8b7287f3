use serde_json::{Map, Value};

/// Whether `value` fits `schema`, where the schema says nothing but what this knows. False means
/// only that a full validator has to look; that one takes 1.5 ms to begin with, which is most of a
/// dispatch.
pub fn fits(schema: &Value, value: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema == &Value::Bool(true) };
    schema.iter().all(|(keyword, wanted)| keyword_fits(schema, keyword, wanted, value))
}

fn keyword_fits(schema: &Map<String, Value>, keyword: &str, wanted: &Value, value: &Value) -> bool {
    match keyword {
        "title" | "description" | "default" | "examples" | "deprecated" => true,
        _ if keyword.starts_with("x-") => true,
        "type" => match wanted {
            Value::String(kind) => is_of(kind, value),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(|kind| is_of(kind, value)),
            _ => false,
        },
        "enum" => wanted.as_array().is_some_and(|values| values.contains(value)),
        "required" => all_there(wanted, value),
        "properties" => match (wanted, value) {
            (Value::Object(properties), Value::Object(given)) => {
                given.iter().all(|(name, value)| properties.get(name).is_none_or(|property| fits(property, value)))
            }
            _ => false,
        },
        "additionalProperties" => match (wanted, schema.get("properties"), value) {
            (Value::Bool(true), _, _) => true,
            (Value::Bool(false), Some(Value::Object(known)), Value::Object(given)) => {
                given.keys().all(|name| known.contains_key(name))
            }
            _ => false,
        },
        "items" => value.as_array().is_some_and(|items| items.iter().all(|item| fits(wanted, item))),
        "minItems" => holds(value.as_array().map(Vec::len), wanted, |len, limit| len >= limit),
        "maxItems" => holds(value.as_array().map(Vec::len), wanted, |len, limit| len <= limit),
        "minLength" => holds(value.as_str().map(|text| text.chars().count()), wanted, |len, limit| len >= limit),
        "maxLength" => holds(value.as_str().map(|text| text.chars().count()), wanted, |len, limit| len <= limit),
        "minimum" => value.as_i64().zip(wanted.as_i64()).is_some_and(|(number, limit)| number >= limit),
        "maximum" => value.as_i64().zip(wanted.as_i64()).is_some_and(|(number, limit)| number <= limit),
        "oneOf" => {
            let branches = wanted.as_array().map_or(&[] as &[Value], Vec::as_slice);
            // A branch that is not understood might fit as well, so only such as this one knows.
            let is_known = |branch: &Value| branch.as_object().is_some_and(|b| b.keys().eq(["required"]));
            let fitting = branches.iter().filter(|branch| fits(branch, value)).count();
            branches.iter().all(is_known) && fitting == 1
        }
        _ => false,
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}

fn all_there(required: &Value, value: &Value) -> bool {
    let (Value::Array(names), Value::Object(given)) = (required, value) else { return false };
    names.iter().all(|name| name.as_str().is_some_and(|name| given.contains_key(name)))
}

fn holds(len: Option<usize>, limit: &Value, compare: fn(u64, u64) -> bool) -> bool {
    let len = len.and_then(|len| u64::try_from(len).ok());
    len.zip(limit.as_u64()).is_some_and(|(len, limit)| compare(len, limit))
}
