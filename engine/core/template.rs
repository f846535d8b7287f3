//! Texts with placeholders: `{input}`, and `\{` for a brace.

use leon::{Item, Template, Values};
use serde_json::Value;
use std::borrow::Cow;

/// A template that cannot be read or filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Braces that do not fit together, and what to do about it.
    #[error("{0}; a brace that is meant as such is written `\\{{`")]
    Syntax(String),
    /// A placeholder that nothing stands behind.
    #[error("there is nothing called `{{{0}}}` here; a brace that is meant as such is written `\\{{`")]
    Unknown(String),
    /// The parameters are no JSON.
    #[error("read the parameters: {0}")]
    Params(String),
}

/// The names of the placeholders in `text`, in their order.
pub fn placeholders(text: &str) -> Result<Vec<String>, TemplateError> {
    let items = parse(text)?.items;
    let name = |item: &Item<'_>| match item {
        Item::Key(key) => Some((*key).to_owned()),
        Item::Text(_) => None,
    };
    Ok(items.iter().filter_map(name).collect())
}

/// `text` with what `value` says in place of each placeholder. What is put in is not read again, so
/// a brace in it means nothing.
pub fn fill(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    parse(text)?.render(&Named(value)).map_err(|error| match error {
        leon::RenderError::MissingKey(key) => TemplateError::Unknown(key),
        leon::RenderError::Io(error) => TemplateError::Syntax(error.to_string()),
    })
}

/// JSON text with every string in it (keys are none) filled.
pub fn fill_params(params: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    let mut json = serde_json::from_str(params).map_err(|error| TemplateError::Params(error.to_string()))?;
    each_string(&mut json, &mut |text| {
        *text = fill(text, value)?;
        Ok(())
    })?;
    Ok(json.to_string())
}

/// JSON text with every string in it filled as far as `value` knows its placeholders: the others stay, and so does
/// what is no placeholder, so that the rest can be filled later.
pub fn fill_known(params: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, TemplateError> {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('{', "\\{").replace('}', "\\}");
    let mut json = serde_json::from_str(params).map_err(|error| TemplateError::Params(error.to_string()))?;
    each_string(&mut json, &mut |text| {
        let items = parse(text)?.items;
        let item = |item: &Item<'_>| match item {
            Item::Text(text) => escaped(text),
            Item::Key(key) => value(key).map_or_else(|| format!("{{{key}}}"), |known| escaped(&known)),
        };
        *text = items.iter().map(item).collect();
        Ok(())
    })?;
    Ok(json.to_string())
}

/// The names of the placeholders in every string of a JSON value.
pub fn placeholders_of(params: &Value) -> Result<Vec<String>, TemplateError> {
    let mut names = Vec::new();
    each_string(&mut params.clone(), &mut |text| {
        names.extend(placeholders(text)?);
        Ok(())
    })?;
    Ok(names)
}

fn each_string(
    value: &mut Value,
    change: &mut dyn FnMut(&mut String) -> Result<(), TemplateError>,
) -> Result<(), TemplateError> {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().try_for_each(|item| each_string(item, change)),
        Value::Object(items) => items.values_mut().try_for_each(|item| each_string(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn parse(text: &str) -> Result<Template<'_>, TemplateError> {
    Template::parse(text).map_err(|error| {
        // Its words are "WHAT at span start = N, len = N: THE WHOLE TEXT".
        let words = error.to_string();
        let what = words.split(" at span start").next().unwrap_or_default().trim_end_matches('.');
        TemplateError::Syntax(what.to_owned())
    })
}

struct Named<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Values for Named<'_> {
    fn get_value(&self, key: &str) -> Option<Cow<'_, str>> {
        self.0(key).map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(key: &str) -> Option<String> {
        match key {
            "input" => Some("a {b} \\ \"c\"".to_owned()),
            "docs.summary" => Some("two".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn filled() {
        for (text, expect) in [
            ("", Ok("")),
            ("{input}", Ok("a {b} \\ \"c\"")),
            ("x { docs.summary }{docs.summary} y", Ok("x twotwo y")),
            ("awk '\\{print\\}'", Ok("awk '{print}'")),
            ("{nobody}", Err("nobody")),
        ] {
            let expect = expect.map(str::to_owned).map_err(|key| TemplateError::Unknown(key.to_owned()));
            assert_eq!(fill(text, &value), expect, "{text}");
        }
        for bad in ["{", "}", "{}", "a { b", "\\n"] {
            let error = fill(bad, &value).expect_err(bad);
            assert!(matches!(&error, TemplateError::Syntax(words) if !words.contains("span")), "{error}");
        }
    }

    #[test]
    fn what_is_put_in_is_data() {
        let params = json!({ "q": "{input}", "list": ["{docs.summary}", 1], "deep": { "{key}": "\\{x\\}" } });
        let filled = fill_params(&params.to_string(), &value).expect("filled");
        let expect = json!({ "q": "a {b} \\ \"c\"", "list": ["two", 1], "deep": { "{key}": "{x}" } });
        assert_eq!(serde_json::from_str::<Value>(&filled).expect("JSON"), expect);
        assert_eq!(placeholders_of(&params), Ok(vec!["input".to_owned(), "docs.summary".to_owned()]));
    }

    #[test]
    fn what_is_not_known_yet_is_filled_later() {
        let params = json!({ "q": ["{docs.summary} \\{x\\} \\\\ { later }"] }).to_string();
        let known = fill_known(&params, &value).expect("filled");
        assert_eq!(known, json!({ "q": ["two \\{x\\} \\\\ {later}"] }).to_string());
        let all = |key: &str| Some(format!("<{key}>"));
        assert_eq!(fill_params(&known, &all), Ok(json!({ "q": ["two {x} \\ <later>"] }).to_string()));
        // What is put in is data then, too.
        let input = fill_known(r#"{"q":"{input}{later}"}"#, &value).expect("filled");
        assert_eq!(fill_params(&input, &all), Ok(json!({ "q": "a {b} \\ \"c\"<later>" }).to_string()));
    }
}
