use super::field::{Field, Kind, Parameters, Place};
use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::{PossibleValuesParser, TypedValueParser as _, ValueParser},
};
use hob_core::sanitize;
use serde_json::{Map, Number, Value};

/// In front of an argument's id, so that a parameter cannot be taken for one of hob's own.
const ID_PREFIX: &str = "param:";
/// In front of an option whose name hob has for itself.
const FLAG_PREFIX: &str = "param-";
/// The heading of the parameters in help.
const HEADING: &str = "Parameters";

/// Adds an argument for each parameter. Names of options that `reserved` has keep their meaning;
/// the parameter is then `--param-NAME`.
pub fn add_arguments(mut command: Command, reserved: &Command, parameters: &Parameters) -> Command {
    let mut has_trailing = false;
    for field in &parameters.fields {
        // A second trailing list could never be reached.
        let place = if field.place == Place::Trailing && std::mem::replace(&mut has_trailing, true) {
            Place::Option
        } else {
            field.place
        };
        let mut argument = argument(field, place);
        if place == Place::Option {
            argument = argument.long(free_flag(&[reserved, &command], &flag(field)));
            let is_free = |c: &char| [reserved, &command].iter().all(|command| has_no_short(command, *c));
            let short = field.short.filter(|c| *c != 'h').filter(is_free);
            if let Some(short) = short {
                argument = argument.short(short);
            }
        }
        for other in parameters.alternatives.iter().filter(|_| parameters.alternatives.contains(&field.property)) {
            if *other != field.property && parameters.field(other).is_some() {
                argument = argument.conflicts_with(format!("{ID_PREFIX}{other}"));
            }
        }
        command = command.arg(argument);
    }
    command
}

/// What was given, as JSON: the arguments laid over `base`, which came from `--params`.
pub fn collect(matches: &ArgMatches, parameters: &Parameters, base: Map<String, Value>) -> Map<String, Value> {
    let mut params = base;
    for field in &parameters.fields {
        let id = format!("{ID_PREFIX}{}", field.property);
        let value = if field.kind == Kind::Boolean && !field.is_list {
            matches.get_flag(&id).then(|| Value::Bool(!is_negated(field)))
        } else {
            let mut values = matches.get_many::<Value>(&id).into_iter().flatten().cloned();
            if field.is_list {
                let list: Vec<Value> = values.collect();
                (!list.is_empty()).then_some(Value::Array(list))
            } else {
                values.next()
            }
        };
        if let Some(value) = value {
            params.insert(field.property.clone(), value);
        }
    }
    params
}

fn is_negated(field: &Field) -> bool {
    field.default == Some(Value::Bool(true))
}

fn flag(field: &Field) -> String {
    if field.kind == Kind::Boolean && !field.is_list && is_negated(field) {
        format!("no-{}", field.flag)
    } else {
        field.flag.clone()
    }
}

fn has_no_short(command: &Command, c: char) -> bool {
    command.get_arguments().all(|other| other.get_short() != Some(c))
}

fn free_flag(taken: &[&Command], flag: &str) -> String {
    let is_taken = |name: &str| {
        let mut others = taken.iter().flat_map(|command| command.get_arguments());
        ["help", "version"].contains(&name) || others.any(|other| other.get_long() == Some(name))
    };
    let mut name = flag.to_owned();
    while is_taken(&name) {
        name.insert_str(0, FLAG_PREFIX);
    }
    name
}

fn argument(field: &Field, place: Place) -> Arg {
    let argument = Arg::new(format!("{ID_PREFIX}{}", field.property))
        .help(help(field, place))
        .help_heading(HEADING)
        .value_name(field.value_name());
    if field.kind == Kind::Boolean && !field.is_list && place == Place::Option {
        return argument.action(ArgAction::SetTrue);
    }
    let argument = argument
        .action(if field.is_list { ArgAction::Append } else { ArgAction::Set })
        .value_parser(parser(field))
        .allow_negative_numbers(matches!(field.kind, Kind::Integer | Kind::Number));
    match place {
        Place::Positional if field.is_list => argument.num_args(1..),
        Place::Option | Place::Positional => argument,
        Place::Trailing => argument.num_args(1..).last(true),
    }
}

fn help(field: &Field, place: Place) -> String {
    let mut text = field.help.clone();
    let mut add = |words: &str| {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(words);
    };
    if field.is_required {
        add("[required]");
    }
    if field.is_list && place == Place::Option {
        add("[may be repeated]");
    }
    match &field.default {
        None | Some(Value::Null | Value::Bool(_)) => {}
        Some(Value::Array(items)) if items.is_empty() => {}
        Some(Value::String(value)) => add(&format!("[default: {value}]")),
        Some(value) => add(&format!("[default: {value}]")),
    }
    if field.kind == Kind::Json {
        add("[JSON]");
    }
    sanitize(&text).into_owned()
}

fn parser(field: &Field) -> ValueParser {
    match field.kind {
        Kind::String if !field.choices.is_empty() => {
            PossibleValuesParser::new(field.choices.clone()).map(Value::String).into()
        }
        Kind::String => (|text: &str| Ok::<_, String>(Value::String(text.to_owned()))).into(),
        Kind::Integer => integer.into(),
        Kind::Number => number.into(),
        Kind::Boolean => boolean.into(),
        Kind::Json => json.into(),
    }
}

fn integer(text: &str) -> Result<Value, String> {
    let signed = text.parse::<i64>().map(Value::from);
    signed.or_else(|_| text.parse::<u64>().map(Value::from)).map_err(|_| "a whole number is wanted".to_owned())
}

fn number(text: &str) -> Result<Value, String> {
    let fraction = || text.parse().ok().and_then(Number::from_f64).map(Value::Number);
    integer(text).ok().or_else(fraction).ok_or_else(|| "a number is wanted".to_owned())
}

fn boolean(text: &str) -> Result<Value, String> {
    text.parse().map(Value::Bool).map_err(|_| "true or false is wanted".to_owned())
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("JSON is wanted: {error}"))
}
