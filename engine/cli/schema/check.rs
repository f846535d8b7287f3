use super::{fast::fits, field::Parameters};
use crate::error::{CommandError, CommandResult};
use crate::exit::Exit;
use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::{Map, Value};
use std::fmt;

/// More of them than these would hide the first.
const MOST_PROBLEMS: usize = 5;

/// A parameter that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Holds `params` against the schema and says in a person's words what does not fit.
pub fn check(schema: &Value, params: &Map<String, Value>) -> CommandResult<Vec<Problem>> {
    let params = Value::Object(params.clone());
    if fits(schema, &params) {
        return Ok(Vec::new());
    }
    let validator = jsonschema::validator_for(schema).map_err(|error| {
        CommandError::new(Exit::Configuration, anyhow::anyhow!("{error}"))
            .context("use the component's own schema of its parameters")
    })?;
    let parameters = Parameters::of(schema);
    let problems = validator.iter_errors(&params).flat_map(|error| in_words(&error, &parameters));
    Ok(problems.take(MOST_PROBLEMS).map(Problem).collect())
}

fn in_words(error: &ValidationError<'_>, parameters: &Parameters) -> Vec<String> {
    let at = error.instance_path().to_string();
    let spelling = |property: &str| match parameters.field(property) {
        Some(field) if at.is_empty() => format!("`{property}` ({})", field.spelling()),
        _ => format!("`{property}`"),
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            vec![format!("{} is missing{}", spelling(property.as_str().unwrap_or_default()), within(&at))]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|name| unknown(name, &at, parameters)).collect()
        }
        ValidationErrorKind::OneOfNotValid { .. } if at.is_empty() && !parameters.alternatives.is_empty() => {
            vec![format!("one of {} is missing", alternatives(parameters, spelling))]
        }
        ValidationErrorKind::OneOfMultipleValid { .. } if at.is_empty() && !parameters.alternatives.is_empty() => {
            vec![format!("only one of {} can be given", alternatives(parameters, spelling))]
        }
        _ if at.is_empty() => vec![error.to_string()],
        _ => vec![format!("`{}`: {error}", at.trim_start_matches('/').replace('/', "."))],
    }
}

fn alternatives(parameters: &Parameters, spelling: impl Fn(&str) -> String) -> String {
    parameters.alternatives.iter().map(|name| spelling(name)).collect::<Vec<_>>().join(" and ")
}

fn within(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(" in `{}`", at.trim_start_matches('/').replace('/', ".")) }
}

fn unknown(name: &str, at: &str, parameters: &Parameters) -> String {
    let known = parameters.fields.iter().map(|field| field.property.as_str());
    let nearest = if at.is_empty() { hob_settings::nearest(name, known) } else { None };
    match nearest {
        Some(nearest) => format!("`{name}` is no parameter; did you mean `{nearest}`?"),
        None => format!("`{name}` is no parameter{}", within(at)),
    }
}
