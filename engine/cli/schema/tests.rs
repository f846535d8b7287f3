use super::*;
use clap::Command;
use serde_json::{Map, Value, json};

fn explore() -> Value {
    json!({
        "type": "object",
        "required": ["pattern"],
        "additionalProperties": false,
        "properties": {
            "pattern": { "type": "array", "items": { "type": "string" }, "minItems": 1,
                "description": "What to search for.", "x-hob-cli": { "positional": true } },
            "path": { "type": "string", "description": "Where." },
            "max_hits": { "type": "integer", "minimum": 1, "default": 500, "description": "At most." },
            "ratio": { "type": "number" },
            "case": { "type": "string", "enum": ["smart", "sensitive"], "default": "smart" },
            "glob": { "type": "array", "items": { "type": "string" }, "x-hob-cli": { "short": "g" } },
            "hidden": { "type": "boolean", "default": false },
            "ignore": { "type": "boolean", "default": true },
            "timeout": { "type": "integer" },
            "filter": { "type": "object" },
        },
    })
}

fn shell() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [{ "required": ["command"] }, { "required": ["argv"] }],
        "properties": {
            "command": { "type": "string", "x-hob-cli": { "positional": true } },
            "argv": { "type": "array", "items": { "type": "string" }, "minItems": 1, "x-hob-cli": { "trailing": true } },
        },
    })
}

fn command(schema: &Value) -> Command {
    let base = Command::new("x")
        .arg(clap::Arg::new("timeout").long("timeout"))
        .arg(clap::Arg::new("json").long("json").action(clap::ArgAction::SetTrue));
    add_arguments(Command::new("x"), &base, &Parameters::of(schema)).args(base.get_arguments().cloned())
}

fn parse(schema: &Value, words: &[&str]) -> Result<Map<String, Value>, clap::error::ErrorKind> {
    let matches = command(schema).try_get_matches_from([&["x"], words].concat()).map_err(|error| error.kind())?;
    Ok(collect(&matches, &Parameters::of(schema), Map::new()))
}

#[track_caller]
fn check_params(schema: &Value, words: &[&str], expect: Value) {
    assert_eq!(parse(schema, words).map(Value::Object), Ok(expect), "{words:?}");
}

#[track_caller]
fn check_refusal(schema: &Value, words: &[&str], expect: clap::error::ErrorKind) {
    assert_eq!(parse(schema, words), Err(expect), "{words:?}");
}

#[test]
fn arguments_become_parameters() {
    let schema = explore();
    check_params(&schema, &["a", "b"], json!({ "pattern": ["a", "b"] }));
    check_params(
        &schema,
        &["a", "--max-hits", "3", "--path=src"],
        json!({ "pattern": ["a"], "path": "src", "max_hits": 3 }),
    );
    check_params(&schema, &["-g", "*.rs", "a", "-g", "!x"], json!({ "pattern": ["a"], "glob": ["*.rs", "!x"] }));
    check_params(&schema, &["--hidden", "--no-ignore"], json!({ "hidden": true, "ignore": false }));
    check_params(&schema, &["--ratio", "-0.5"], json!({ "ratio": -0.5 }));
    check_params(&schema, &["--ratio", "2"], json!({ "ratio": 2 }));
    check_params(&schema, &["--filter", r#"{"a":[1]}"#], json!({ "filter": { "a": [1] } }));
    check_params(&schema, &["--", "-x", "--json"], json!({ "pattern": ["-x", "--json"] }));
    check_params(&schema, &[], json!({}));
}

#[test]
fn an_option_of_ours_keeps_its_meaning() {
    check_params(&explore(), &["--timeout", "1m"], json!({}));
    check_params(&explore(), &["--param-timeout", "7"], json!({ "timeout": 7 }));
}

#[test]
fn wrong_types_are_errors_of_usage() {
    use clap::error::ErrorKind::{ArgumentConflict, InvalidValue, UnknownArgument, ValueValidation};
    let schema = explore();
    check_refusal(&schema, &["a", "--max-hits", "many"], ValueValidation);
    check_refusal(&schema, &["a", "--max-hits", "1.5"], ValueValidation);
    check_refusal(&schema, &["a", "--ratio", "NaN"], ValueValidation);
    check_refusal(&schema, &["a", "--case", "upper"], InvalidValue);
    check_refusal(&schema, &["a", "--filter", "{"], ValueValidation);
    check_refusal(&schema, &["a", "--max-hit", "1"], UnknownArgument);
    check_refusal(&shell(), &["a", "--", "b"], ArgumentConflict);
    check_refusal(&shell(), &["a", "b"], UnknownArgument);
}

#[test]
fn a_command_or_its_words() {
    check_params(&shell(), &["cargo test --all"], json!({ "command": "cargo test --all" }));
    check_params(
        &shell(),
        &["--json", "--", "git", "log", "-3", "--", "x"],
        json!({ "argv": ["git", "log", "-3", "--", "x"] }),
    );
}

#[test]
fn help_shows_the_documentation_of_the_schema() {
    let help = command(&explore()).render_help().to_string();
    insta::assert_snapshot!(help, @r#"
    Usage: x [OPTIONS] [PATTERN]...

    Options:
          --timeout <timeout>  
          --json               
      -h, --help               Print help

    Parameters:
          --path <PATH>              Where.
          --max-hits <MAX_HITS>      At most. [default: 500]
          --ratio <RATIO>            
          --case <CASE>              [default: smart] [possible values: smart, sensitive]
      -g, --glob <GLOB>              [may be repeated]
          --hidden                   
          --no-ignore                
          --param-timeout <TIMEOUT>  
          --filter <FILTER>          [JSON]
      [PATTERN]...                   What to search for. [required]
    "#);
}

#[track_caller]
fn check_problems(schema: &Value, params: Value, expect: &[&str]) {
    let Value::Object(params) = params else { panic!("an object") };
    let problems = check(schema, &params).expect("a good schema");
    assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), expect);
}

#[test]
fn problems_in_words() {
    check_problems(&explore(), json!({ "pattern": ["a"] }), &[]);
    check_problems(&explore(), json!({}), &["`pattern` (PATTERN) is missing"]);
    check_problems(
        &explore(),
        json!({ "pattern": ["a"], "max_hit": 3 }),
        &["`max_hit` is no parameter; did you mean `max_hits`?"],
    );
    check_problems(&explore(), json!({ "pattern": "a" }), &["`pattern`: \"a\" is not of type \"array\""]);
    check_problems(&explore(), json!({ "pattern": ["a", 1] }), &["`pattern.1`: 1 is not of type \"string\""]);
    check_problems(
        &explore(),
        json!({ "pattern": ["a"], "max_hits": 0 }),
        &["`max_hits`: 0 is less than the minimum of 1"],
    );
    check_problems(&shell(), json!({}), &["one of `command` (COMMAND) and `argv` (-- ARGV…) is missing"]);
    check_problems(
        &shell(),
        json!({ "command": "a", "argv": ["b"] }),
        &["only one of `command` (COMMAND) and `argv` (-- ARGV…) can be given"],
    );
}

/// Whatever the short way takes, the full validator takes as well.
#[test]
fn the_short_way_takes_nothing_too_much() {
    let values = [
        json!(null),
        json!(true),
        json!(1),
        json!(-1),
        json!(0.5),
        json!(""),
        json!("a"),
        json!("smart"),
        json!([]),
        json!(["a"]),
        json!([1]),
        json!({}),
        json!({ "x": 1 }),
    ];
    let mut taken = 0;
    for schema in [explore(), shell()] {
        let names: Vec<&String> = schema["properties"].as_object().expect("properties").keys().collect();
        let validator = jsonschema::validator_for(&schema).expect("a good schema");
        for first in &names {
            for second in &names {
                for value in &values {
                    let params = json!({ (*first): value, (*second): ["a"] });
                    if fast::fits(&schema, &params) {
                        taken += 1;
                        assert!(validator.is_valid(&params), "{params}");
                    }
                }
            }
        }
    }
    assert!(taken > 20, "the short way is used at all: {taken}");
}

#[test]
fn what_the_short_way_does_not_know_it_leaves() {
    let params = json!({ "a": "x" });
    for schema in [
        json!({ "type": "object", "patternProperties": {} }),
        json!({ "properties": { "a": { "pattern": "x" } } }),
        json!({ "$ref": "#/definitions/x" }),
    ] {
        assert!(!fast::fits(&schema, &params), "{schema}");
    }
    assert!(fast::fits(&json!({ "type": "object", "properties": { "a": { "type": "string" } } }), &params));
}
