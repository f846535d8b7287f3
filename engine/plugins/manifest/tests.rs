use super::*;
use insta::assert_snapshot;

const WHOLE: &str = r#"
[plugin]
name = "word-count"
version = "0.1.0"
language = "js"
summary = "Count words"
component = "dist/word-count.wasm"

[plugin.build]
command = ["make", "component"]

[plugin.try]
params = { files = ["README.md"], most = 3 }

[plugin.try.grant]
dirs = [{ host = "{cwd}", guest = "/project" }]
state = "1MiB"
"#;

fn parse(text: &str) -> Result<Manifest, String> {
    Manifest::parse(Path::new("/p"), text).map_err(|error| error.to_string())
}

#[track_caller]
fn wrong(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    parse(&WHOLE.replace(from, to)).expect_err("it is wrong")
}

#[test]
fn every_key() {
    let manifest = parse(WHOLE).expect("a manifest");
    assert_eq!(manifest.name.as_str(), "word-count");
    assert_eq!(manifest.language, Language::Js);
    assert_eq!(manifest.component(), Path::new("/p/dist/word-count.wasm"));
    assert_eq!(manifest.build, Some(vec!["make".to_owned(), "component".to_owned()]));
    assert_eq!(Value::Object(manifest.trial.params), serde_json::json!({ "files": ["README.md"], "most": 3 }));
    assert_eq!(
        manifest.trial.grant,
        ["dirs=[{ guest = \"/project\", host = \"{cwd}\" }]", "state=\"1MiB\""].map(str::to_owned)
    );
}

#[test]
fn only_what_is_needed() {
    let manifest = parse(WHOLE.split("[plugin.build]").next().expect("a text")).expect("a manifest");
    assert_eq!((manifest.build, manifest.trial), (None, Trial::default()));
}

#[test]
fn errors_name_file_line_and_key() {
    assert_snapshot!(wrong("name = \"word-count\"", "name = \"1\""), @"/p/hob-plugin.toml:3:8: plugin.name: `1` cannot be an executor's name: use 1 to 40 letters, digits, `_` or `-`, beginning with a letter");
    assert_snapshot!(wrong("\"js\"", "\"perl\""), @"/p/hob-plugin.toml:5:12: plugin.language: unknown variant `perl`, expected one of `rust`, `js`, `python`");
    assert_snapshot!(wrong("summary = ", "sumary = "), @"/p/hob-plugin.toml:6:1: plugin.sumary: unknown field `sumary`, expected one of `name`, `version`, `language`, `summary`, `component`, `build`, `try`");
    assert_snapshot!(wrong("version = \"0.1.0\"\n", ""), @"/p/hob-plugin.toml:2:1: plugin: missing field `version`");
    assert_snapshot!(wrong("\"dist/word-count.wasm\"", "\"/x.wasm\""), @r#"/p/hob-plugin.toml:7:13: plugin.component: the path of the built component, from the folder of this file, such as "dist/it.wasm""#);
    assert_snapshot!(wrong("[\"make\", \"component\"]", "[]"), @r#"/p/hob-plugin.toml:10:11: plugin.build.command: a program with its arguments, such as ["make", "component"]"#);
    assert_snapshot!(wrong("[\"make\", \"component\"]", "\"make\""), @r#"/p/hob-plugin.toml:10:11: plugin.build.command: invalid type: string "make", expected a sequence"#);
    assert_snapshot!(wrong("\"Count words\"", "\"\""), @"/p/hob-plugin.toml:6:11: plugin.summary: the summary is one line of text");
    assert_snapshot!(wrong("\"0.1.0\"", ""), @"/p/hob-plugin.toml:4:11: string values must be quoted, expected literal string");
    assert_snapshot!(wrong("params = {", "parameters = {"), @"/p/hob-plugin.toml:13:1: plugin.try.parameters: unknown field `parameters`, expected `params` or `grant`");
    assert_snapshot!(parse("").expect_err("it is empty"), @"/p/hob-plugin.toml:1:1: missing field `plugin`");
}

#[test]
fn a_folder_without_one_is_told_how_to_get_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Manifest::read(folder.path()).expect_err("there is none").to_string();
    assert!(error.contains("has no hob-plugin.toml: `hob plugin new"), "{error}");
}
