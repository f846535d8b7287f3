//! Grants as they are typed, `--grant KEY=VALUE`, and as they are written.

use super::GrantLayer;
use crate::{
    Error,
    error::Problem,
    layer::syntax,
    places::Places,
    reader::{Reader, Table, path},
    source::Source,
};
use hob_core::{AnyProgram, Asks, EnvGrant, Grant, HttpGrant, InheritEnv, Mode, ProgramsGrant, SecretPlace};
use std::path::Path;
use toml::de::DeTable;

/// What `--grant` says, however often it is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantFlags {
    /// The word `all`: whatever the component asks for.
    pub all: bool,
    /// What was said key by key.
    pub grant: Grant,
}

impl GrantFlags {
    /// What that is for a component that asks for `asks`; and what `all` cannot say, each as a value
    /// for `--grant` to complete.
    pub fn resolve(&self, asks: &Asks) -> (Grant, Vec<String>) {
        if !self.all {
            return (self.grant.clone(), Vec::new());
        }
        let (all, mut open) = asks.as_grant();
        let grant = all.and(self.grant.clone());
        let named = |line: &String| {
            grant.dirs.iter().any(|dir| line.contains(&format!("guest = {:?}", dir.guest)))
                || grant.secrets.keys().any(|name| line.starts_with(&format!("secrets={{ {name} = ")))
        };
        open.retain(|line| !named(line));
        (grant, open)
    }
}

/// Reads values of `--grant`: the words `all` and `none`, or a key of `[executors.NAME.grant]` with its
/// value, both as in `hob.toml`. Several of one key add up.
pub fn grant_flags(flags: &[String], places: &Places) -> Result<GrantFlags, Error> {
    let mut read = GrantFlags::default();
    for flag in flags {
        match flag.as_str() {
            "all" => read.all = true,
            "none" => {}
            text => read.grant = read.grant.and(one(text, places)?),
        }
    }
    Ok(read)
}

fn one(text: &str, places: &Places) -> Result<Grant, Error> {
    const EXAMPLE: &str = "`all`, or a key as in hob.toml, such as --grant 'env=[\"LANG\"]'";
    let source = Source::new(Some(Path::new("--grant")), text.to_owned());
    let wrong = |mut problems: Vec<Problem>| {
        let more = problems.len() - 1;
        Error::Invalid { first: Box::new(problems.swap_remove(0)), more }
    };
    let hinted = |problem: Problem| Problem { hint: problem.hint.or_else(|| Some(EXAMPLE.to_owned())), ..problem };
    let table = DeTable::parse(source.text()).map_err(|error| wrong(vec![hinted(syntax(&source, &error))]))?;
    let reader = Reader::new(&source);
    let root = Table::new(&reader, String::new(), table.get_ref(), table.span());
    let layer = GrantLayer::read(root, places);
    match reader.problems() {
        problems if problems.is_empty() => Ok(layer.resolve()),
        problems => Err(wrong(problems)),
    }
}

/// A grant as the lines of `[executors.NAME.grant]`: each key that grants something, with its value.
pub fn grant_lines(grant: &Grant) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let mut add = |key, value: String| lines.push((key, value));
    if !grant.dirs.is_empty() {
        let dir = |dir: &hob_core::DirGrant| {
            let mode = match dir.mode {
                Mode::Ro => "ro",
                Mode::Rw => "rw",
            };
            format!("{{ host = {}, guest = {}, mode = \"{mode}\" }}", quoted(&dir.host), quoted(&dir.guest))
        };
        add("dirs", list(grant.dirs.iter().map(dir)));
    }
    if !grant.http.is_empty() {
        add("http", list(grant.http.iter().map(http)));
    }
    match &grant.programs {
        ProgramsGrant::Any(AnyProgram::Any) => add("programs", "\"any\"".to_owned()),
        ProgramsGrant::Named(programs) if programs.is_empty() => {}
        ProgramsGrant::Named(programs) => {
            let program = |(name, program): (&String, &hob_core::ProgramGrant)| {
                let args = program.args.as_ref().map(|args| format!(", args = {}", texts(args)));
                let sha256 = program.sha256.as_ref().map(|digest| format!(", sha256 = {}", quoted(digest)));
                let (args, sha256) = (args.unwrap_or_default(), sha256.unwrap_or_default());
                format!("{} = {{ path = {}{args}{sha256} }}", path("", name), quoted(&program.path))
            };
            add("programs", table(programs.iter().map(program)));
        }
    }
    match &grant.env {
        EnvGrant::Inherit(InheritEnv::Inherit) => add("env", "\"inherit\"".to_owned()),
        EnvGrant::Names(names) if names.is_empty() => {}
        EnvGrant::Names(names) => add("env", texts(names)),
    }
    if !grant.secrets.is_empty() {
        let secret = |(name, secret): (&String, &hob_core::SecretGrant)| {
            let word = |place: &SecretPlace| match place {
                SecretPlace::Header => "\"header\"".to_owned(),
                SecretPlace::Body => "\"body\"".to_owned(),
            };
            let places = list(secret.places.iter().map(word));
            let (name, env, hosts) = (path("", name), quoted(&secret.env), texts(&secret.hosts));
            format!("{name} = {{ env = {env}, hosts = {hosts}, in = {places} }}")
        };
        add("secrets", table(grant.secrets.iter().map(secret)));
    }
    if grant.state.0 > 0 {
        add("state", quoted(&grant.state.to_string()));
    }
    lines
}

fn http(grant: &HttpGrant) -> String {
    let mut words = vec![format!("host = {}", quoted(&grant.host)), format!("methods = {}", texts(&grant.methods))];
    if grant.scheme != "https" {
        words.push(format!("scheme = {}", quoted(&grant.scheme)));
    }
    if let Some(port) = grant.port {
        words.push(format!("port = {port}"));
    }
    if grant.local {
        words.push("local = true".to_owned());
    }
    format!("{{ {} }}", words.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    list(texts.into_iter().map(|text| quoted(text)))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn table(entries: impl Iterator<Item = String>) -> String {
    format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places() -> Places {
        let environment = |name: &str| (name == "HOB_HOME" || name == "HOME").then(|| "/h".into());
        Places::discover(environment).expect("places")
    }

    fn read(flags: &[&str]) -> Result<GrantFlags, String> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        grant_flags(&flags, &places()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_reads_as_what_was_granted() {
        let grant: Grant = serde_json::from_value(json!({
            "dirs": [{ "host": "{cwd}", "guest": "/project", "mode": "rw" }],
            "http": [{ "host": "a.example", "scheme": "http", "port": 8080, "local": true }, { "host": "*" }],
            "programs": { "git": { "path": "/usr/bin/git", "args": ["log", "**"] }, "c++": { "path": "c++" } },
            "env": ["LANG", "A\"B"],
            "secrets": { "T": { "env": "TOKEN", "hosts": ["a.example"], "in": ["header", "body"] } },
            "state": "1MiB",
        }))
        .expect("a grant");
        let lines: Vec<String> = grant_lines(&grant).iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(lines.len(), 6);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(read(&lines), Ok(GrantFlags { all: false, grant }));
        let any: Grant = serde_json::from_value(json!({ "programs": "any", "env": "inherit" })).expect("a grant");
        let lines: Vec<String> = grant_lines(&any).iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(lines, ["programs=\"any\"", "env=\"inherit\""]);
    }

    #[test]
    fn flags_add_up() {
        let flags = read(&["env=[\"A\"]", "env=[\"B\"]", "all", "none"]).expect("flags");
        assert!(flags.all);
        assert_eq!(grant_lines(&flags.grant), [("env", "[\"A\", \"B\"]".to_owned())]);
        let asks = serde_json::from_value(json!({
            "env": [{ "name": "C", "reason": "" }],
            "secrets": [{ "name": "T", "reason": "" }, { "name": "U", "reason": "" }],
        }))
        .expect("asks");
        let (_, open) = flags.resolve(&asks);
        assert_eq!(open.len(), 2);
        let flags = read(&["all", "secrets={ T = { env = \"T\", hosts = [\"a.example\"] } }"]).expect("flags");
        let (grant, open) = flags.resolve(&asks);
        assert_eq!(open, ["secrets={ U = { env = \"U\", hosts = [\"HOST\"] } }"]);
        assert!(grant.env.contains("C") && grant.secrets.contains_key("T"));
    }

    #[test]
    fn what_is_wrong_with_a_flag() {
        for (flag, words) in [
            ("everything", ["--grant:1:", "--grant 'env=[\"LANG\"]'"]),
            ("envs=[\"A\"]", ["unknown key", "did you mean `env`?"]),
            ("env=LANG", ["--grant:1:", "--grant 'env="]),
            ("dirs=[{host=\"/\", guest=\"/x\"}]", ["dirs[0].host", "cannot grant"]),
            ("dirs=[{host=\"~/.ssh\", guest=\"/x\"}]", ["dirs[0].host", "cannot grant"]),
        ] {
            let error = read(&[flag]).expect_err(flag);
            assert!(words.iter().all(|word| error.contains(word)), "{flag}: {error}");
        }
    }
}
