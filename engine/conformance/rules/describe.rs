use crate::{rule::Verdict, suite::Suite};
use hob_core::{Asks, Description};
use serde_json::Value;

/// How often a component is asked what it is. Three: what is random or counts differs at once.
const TIMES: usize = 3;
/// Characters of a summary. 200: two lines of a terminal.
const LONGEST: usize = 200;

/// What is wrong with a description.
pub(crate) fn problems(description: &Description) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, text) in
        [("name", &description.name), ("version", &description.version), ("summary", &description.summary)]
    {
        if text.trim().is_empty() {
            problems.push(format!("its `{key}` is empty"));
        } else if text.chars().any(char::is_control) || text.chars().count() > LONGEST {
            problems.push(format!("its `{key}` is not one line of at most {LONGEST} characters"));
        }
    }
    let schemas =
        [("params", &description.params), ("settings", &description.settings), ("result", &description.result)];
    for (key, schema) in schemas {
        // One of the three may be left out.
        if !schema.is_null()
            && let Err(error) = jsonschema::validator_for(schema)
        {
            problems.push(format!("its schema of `{key}` is broken: {error}"));
        }
    }
    let required = description.params["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| description.params["properties"].get(name).is_none()) {
        problems.push(format!("the parameter `{name}` is required and not described"));
    }
    problems.extend(asks(&description.asks));
    problems
}

fn asks(asks: &Asks) -> Vec<String> {
    let mut problems = Vec::new();
    let mut reasoned = |what: String, reason: &str| {
        if reason.trim().is_empty() {
            problems.push(format!("it asks for {what} without a reason"));
        }
    };
    asks.dirs.iter().for_each(|ask| reasoned(format!("the folder `{}`", ask.guest), &ask.reason));
    asks.http.iter().for_each(|ask| reasoned(format!("the host `{}`", ask.host), &ask.reason));
    asks.programs.iter().for_each(|ask| reasoned(format!("the program `{}`", ask.name), &ask.reason));
    asks.env.iter().for_each(|ask| reasoned(format!("the variable `{}`", ask.name), &ask.reason));
    asks.secrets.iter().for_each(|ask| reasoned(format!("the secret `{}`", ask.name), &ask.reason));
    asks.state.iter().for_each(|ask| reasoned("a store of its own".to_owned(), &ask.reason));
    let relative = asks.dirs.iter().filter(|ask| !ask.guest.starts_with('/'));
    problems.extend(relative.map(|ask| format!("the folder `{}` that it asks for is not an absolute path", ask.guest)));
    problems
}

pub(crate) fn passed(description: &Description) -> Verdict {
    let count = |schema: &Value| schema["properties"].as_object().map_or(0, serde_json::Map::len);
    let Description { name, version, params, asks, .. } = description;
    let asked = asks.dirs.len() + asks.http.len() + asks.programs.len() + asks.env.len() + asks.secrets.len();
    let asked = asked + usize::from(asks.state.is_some());
    let parts = format!("{}, {}", counted(count(params), "parameter"), counted(asked, "ask"));
    Verdict::Passed(format!("{name} {version}: {parts}"))
}

/// `1 parameter`, `2 parameters`.
pub(crate) fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

pub(crate) fn stable(suite: &Suite<'_>) -> Verdict {
    let mut first: Option<String> = None;
    for _ in 0..TIMES {
        let text = match suite.stage.host().ask(&suite.subject.config) {
            Ok(text) => text,
            Err(why) => return Verdict::Failed(format!("asked again it does not answer: {why}")),
        };
        match &first {
            Some(first) if *first != text => return Verdict::Failed(difference(first, &text)),
            _ => first = Some(text),
        }
    }
    let same = first.and_then(|text| Description::parse(&text).ok()).is_some_and(|now| now == *suite.description);
    if same {
        Verdict::Passed(format!("asked {TIMES} times more it said the same"))
    } else {
        Verdict::Failed("it says something else than when it was admitted".to_owned())
    }
}

/// Where two descriptions differ.
fn difference(first: &str, other: &str) -> String {
    let parse = |text| serde_json::from_str::<serde_json::Map<String, Value>>(text).unwrap_or_default();
    let (first, other) = (parse(first), parse(other));
    let keys = first.keys().chain(other.keys().filter(|key| !first.contains_key(*key)));
    let keys: Vec<String> =
        keys.filter(|key| first.get(*key) != other.get(*key)).map(|key| format!("`{key}`")).collect();
    let what = if keys.is_empty() { "the order or spelling of its text".to_owned() } else { keys.join(", ") };
    format!("it says something else each time it is asked, in {what}: `describe` returns a constant")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_problem_is_named() {
        let text = json!({
            "name": " ", "version": "1", "summary": "two\nlines",
            "params": { "type": "object", "properties": { "a": { "type": "strin" } }, "required": ["b"] },
            "asks": { "dirs": [{ "guest": "project", "reason": "" }], "state": { "reason": "to remember" } },
        });
        let found = problems(&Description::parse(&text.to_string()).expect("a description")).join("\n");
        for part in [
            "`name` is empty",
            "`summary` is not one line",
            "schema of `params` is broken",
            "`b` is required and not described",
            "asks for the folder `project` without a reason",
            "is not an absolute path",
        ] {
            assert!(found.contains(part), "{part} in {found}");
        }
        assert_eq!(found.lines().count(), 6, "{found}");
    }
}
