use crate::{
    error::{CommandError, CommandResult},
    exit::Exit,
    render,
};
use hob_templates::{Template, project};
use serde_json::json;
use std::{fs, io::Write as _, os::unix::fs::PermissionsExt as _, path::Path};

/// Longest name. 50: it is the name of a folder, a package and an executor, and is typed often.
const LONGEST: usize = 50;

/// Write a new project: an executor that works, its test, and all that its build needs from hob.
///
/// The executor counts words: it has parameters, output, progress and data, obeys cancellation and asks for one folder.
/// Make of it what you want. The README in it says what is where.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  hob plugin new word-count --lang rust
  hob plugin new word-count --lang python && cd word-count && hob plugin dev
  hob plugin new word-count --lang js --engine spidermonkey")]
pub struct Arguments {
    /// Its name: that of the executor, and of the folder that is made here.
    name: String,
    /// What it is written in.
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Lang,
    /// What runs JavaScript: quickjs is small (2 MB), spidermonkey (12 MB) computes faster [default: quickjs].
    #[arg(long, value_enum, value_name = "ENGINE")]
    engine: Option<Engine>,
    /// Print JSON: the folder and its files.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lang {
    /// A crate for wasm32-wasip2; cargo builds it.
    Rust,
    /// JavaScript; componentize-qjs or componentize-js builds it.
    Js,
    /// Python; componentize-py builds it.
    Python,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engine {
    Quickjs,
    Spidermonkey,
}

/// Writes it.
pub fn run(arguments: &Arguments) -> CommandResult {
    let name = arguments.name.as_str();
    let template = match (arguments.lang, arguments.engine) {
        (Lang::Js, Some(Engine::Spidermonkey)) => Template::JsSpiderMonkey,
        (Lang::Js, _) => Template::Js,
        (_, Some(_)) => return Err(CommandError::usage("--engine is about JavaScript: it goes with --lang js")),
        (Lang::Rust, None) => Template::Rust,
        (Lang::Python, None) => Template::Python,
    };
    fits(name)?;
    let files = project(template, name);
    write(Path::new(name), &files)?;
    let mut out = anstream::stdout().lock();
    let own: Vec<&str> = files.iter().map(|(path, _)| *path).filter(|path| !path.starts_with("vendor/")).collect();
    if arguments.json {
        let folder = fs::canonicalize(name)?;
        let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        render::write_json(&mut out, &json!({ "name": name, "folder": folder.to_string_lossy(), "files": paths }))?;
        return Ok(Exit::Ok);
    }
    for path in own {
        writeln!(out, "{name}/{path}")?;
    }
    writeln!(out, "{name}/vendor: hob's helper and its contract")?;
    writeln!(out, "next: cd {name} && hob plugin dev")?;
    Ok(Exit::Ok)
}

/// A name that every package manager takes.
fn fits(name: &str) -> CommandResult<()> {
    let is_one = name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
        && !name.contains("--")
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if is_one {
        return Ok(());
    }
    let rule = format!("lower-case letters, digits and single `-`, a letter first, {LONGEST} characters at most");
    Err(CommandError::usage(format!("`{name}` cannot be the name of a plugin: it has {rule}")))
}

/// Writes all of them or none.
fn write(folder: &Path, files: &[(&str, String)]) -> CommandResult<()> {
    let is_taken = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.symlink_metadata().is_ok(),
    };
    if is_taken {
        let error = CommandError::usage(format!("{} is there already", folder.display()));
        return Err(error.hint("take another name, or remove it"));
    }
    let cannot = |error: std::io::Error| CommandError::internal(error).context(format!("write {}", folder.display()));
    // Beside it, so that it appears whole.
    let beside = tempfile::Builder::new().prefix(".hob-new-").tempdir_in(".").map_err(cannot)?;
    for (path, text) in files {
        let path = beside.path().join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)).map_err(cannot)?;
    }
    fs::set_permissions(beside.path(), fs::Permissions::from_mode(0o755)).map_err(cannot)?;
    fs::rename(beside.path(), folder).map_err(cannot)?;
    // It is not there any more under that name.
    let _ = beside.keep();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_for_every_package_manager() {
        for name in ["a", "word-count", "a1"] {
            fits(name).unwrap_or_else(|error| panic!("{name}: {}", error.message()));
        }
        for name in ["", "1a", "Word", "a_b", "a-", "a--b", "-a", "a/b", "..", "ä", &"a".repeat(51)] {
            assert!(fits(name).is_err(), "{name}");
        }
    }
}
