mod bounds;
mod finding;
mod rules;

use super::{collect::Stats, *};
use std::{fmt::Write as _, fs, path::Path};
use tempfile::TempDir;

/// A folder with these files. It has no links in its path.
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

fn query(patterns: &[&str]) -> Query {
    Query {
        patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
        literal: false,
        case: Case::Sensitive,
        whole_words: false,
        globs: Vec::new(),
        hidden: false,
        no_ignore: false,
        context_before: 0,
        context_after: 0,
        max_hits: 1000,
        max_hits_per_file: 1000,
        mode: SearchMode::Lines,
    }
}

fn search(root: &Path, query: &Query) -> Hits {
    grep(root, query, &|| false).expect("a search")
}

/// One line for each line of the answer: `path:number:column:patterns:text`, with `-` for context.
fn render(hits: &mut Hits) -> String {
    let mut text = String::new();
    loop {
        let lines = hits.next(3);
        if lines.is_empty() {
            return text;
        }
        for Line { path, number, column, kind, patterns, text: line } in lines {
            let _ = match kind {
                LineKind::Hit => writeln!(text, "{path}:{number}:{column}:{patterns:?}:{line}"),
                LineKind::Context => writeln!(text, "{path}-{number}-{line}"),
            };
        }
    }
}

#[track_caller]
fn check(files: &[(&str, &[u8])], query: &Query, expect: &[&str]) -> Stats {
    let dir = folder(files);
    let mut hits = search(dir.path(), query);
    let found = render(&mut hits);
    assert_eq!(found.lines().collect::<Vec<_>>(), expect);
    assert_eq!(hits.stats().errors, Vec::<String>::new());
    hits.stats().clone()
}

const POEM: &[(&str, &[u8])] = &[("poem", b"The Stove\nand the hob,\nthe hobgoblin HOB\n")];

#[test]
fn patterns_are_regular_expressions_or_text() {
    check(POEM, &query(&["h.b"]), &["poem:2:9:[0]:and the hob,", "poem:3:5:[0]:the hobgoblin HOB"]);
    check(POEM, &Query { literal: true, ..query(&["h.b"]) }, &[]);
    check(POEM, &Query { literal: true, ..query(&["hob,"]) }, &["poem:2:9:[0]:and the hob,"]);
    check(POEM, &query(&["^the|,$"]), &["poem:2:12:[0]:and the hob,", "poem:3:1:[0]:the hobgoblin HOB"]);
    check(POEM, &query(&["(?x) hob , # a comment"]), &["poem:2:9:[0]:and the hob,"]);
}

#[test]
fn upper_and_lower_case() {
    let case = |case, pattern| Query { case, ..query(&[pattern]) };
    let all = &["poem:1:1:[0]:The Stove", "poem:2:5:[0]:and the hob,", "poem:3:1:[0]:the hobgoblin HOB"];
    check(POEM, &case(Case::Insensitive, "THE"), all);
    check(POEM, &case(Case::Smart, "the"), all);
    check(POEM, &case(Case::Smart, "The"), &all[..1]);
    check(POEM, &case(Case::Smart, "[T]he"), &all[..1]);
    check(POEM, &case(Case::Sensitive, "the"), &all[1..]);
    // The letter of an escape is none of the pattern's.
    check(POEM, &case(Case::Smart, r"st\Sve"), &["poem:1:5:[0]:The Stove"]);
    let smart = Query { literal: true, case: Case::Smart, ..query(&["hob,", "Stove"]) };
    check(POEM, &smart, &["poem:1:5:[1]:The Stove", "poem:2:9:[0]:and the hob,"]);
}

#[test]
fn case_is_judged_for_each_pattern() {
    let smart = Query { case: Case::Smart, ..query(&["STOVE", "hob$", "HOB"]) };
    check(POEM, &smart, &["poem:3:15:[1, 2]:the hobgoblin HOB"]);
}

#[test]
fn whole_words() {
    let words = |pattern| Query { whole_words: true, ..query(&[pattern]) };
    check(POEM, &words("hob"), &["poem:2:9:[0]:and the hob,"]);
    check(POEM, &words("hob|HOB"), &["poem:2:9:[0]:and the hob,", "poem:3:15:[0]:the hobgoblin HOB"]);
    check(POEM, &words("ob,"), &[]);
    check(&[("a", "über ü\n".as_bytes())], &words("ü"), &["a:1:7:[0]:über ü"]);
}

#[test]
fn one_pass_says_which_patterns_are_in_a_line() {
    let stats = check(
        &[("a", b"foobar\nbar\nfoo\nbaz\nfoo bar foo\n")],
        &query(&["foo", "bar", "o+b", "nothing"]),
        &["a:1:1:[0, 1, 2]:foobar", "a:2:1:[1]:bar", "a:3:1:[0]:foo", "a:5:1:[0, 1]:foo bar foo"],
    );
    assert_eq!((stats.hits, &stats.per_pattern[..]), (4, &[3, 3, 1, 0][..]));
}

#[test]
fn an_empty_pattern_is_in_every_line() {
    check(&[("a", b"x\n\ny")], &query(&[""]), &["a:1:1:[0]:x", "a:2:1:[0]:", "a:3:1:[0]:y"]);
}

#[test]
fn lines_have_their_context() {
    let files: &[(&str, &[u8])] = &[("a", b"1\n2\n3 x\n4\n5\n6\n7\n8 x\n9 x\n"), ("b", b"x\n")];
    let context = Query { context_before: 1, context_after: 2, ..query(&["x"]) };
    let expect = ["a-2-2", "a:3:3:[0]:3 x", "a-4-4", "a-5-5", "a-7-7", "a:8:3:[0]:8 x", "a:9:3:[0]:9 x", "b:1:1:[0]:x"];
    check(files, &context, &expect);
}

#[test]
fn files_are_counted() {
    let files: &[(&str, &[u8])] = &[("b", b"x\nx y\nz\n"), ("a/c", b"y\n"), ("d", b"z\n")];
    let query = Query { mode: SearchMode::Files, context_after: 3, max_hits_per_file: 1, ..query(&["x", "y"]) };
    let stats = check(files, &query, &["a/c:1:0:[1]:", "b:2:0:[0, 1]:"]);
    assert_eq!((stats.hits, stats.files_with_hits, stats.files_searched, stats.truncated), (3, 2, 3, false));
    let stats = check(files, &Query { max_hits: 1, ..query }, &["a/c:1:0:[1]:"]);
    assert_eq!((stats.hits, stats.files_with_hits, stats.truncated), (3, 2, true));
}

#[test]
fn the_order_is_by_path_as_bytes() {
    let names = ["b", "a/z", "a-b", "a.b", "A", "ab/c", "a/b/c"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x\nx"[..])).collect();
    let dir = folder(&files);
    let mut hits = search(dir.path(), &query(&["x"]));
    let lines = hits.next(usize::MAX);
    let found: Vec<_> = lines.iter().map(|line| (line.path.clone(), line.number)).collect();
    assert!(found.is_sorted(), "{found:?}");
    assert_eq!((found.len(), hits.next(1)), (14, Vec::new()));
}

#[test]
fn a_file_can_be_searched_itself() {
    let dir = folder(&[("a/one.txt", b"x"), ("a/two.txt", b"x")]);
    let mut hits = search(&dir.path().join("a/one.txt"), &query(&["x"]));
    assert_eq!(render(&mut hits), "one.txt:1:1:[0]:x\n");
}

#[test]
fn figures_have_the_names_of_the_contract() {
    let stats = check(&[("a", b"x\ny")], &query(&["x"]), &["a:1:1:[0]:x"]);
    let json = serde_json::to_string(&stats).expect("JSON");
    let expect = r#"{"files_searched":1,"files_with_hits":1,"hits":1,"bytes_searched":3,"truncated":false,"per_pattern":[1],"errors":[]}"#;
    assert_eq!(json, expect);
}

#[track_caller]
fn check_error(query: &Query, expect: impl Fn(&SearchError) -> bool) {
    let dir = folder(&[("a", b"x")]);
    let error = grep(dir.path(), query, &|| false).expect_err("an error");
    assert!(expect(&error), "{error}");
}

#[test]
fn a_bad_query_is_named() {
    let pattern =
        |index| move |error: &SearchError| matches!(error, SearchError::Pattern { index: at, .. } if *at == index);
    check_error(&query(&[]), |error| *error == SearchError::NoPattern);
    check_error(&query(&["a", "b("]), pattern(1));
    check_error(&query(&["[", "b"]), pattern(0));
    check_error(&query(&["a", "b", r"x\ny"]), pattern(2));
    check_error(&query(&["a", r"\w{999}{999}{999}"]), pattern(1));
    check_error(&query(&[&"(".repeat(10_000)]), pattern(0));
    check_error(&query(&["a\nb"]), pattern(0));
    check_error(&Query { literal: true, ..query(&["ok", "a\nb"]) }, pattern(1));
    check_error(&query(&["x"; MAX_PATTERNS + 1]), |error| {
        matches!(error, SearchError::TooMany { count: 65, bytes: 65 })
    });
    check_error(&query(&[&"x".repeat(MAX_PATTERN_BYTES + 1)]), |error| matches!(error, SearchError::TooMany { .. }));
    let glob = Query { globs: vec!["*.rs".into(), "a[".into()], ..query(&["x"]) };
    check_error(&glob, |error| matches!(error, SearchError::Glob { glob, .. } if glob == "a["));
    let missing = grep(Path::new("/nowhere/at/all"), &query(&["x"]), &|| false);
    assert!(matches!(missing, Err(SearchError::Root(_))), "{missing:?}");
}
