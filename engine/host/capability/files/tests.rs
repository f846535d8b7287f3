use super::*;
use std::fs;
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let base = std::env::temp_dir().canonicalize().expect("a folder for temporary files");
    let dir = TempDir::new_in(base).expect("a temporary folder");
    for (path, bytes) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }
    dir
}

fn walker(dir: &TempDir, globs: &[&str], hidden: bool) -> Walker {
    let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
    walk(dir.path(), &globs, hidden).expect("a walker")
}

fn next(walker: &mut Walker, max_bytes: usize) -> Vec<(String, usize)> {
    let files = walker.next(max_bytes, &|| false).expect("not cancelled");
    files.into_iter().map(|file| (file.path, file.bytes.len())).collect()
}

#[track_caller]
fn check(names: &[&str], globs: &[&str], hidden: bool, expect: &[&str]) {
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, name.as_bytes())).collect();
    let dir = folder(&files);
    let found = walker(&dir, globs, hidden).next(1 << 20, &|| false).expect("not cancelled");
    assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), expect);
    for File { path, size, bytes } in found {
        assert_eq!((path.as_bytes(), size as usize), (&bytes[..], path.len()));
    }
}

#[test]
fn files_come_in_order_and_by_the_rules() {
    let names = ["b/z", "a", "b/a", ".hidden", "c.log", "c.rs", "B"];
    check(&names, &[], false, &["B", "a", "b/a", "b/z", "c.log", "c.rs"]);
    check(&names, &[], true, &[".hidden", "B", "a", "b/a", "b/z", "c.log", "c.rs"]);
    check(&names, &["*.log", "b/*"], false, &["b/a", "b/z", "c.log"]);
    check(&names, &["!b", "!*.log"], false, &["B", "a", "c.rs"]);
}

#[test]
fn ignore_rules_count() {
    let dir = folder(&[(".git/HEAD", b""), (".gitignore", b"/target\n"), (".ignore", b"*.tmp\n")]);
    for name in ["a", "a.tmp", "target"] {
        fs::write(dir.path().join(name), b"x").expect("a file");
    }
    assert_eq!(next(&mut walker(&dir, &[], false), 1000), [("a".to_owned(), 1)]);
}

#[test]
fn answers_are_as_large_as_was_asked_for() {
    let dir = folder(&[("a", &[b'x'; 400]), ("b", &[b'x'; 400]), ("c", &[b'x'; 5000]), ("d", b""), ("e", b"x")]);
    let mut walker = walker(&dir, &[], false);
    let sizes = |files: Vec<(String, usize)>| files.into_iter().map(|(_, size)| size).collect::<Vec<_>>();
    assert_eq!(sizes(next(&mut walker, 1000)), [400, 400]);
    assert_eq!(sizes(next(&mut walker, 1000)), [5000]);
    assert_eq!(sizes(next(&mut walker, 0)), [0], "always one, so that a walk ends");
    assert_eq!(sizes(next(&mut walker, 1000)), [1]);
    assert_eq!(sizes(next(&mut walker, 1000)), Vec::<usize>::new());
    assert_eq!(sizes(next(&mut walker, 1000)), Vec::<usize>::new());
    assert_eq!(walker.left_out(), 0);
}

#[test]
fn a_file_that_is_too_large_is_left_out() {
    let dir = folder(&[("a", b"x"), ("z", b"x")]);
    for (name, size) in [("huge", MAX_FILE_BYTES + 1), ("large", MAX_FILE_BYTES)] {
        fs::File::create(dir.path().join(name)).and_then(|file| file.set_len(size)).expect("a file of that size");
    }
    let mut walker = walker(&dir, &[], false);
    let large = usize::try_from(MAX_FILE_BYTES).expect("small");
    let expect = [("a", 1), ("large", large), ("z", 1)].map(|(name, size)| (name.to_owned(), size));
    assert_eq!(next(&mut walker, usize::MAX), expect);
    assert_eq!(walker.left_out(), 1);
}

#[test]
fn many_small_files_come_in_several_answers() {
    let names: Vec<String> = (0..500).map(|at| format!("f{at:03}")).collect();
    let dir = folder(&names.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>());
    let mut walker = walker(&dir, &[], false);
    let mut found = Vec::new();
    loop {
        let files = next(&mut walker, 1000);
        if files.is_empty() {
            break;
        }
        assert!(files.len() < 20);
        found.extend(files.into_iter().map(|(name, _)| name));
    }
    assert_eq!(found, names);
}

#[test]
fn a_walk_that_is_cancelled_says_so() {
    let dir = folder(&[("a", b"x")]);
    assert_eq!(walker(&dir, &[], false).next(10, &|| true), Err(FilesError::Cancelled));
}

#[test]
fn bad_globs_and_roots_are_named() {
    let dir = folder(&[]);
    let error = walk(dir.path(), &["ok".into(), "{a".into()], false).err();
    assert!(matches!(&error, Some(FilesError::Glob { glob, .. }) if glob == "{a"), "{error:?}");
    let error = walk(&dir.path().join("missing"), &[], false).err();
    assert!(matches!(&error, Some(FilesError::Root(_))), "{error:?}");
}

#[cfg(unix)]
#[test]
fn f51_links_and_special_files_are_left_out() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret", b"x")]);
    let dir = folder(&[("inside", b"x")]);
    symlink(outside.path(), dir.path().join("folder")).expect("a link");
    symlink(outside.path().join("secret"), dir.path().join("link")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("a socket");
    assert_eq!(next(&mut walker(&dir, &[], false), 1000), [("inside".to_owned(), 1)]);
}

/// What a walk saw can be another thing when it is opened.
#[cfg(unix)]
#[test]
fn f51_nothing_outside_is_opened_through_a_link_that_was_slipped_in() {
    use std::os::unix::fs::symlink;
    let outside = folder(&[("secret", b"x")]);
    let dir = folder(&[("inside", b"x"), ("sub/file", b"x")]);
    symlink(outside.path(), dir.path().join("folder")).expect("a link");
    symlink(outside.path().join("secret"), dir.path().join("link")).expect("a link");
    symlink("../sub", dir.path().join("sub/around")).expect("a link");
    let tree = Tree::open(dir.path()).expect("a tree");
    assert!(matches!(tree.open_file(Path::new("sub/file")), Ok(Some(_))));
    let up = format!("../{}/secret", outside.path().file_name().expect("a name").to_string_lossy());
    let absolute = outside.path().join("secret");
    for path in ["folder/secret", "link", "sub/../../secret", &up, &absolute.to_string_lossy(), "inside/"] {
        let opened = tree.open_file(Path::new(path));
        assert!(opened.is_err(), "{path}: {opened:?}");
    }
    assert!(matches!(tree.open_file(Path::new("sub")), Ok(None) | Err(_)));
}

/// A walk over what changes below it: a folder becomes a link between two answers.
#[cfg(unix)]
#[test]
fn f51_a_folder_that_becomes_a_link_yields_nothing_from_outside() {
    let outside = folder(&[("0", b"secret"), ("1", b"secret")]);
    let dir = folder(&[("a/0", b"x"), ("a/1", b"x")]);
    let mut walker = walker(&dir, &[], false);
    assert_eq!(next(&mut walker, 1), [("a/0".to_owned(), 1)]);
    fs::rename(dir.path().join("a"), dir.path().join(".moved")).expect("moved");
    std::os::unix::fs::symlink(outside.path(), dir.path().join("a")).expect("a link");
    let rest = walker.next(1000, &|| false).expect("not cancelled");
    assert!(rest.iter().all(|file| file.bytes == b"x"), "{rest:?}");
}

#[cfg(unix)]
#[test]
fn f51_a_pipe_is_never_waited_for() {
    let dir = folder(&[("a", b"x")]);
    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    assert!(matches!(Tree::open(dir.path()).expect("a tree").open_file(Path::new("pipe")), Ok(None)));
    assert_eq!(next(&mut walker(&dir, &[], false), 1000), [("a".to_owned(), 1)]);
}
