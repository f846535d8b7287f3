//! Writes the table of the templates' files that `lib.rs` includes.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

/// For each language: folders of `plugins/`, and where in a project their files go.
const PROJECTS: &[(&str, &[(&str, &str)])] = &[
    ("RUST", &[("templates/rust", ""), ("sdk", "vendor/hob-plugin/")]),
    ("JS", &[("templates/js", ""), ("js", "vendor/hob-plugin/")]),
    ("JS_SPIDER_MONKEY", &[("templates/js-spidermonkey", ""), ("templates/js", ""), ("js", "vendor/hob-plugin/")]),
    ("PYTHON", &[("templates/python", ""), ("python/hob_plugin", "vendor/hob_plugin/")]),
];

/// What tools and tests leave in these folders, and the helpers' own tests.
const LEFT_OUT: [&str; 6] = ["target", "node_modules", "__pycache__", "dist", ".venv", "Cargo.lock"];

fn main() -> Result<(), Box<dyn Error>> {
    let templates = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let plugins = templates.parent().ok_or("find the folder of the guests")?;
    let mut source = String::new();
    for (language, parts) in PROJECTS {
        write!(source, "const {language}: &[File] = &[")?;
        // By path, so that they are in order and the first folder that has one counts.
        let mut project = BTreeMap::new();
        for (folder, place) in *parts {
            let folder = plugins.join(folder);
            // The contract's text is a link, which a look at the folder does not follow.
            println!("cargo::rerun-if-changed={}", folder.display());
            let is_template = place.is_empty();
            let mut files = Vec::new();
            find(&folder, "", is_template, &mut files)?;
            for (name, path) in files {
                println!("cargo::rerun-if-changed={}", path.display());
                project.entry(format!("{place}{name}")).or_insert((path, is_template));
            }
        }
        for (name, (path, is_template)) in project {
            let path = path.to_str().ok_or("a path that is not Unicode")?;
            write!(source, "File {{ path: {name:?}, is_template: {is_template}, text: include_str!({path:?}) }},")?;
        }
        source.push_str("];\n");
    }
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("files.rs"), source)?;
    Ok(())
}

/// Adds the files below `folder`, each with its path from there.
fn find(
    folder: &Path,
    prefix: &str,
    is_template: bool,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name that is not Unicode")?.to_owned();
        let is_own_test = !is_template && prefix.is_empty() && name == "test";
        if LEFT_OUT.contains(&name.as_str()) || is_own_test {
            continue;
        }
        if path.is_dir() {
            find(&path, &format!("{prefix}{name}/"), is_template, files)?;
        } else {
            files.push((format!("{prefix}{name}"), path.canonicalize()?));
        }
    }
    Ok(())
}
