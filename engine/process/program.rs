//! Finding a program by its name.

use nix::unistd::AccessFlags;
use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// Why there is no program of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// No file of that name in any folder.
    #[error("`{name}` was not found in PATH ({path})")]
    NotInPath {
        /// What was looked for.
        name: String,
        /// Where.
        path: String,
    },
    /// A name was given, and no folders to look in.
    #[error("`{0}` cannot be looked up, for PATH is not set; give its path")]
    NoPath(String),
    /// A path was given, and nothing is there.
    #[error("`{}` was not found", .0.display())]
    NotFound(PathBuf),
    /// It is there, but a folder or a file that the person may not run.
    #[error("`{}` is not executable", .0.display())]
    NotExecutable(PathBuf),
    /// The name is empty.
    #[error("a program's name is empty")]
    Empty,
}

/// The file that a shell in folder `cwd` would run for `name` under that `PATH`: a name with a `/` is
/// a path from `cwd`; any other is looked up in the folders of `PATH`, an empty one of which is `cwd`.
pub fn find_program(name: &OsStr, path_value: Option<&[u8]>, cwd: &Path) -> Result<PathBuf, ProgramError> {
    if name.is_empty() {
        return Err(ProgramError::Empty);
    }
    if name.as_bytes().contains(&b'/') {
        let path = cwd.join(name);
        return match look(&path) {
            Found::Program => Ok(path),
            Found::Other => Err(ProgramError::NotExecutable(path)),
            Found::Nothing => Err(ProgramError::NotFound(path)),
        };
    }
    let shown = || name.to_string_lossy().into_owned();
    let folders = path_value.ok_or_else(|| ProgramError::NoPath(shown()))?;
    let mut refused = None;
    for folder in folders.split(|byte| *byte == b':') {
        let path = cwd.join(OsStr::from_bytes(folder)).join(name);
        match look(&path) {
            Found::Program => return Ok(path),
            // A later folder may have one that runs, as with a shell.
            Found::Other => refused = refused.or(Some(path)),
            Found::Nothing => {}
        }
    }
    Err(match refused {
        Some(path) => ProgramError::NotExecutable(path),
        None => ProgramError::NotInPath { name: shown(), path: String::from_utf8_lossy(folders).into_owned() },
    })
}

enum Found {
    Program,
    Other,
    Nothing,
}

fn look(path: &Path) -> Found {
    match path.metadata() {
        Err(_) => Found::Nothing,
        Ok(found) if found.is_file() && nix::unistd::access(path, AccessFlags::X_OK).is_ok() => Found::Program,
        Ok(_) => Found::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, mode) in [("a/tool", 0o755), ("a/data", 0o644), ("b/tool", 0o755), ("b/data", 0o755)] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(&path, "").expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
        }
        fs::create_dir(folder.path().join("a/folder")).expect("made");
        folder
    }

    #[track_caller]
    fn check(name: &str, path: Option<&str>, expect: Result<&str, fn(&ProgramError) -> bool>) {
        let folder = folder();
        let path = path.map(|path| path.replace('@', &folder.path().to_string_lossy()));
        let found = find_program(OsStr::new(name), path.as_deref().map(str::as_bytes), folder.path());
        match (found, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, folder.path().join(expect)),
            (Err(error), Err(is_it)) if is_it(&error) => {}
            (found, _) => panic!("{name}: {found:?}"),
        }
    }

    #[test]
    fn names_are_looked_up_and_paths_are_not() {
        check("tool", Some("@/a:@/b"), Ok("a/tool"));
        check("tool", Some("@/none:@/b"), Ok("b/tool"));
        check("data", Some("@/a:@/b"), Ok("b/data"));
        check("tool", Some("b"), Ok("b/tool"));
        check("a/tool", None, Ok("a/tool"));
        check("./b/data", Some("/none"), Ok("b/data"));
        check("data", Some("@/a"), Err(|e| matches!(e, ProgramError::NotExecutable(p) if p.ends_with("a/data"))));
        check("folder", Some("@/a"), Err(|e| matches!(e, ProgramError::NotExecutable(_))));
        check("a/data", None, Err(|e| matches!(e, ProgramError::NotExecutable(_))));
        check("a/none", None, Err(|e| matches!(e, ProgramError::NotFound(p) if p.ends_with("a/none"))));
        check("none", Some("@/a"), Err(|e| matches!(e, ProgramError::NotInPath { .. })));
        check("tool", None, Err(|e| matches!(e, ProgramError::NoPath(_))));
        check("", Some("@/a"), Err(|e| matches!(e, ProgramError::Empty)));
    }

    #[test]
    fn an_empty_entry_of_path_is_the_folder_itself() {
        let folder = folder();
        let found = find_program(OsStr::new("tool"), Some(b"/none:"), &folder.path().join("a"));
        assert_eq!(found, Ok(folder.path().join("a/tool")));
    }
}
