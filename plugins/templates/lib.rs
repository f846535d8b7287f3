//! What `hob plugin new` writes: a project in each language, with hob's helper for it. The files stand in `plugins/` as
//! they are written, but for `{{name}}` in templates.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// What a project is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A crate for wasm32-wasip2.
    Rust,
    /// A module for `QuickJS`.
    Js,
    /// A module for `SpiderMonkey`: larger, and faster at computing.
    JsSpiderMonkey,
    /// A module for `CPython`.
    Python,
}

struct File {
    path: &'static str,
    is_template: bool,
    text: &'static str,
}

/// The files of a project of that name: path and text, ordered as in its folder.
pub fn project(template: Template, name: &str) -> Vec<(&'static str, String)> {
    let files = match template {
        Template::Rust => RUST,
        Template::Js => JS,
        Template::JsSpiderMonkey => JS_SPIDER_MONKEY,
        Template::Python => PYTHON,
    };
    files
        .iter()
        .map(|file| {
            // A file with the dot would be one of this repository's own.
            let path = if file.path == "gitignore" { ".gitignore" } else { file.path };
            let fill = |text: &str| text.replace("{{name}}", name).replace("{{crate}}", &name.replace('-', "_"));
            (path, if file.is_template { fill(file.text) } else { file.text.to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Template; 4] = [Template::Rust, Template::Js, Template::JsSpiderMonkey, Template::Python];

    /// A helper speaks the contract that goes with it, and says so by its own version.
    #[test]
    fn a_helper_has_the_version_of_its_contract() {
        for (template, file, before) in [
            (Template::Rust, "vendor/hob-plugin/Cargo.toml", "\nversion = \""),
            (Template::Js, "vendor/hob-plugin/package.json", "\"version\": \""),
            (Template::Python, "vendor/hob_plugin/__init__.py", "__version__ = \""),
        ] {
            let files = project(template, "word-count");
            let named = |end: &str| files.iter().find(|(path, _)| path.ends_with(end)).map(|(_, text)| text.as_str());
            let after = |text: &str, before: &str, end: char| {
                text.split_once(before).and_then(|(_, rest)| Some(rest.split_once(end)?.0.to_owned()))
            };
            let contract = named("wit/plugin.wit").and_then(|text| after(text, "package hob:plugin@", ';'));
            let helper = named(file).and_then(|text| after(text, before, '"'));
            assert!(contract.is_some() && helper == contract, "{template:?}: {helper:?} for {contract:?}");
        }
    }

    #[test]
    fn a_project_is_whole_and_has_its_name() {
        for template in ALL {
            let files = project(template, "word-count");
            let text = |path: &str| {
                let file = files.iter().find(|(name, _)| *name == path);
                file.map_or_else(|| panic!("{template:?} has {path}"), |(_, text)| text.as_str())
            };
            assert!(text("hob-plugin.toml").contains("name = \"word-count\""), "{template:?}");
            assert!(text("README.md").contains("hob plugin dev"), "{template:?}");
            assert!(!text(".gitignore").is_empty(), "{template:?}");
            assert!(files.iter().any(|(path, text)| path.ends_with("wit/plugin.wit") && text.contains("package hob:")));
            assert!(
                files.iter().filter(|(path, _)| !path.starts_with("vendor/")).all(|(_, text)| !text.contains("{{"))
            );
        }
    }

    #[test]
    fn spider_monkey_is_another_build_and_nothing_else() {
        let quick = project(Template::Js, "a");
        let spider = project(Template::JsSpiderMonkey, "a");
        let differ = quick.iter().zip(&spider).filter(|(quick, spider)| quick != spider);
        let paths: Vec<&str> = differ.map(|((path, _), _)| *path).collect();
        assert_eq!(paths, ["package.json"]);
        let package = &spider.iter().find(|(path, _)| *path == "package.json").expect("there").1;
        let package: serde_json::Value = serde_json::from_str(package).expect("JSON");
        assert!(package["scripts"]["build"].as_str().is_some_and(|build| build.contains("--out dist/a.wasm")));
        assert!(!package.to_string().contains("qjs"));
    }
}
