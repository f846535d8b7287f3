use crate::format::Format;
use hob_plugin::{JsonSchema, schemars};
use leon::{Item, Template, Values};
use serde::Deserialize;
use std::{borrow::Cow, collections::BTreeMap};

/// How a program is called and understood.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name in the grant's `programs`
    pub program: String,
    /// Its arguments. {model}, {tools}, {session}, {prompt} and {cwd} are filled in; a list within the list is left out
    /// where one of them is empty; {access} alone stands for the arguments of the access
    #[serde(default)]
    pub args: Vec<Arg>,
    /// How it gets the prompt; an argument is the last one where {prompt} stands nowhere
    #[serde(default)]
    pub prompt: PromptBy,
    /// How its answer is read
    #[serde(default)]
    pub format: Format,
    /// Variables that it gets besides the granted ones
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What is added for each kind of access
    #[serde(default)]
    pub access: BTreeMap<String, Access>,
    /// The model where the task names none
    pub model: Option<String>,
    /// How one logs in, for messages
    pub login: Option<String>,
    /// How one installs it, for messages
    pub install: Option<String>,
}

/// What stands in `args`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a text, or a list of texts")]
pub enum Arg {
    One(String),
    /// Left out where a placeholder in it is empty.
    Group(Vec<String>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PromptBy {
    #[default]
    Stdin,
    Argument,
}

/// What is added for one kind of access.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    #[serde(default)]
    pub args: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// What fills the placeholders; an empty text is nothing.
#[derive(Debug, Default)]
pub struct Filling<'a> {
    pub model: &'a str,
    pub tools: &'a str,
    pub session: &'a str,
    pub prompt: &'a str,
    pub cwd: &'a str,
}

impl Values for Filling<'_> {
    fn get_value(&self, key: &str) -> Option<Cow<'_, str>> {
        let value = match key {
            "model" => self.model,
            "tools" => self.tools,
            "session" => self.session,
            "prompt" => self.prompt,
            "cwd" => self.cwd,
            _ => return None,
        };
        Some(value.into())
    }
}

impl Profile {
    /// The arguments of the program, those of `access` in their place.
    pub fn arguments(&self, access: &[String], filling: &Filling<'_>) -> Result<Vec<String>, String> {
        let mut arguments = Vec::new();
        for arg in &self.args {
            match arg {
                Arg::One(text) if text == "{access}" => arguments.extend_from_slice(access),
                Arg::One(text) => arguments.push(fill(text, filling)?),
                Arg::Group(texts) => {
                    let filled: Result<Vec<String>, String> = texts.iter().map(|text| fill(text, filling)).collect();
                    let filled = filled?;
                    if texts.iter().flat_map(|text| keys(text)).all(|key| has(filling, &key)) {
                        arguments.extend(filled);
                    }
                }
            }
        }
        if self.prompt == PromptBy::Argument && !self.takes("prompt") {
            arguments.push(filling.prompt.to_owned());
        }
        Ok(arguments)
    }

    /// Whether the placeholder stands anywhere in the arguments.
    pub fn takes(&self, key: &str) -> bool {
        let texts = self.args.iter().flat_map(|arg| match arg {
            Arg::One(text) => std::slice::from_ref(text),
            Arg::Group(texts) => texts.as_slice(),
        });
        texts.flat_map(|text| keys(text)).any(|found| found == key)
    }
}

fn has(filling: &Filling<'_>, key: &str) -> bool {
    filling.get_value(key).is_some_and(|value| !value.is_empty())
}

/// The names of the placeholders in a text.
fn keys(text: &str) -> Vec<String> {
    let template = Template::parse(text);
    let items = template.map(|template| template.items.into_owned()).unwrap_or_default();
    let key = |item: Item<'_>| match item {
        Item::Key(key) => Some(key.to_owned()),
        Item::Text(_) => None,
    };
    items.into_iter().filter_map(key).collect()
}

/// `text` with its placeholders filled.
pub fn fill(text: &str, values: &dyn Values) -> Result<String, String> {
    let brace = "; a brace that is meant as such is written `\\{`";
    let template = Template::parse(text).map_err(|error| {
        let words = error.to_string();
        format!("{}{brace}", words.split(" at span start").next().unwrap_or_default().trim_end_matches('.'))
    })?;
    template.render(values).map_err(|error| match error {
        leon::RenderError::MissingKey(key) => format!("there is nothing called `{{{key}}}` here{brace}"),
        leon::RenderError::Io(error) => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn profile(args: &serde_json::Value) -> Profile {
        serde_json::from_value(json!({ "program": "it", "args": args })).expect("a profile")
    }

    #[track_caller]
    fn check(args: &serde_json::Value, filling: &Filling<'_>, expect: &[&str]) {
        let access = ["--sandbox".to_owned(), "read-only".to_owned()];
        assert_eq!(profile(args).arguments(&access, filling).expect("arguments"), expect);
    }

    #[test]
    fn groups_go_where_a_placeholder_is_empty() {
        let args = json!(["exec", "{access}", ["--model", "{model}"], ["resume", "{session}", "in", "{cwd}"], "-"]);
        let plain = Filling { cwd: "/x", ..Filling::default() };
        check(&args, &plain, &["exec", "--sandbox", "read-only", "-"]);
        let all = Filling { model: "m-1", session: "a b", cwd: "/x", ..Filling::default() };
        check(&args, &all, &["exec", "--sandbox", "read-only", "--model", "m-1", "resume", "a b", "in", "/x", "-"]);
        assert!(profile(&args).takes("session") && !profile(&args).takes("tools"));
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let filling = Filling { prompt: "say {model} \\ and $HOME", ..Filling::default() };
        check(&json!(["-p", "{prompt}", "\\{x\\}"]), &filling, &["-p", "say {model} \\ and $HOME", "{x}"]);
    }

    #[test]
    fn mistakes_in_a_template_are_told() {
        let filling = Filling::default();
        let error = |args| profile(&args).arguments(&[], &filling).expect_err("a mistake");
        assert!(error(json!(["{modle}"])).contains("`{modle}`"));
        assert!(error(json!(["{"])).contains('{'));
    }

    #[test]
    fn a_prompt_by_argument_is_the_last_one() {
        let mut profile = profile(&json!(["ask"]));
        profile.prompt = PromptBy::Argument;
        let filling = Filling { prompt: "why?", ..Filling::default() };
        assert_eq!(profile.arguments(&[], &filling).expect("arguments"), ["ask", "why?"]);
    }
}
