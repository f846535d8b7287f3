//! Which files are searched.

use super::*;

fn paths(root: &Path, query: &Query) -> Vec<String> {
    let lines = search(root, query).next(usize::MAX);
    lines.into_iter().map(|line| line.path).collect()
}

#[track_caller]
fn check_paths(names: &[&str], ignores: &[(&str, &[u8])], query: &Query, expect: &[&str]) {
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
    let dir = folder(&[&files[..], ignores].concat());
    assert_eq!(paths(dir.path(), query), expect);
}

#[test]
fn globs_choose_files() {
    let names = ["a.rs", "b.txt", "src/c.rs", "src/deep/d.rs", "target/e.rs"];
    let globs = |globs: &[&str]| Query { globs: globs.iter().map(|&glob| glob.to_owned()).collect(), ..query(&["x"]) };
    check_paths(&names, &[], &globs(&["*.rs"]), &["a.rs", "src/c.rs", "src/deep/d.rs", "target/e.rs"]);
    check_paths(&names, &[], &globs(&["*.rs", "!target"]), &["a.rs", "src/c.rs", "src/deep/d.rs"]);
    check_paths(&names, &[], &globs(&["!*.rs"]), &["b.txt"]);
    check_paths(&names, &[], &globs(&["src/*.rs"]), &["src/c.rs"]);
    check_paths(&names, &[], &globs(&["*.{txt,md}", "/a.*"]), &["a.rs", "b.txt"]);
}

#[test]
fn ignore_files_count_and_those_of_git_only_in_a_repository() {
    let names = ["a", "b", "c", "d", "e", "sub/a"];
    let rules: &[(&str, &[u8])] = &[(".gitignore", b"/a\n"), (".ignore", b"b\n"), (".rgignore", b"c\n")];
    check_paths(&names, rules, &query(&["x"]), &["a", "d", "e", "sub/a"]);
    let repository = [rules, &[(".git/HEAD", b"ref: refs/heads/main"), (".git/info/exclude", b"d\n")]].concat();
    check_paths(&names, &repository, &query(&["x"]), &["e", "sub/a"]);
    let all = Query { no_ignore: true, ..query(&["x"]) };
    check_paths(&names, &repository, &all, &["a", "b", "c", "d", "e", "sub/a"]);
    let by_glob = Query { globs: vec!["/b".into()], ..query(&["x"]) };
    check_paths(&names, &repository, &by_glob, &["b"]);
}

#[test]
fn ignore_files_above_the_root_count() {
    let dir = folder(&[(".git/HEAD", b""), (".gitignore", b"*.log\n"), ("sub/a.log", b"x"), ("sub/b", b"x")]);
    assert_eq!(paths(&dir.path().join("sub"), &query(&["x"])), ["b"]);
}

#[test]
fn hidden_files_are_left_out_unless_wanted() {
    let names = [".env", ".config/a", "b"];
    check_paths(&names, &[], &query(&["x"]), &["b"]);
    check_paths(&names, &[], &Query { hidden: true, ..query(&["x"]) }, &[".config/a", ".env", "b"]);
}

#[test]
fn binary_files_have_no_hits() {
    let far = [&b"x\n"[..], &b"y\n".repeat(100_000), b"\0"].concat();
    let files: &[(&str, &[u8])] = &[("far", &far), ("near", b"x\n\0"), ("text", b"x\n")];
    for mode in [SearchMode::Lines, SearchMode::Files] {
        let dir = folder(files);
        let query = Query { mode, ..query(&["x", "y"]) };
        let mut hits = search(dir.path(), &query);
        assert_eq!(hits.next(9).iter().map(|line| line.path.as_str()).collect::<Vec<_>>(), ["text"]);
        let stats = hits.stats();
        assert_eq!((stats.hits, stats.files_with_hits, stats.files_searched), (1, 1, 3));
        assert_eq!(stats.per_pattern, [1, 0]);
        assert!((6..far.len() as u64).contains(&stats.bytes_searched), "{}", stats.bytes_searched);
    }
}

#[test]
fn text_in_utf_16_is_text() {
    let bytes: Vec<u8> = "\u{feff}größe x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(&[("a", &bytes)], &query(&["größe"]), &["a:1:1:[0]:größe x"]);
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_not_followed() {
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};
    let outside = folder(&[("secret", b"x")]);
    let dir = folder(&[("inside", b"x"), ("sub/deep", b"x")]);
    symlink(outside.path(), dir.path().join("folder")).expect("a link");
    symlink(outside.path().join("secret"), dir.path().join("file")).expect("a link");
    symlink("../..", dir.path().join("sub/up")).expect("a link");
    symlink("nowhere", dir.path().join("broken")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("a socket");
    fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"odd\xff")), b"x").expect("a file");
    let mut hits = search(dir.path(), &query(&["x"]));
    let found: Vec<String> = hits.next(9).into_iter().map(|line| line.path).collect();
    assert_eq!(found, ["inside", "odd\u{fffd}", "sub/deep"]);
    assert_eq!((hits.stats().files_searched, hits.stats().errors.len()), (3, 0));
}
