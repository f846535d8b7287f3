use schemars::{
    Schema,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value};

/// Makes of a type's schema what the command line and a person want to see: no titles, nothing that may be `null` where
/// it may as well be left out, a list of texts where there are several.
#[derive(Clone, Debug)]
pub struct Tidy {
    /// Whether the bounds of the types of numbers are said: so they are told where a value is given.
    pub has_bounds: bool,
}

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("title");
            unwrap_lines(schema);
            self.number(schema);
            one_of_texts(schema);
            properties(schema);
        }
    }
}

impl Tidy {
    fn number(&self, schema: &mut Map<String, Value>) {
        let Some(format) = schema.get("format").and_then(Value::as_str).map(str::to_owned) else { return };
        let bounds: Option<(i64, u64)> = match format.as_str() {
            "uint8" => Some((0, u8::MAX.into())),
            "uint16" => Some((0, u16::MAX.into())),
            "uint32" => Some((0, u32::MAX.into())),
            "int8" => Some((i8::MIN.into(), 0x7f)),
            "int16" => Some((i16::MIN.into(), 0x7fff)),
            "int32" => Some((i32::MIN.into(), 0x7fff_ffff)),
            "uint" | "uint64" | "int" | "int64" | "float" | "double" => None,
            _ => return,
        };
        schema.remove("format");
        if !self.has_bounds {
            // Those of the type alone; what its author says stays.
            let own = |value: Option<&Value>, bound: u64| value.and_then(Value::as_u64) == Some(bound);
            if own(schema.get("minimum"), 0) {
                schema.remove("minimum");
            }
            if bounds.is_some_and(|(_, most)| own(schema.get("maximum"), most)) {
                schema.remove("maximum");
            }
        } else if let Some((least, most)) = bounds {
            schema.entry("minimum").or_insert(least.into());
            schema.entry("maximum").or_insert(most.into());
        }
    }
}

/// A paragraph is one line, wherever the comment's lines ended.
fn unwrap_lines(schema: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
        *text = paragraphs.join("\n\n");
    }
}

/// Texts of which each has words of its own become a list of texts.
fn one_of_texts(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get("oneOf") else { return };
    let text = |branch: &Value| match branch.get("enum") {
        Some(Value::Array(texts)) => Some(texts.clone()),
        _ => branch.get("const").filter(|text| text.is_string()).map(|text| vec![text.clone()]),
    };
    let texts: Option<Vec<Vec<Value>>> = branches.iter().map(text).collect();
    if let Some(texts) = texts {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), "string".into());
        schema.insert("enum".to_owned(), texts.concat().into());
    }
}

/// What may be left out need not be null, and what is empty by default need not be said.
fn properties(schema: &mut Map<String, Value>) {
    let required: Vec<String> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let Some(Value::Object(all)) = schema.get_mut("properties") else { return };
    for (name, property) in all.iter_mut() {
        let Value::Object(property) = property else { continue };
        if matches!(property.get("default"), Some(Value::Null))
            || property.get("default").is_some_and(|value| *value == Value::Array(Vec::new()))
            || property.get("default").is_some_and(|value| *value == "")
            || property.get("default").is_some_and(|value| *value == Value::Object(Map::new()))
        {
            property.remove("default");
        }
        if !required.contains(name) {
            not_null(property);
        }
    }
    schema.entry("additionalProperties").or_insert(false.into());
}

fn not_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(texts)) = schema.get_mut("enum") {
        texts.retain(|text| !text.is_null());
    }
    let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
    branches.retain(|branch| branch.get("type").and_then(Value::as_str) != Some("null"));
    if let [Value::Object(one)] = branches.as_slice() {
        let one = one.clone();
        schema.remove("anyOf");
        // The words at the property say more than those at its type.
        for (key, value) in one {
            schema.entry(key).or_insert(value);
        }
    }
}
