//! What bounds an answer.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn what_exceeds_a_file_is_counted() {
    let files: &[(&str, &[u8])] = &[("a", b"x1\nx2\nx3\nx4\n"), ("b", b"x1\n")];
    let stats = check(
        files,
        &Query { max_hits_per_file: 2, ..query(&["x", "2", "4"]) },
        &["a:1:1:[0]:x1", "a:2:1:[0, 1]:x2", "b:1:1:[0]:x1"],
    );
    assert_eq!((stats.hits, stats.truncated, &stats.per_pattern[..]), (5, true, &[5, 1, 1][..]));
}

#[test]
fn a_hit_that_is_not_kept_may_be_context_of_one_that_is() {
    let files: &[(&str, &[u8])] = &[("a", b"0\nx1\n2\nx3\n4\n5\n6\nx7\n8\n")];
    let context = Query { context_before: 1, context_after: 2, ..query(&["x"]) };
    let expect = ["a-1-0", "a:2:1:[0]:x1", "a-3-2", "a-4-x3"];
    check(files, &Query { max_hits_per_file: 1, ..context.clone() }, &expect);
    check(files, &Query { max_hits: 1, ..context.clone() }, &expect);
    let stats = check(files, &Query { max_hits: 0, ..context }, &[]);
    assert_eq!((stats.hits, stats.truncated), (3, true));
}

#[test]
fn of_more_hits_than_may_be_kept_the_first_are_kept_whatever_the_threads_do() {
    let names: Vec<String> = (0..300).map(|at| format!("d{}/f{at:03}", at % 7)).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x\ny\nx\nx\n"[..])).collect();
    let dir = folder(&files);
    let all = render(&mut search(dir.path(), &query(&["x"])));
    let all: Vec<&str> = all.lines().collect();
    assert_eq!(all.len(), 900);
    for max_hits in [1, 2, 3, 100, 899, 900, 901] {
        let mut hits = search(dir.path(), &Query { max_hits, ..query(&["x"]) });
        let found = render(&mut hits);
        assert_eq!(found.lines().collect::<Vec<_>>(), all[..all.len().min(max_hits as usize)]);
        assert_eq!((hits.stats().hits, hits.stats().truncated), (900, max_hits < 900));
    }
}

#[test]
fn long_lines_are_cut_at_a_character() {
    let line = format!("{}x", "ä".repeat(MAX_LINE_BYTES));
    let dir = folder(&[("a", line.as_bytes()), ("b", format!("x{line}").as_bytes()), ("c", &[0xff; 5000])]);
    let lines = search(dir.path(), &query(&["x", r"(?-u:\xff)"])).next(9);
    let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(text[0], "ä".repeat(MAX_LINE_BYTES / 2));
    assert_eq!(lines[0].column as usize, MAX_LINE_BYTES * 2 + 1);
    assert_eq!(text[1], format!("x{}", "ä".repeat(MAX_LINE_BYTES / 2 - 1)));
    assert_eq!(text[2], "\u{fffd}".repeat(MAX_LINE_BYTES / 3));
}

#[test]
fn line_ends_and_invalid_bytes() {
    check(&[("a", b"x\r\nx\xff\r\n\rx\r")], &query(&["x"]), &["a:1:1:[0]:x", "a:2:1:[0]:x\u{fffd}", "a:3:2:[0]:\rx"]);
}

#[test]
fn the_memory_of_an_answer_is_bounded() {
    let line = format!("x{}\n", "y".repeat(MAX_LINE_BYTES));
    let file = line.repeat(2 * MAX_FILE_HIT_BYTES / line.len());
    let names: Vec<String> = (0..10).map(|at| format!("f{at}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), file.as_bytes())).collect();
    let dir = folder(&files);
    let unlimited = Query { max_hits: u32::MAX, max_hits_per_file: u32::MAX, ..query(&["x"]) };
    let mut hits = search(dir.path(), &unlimited);
    let lines = hits.next(usize::MAX);
    let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
    assert!(bytes > MAX_HIT_BYTES / 2 && bytes <= MAX_HIT_BYTES, "{bytes}");
    assert!(hits.stats().truncated);
    assert_eq!(hits.stats().hits, 10 * file.lines().count() as u64);
    let mut last = lines.iter().map(|line| line.path.as_str()).collect::<Vec<_>>();
    last.dedup();
    assert_eq!(last, names[..last.len()], "the first files, without a gap");
}

#[test]
fn what_cannot_be_searched_is_reported_and_the_list_is_bounded() {
    let dir = folder(&[("fine", b"x\n")]);
    let endless = fs::File::create(dir.path().join("long")).expect("a file");
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..=MAX_LINE_BUFFER >> 20 {
        std::io::Write::write_all(&mut &endless, &chunk).expect("written");
    }
    let mut hits = search(dir.path(), &query(&["x"]));
    assert_eq!(render(&mut hits), "fine:1:1:[0]:x\n");
    let [error] = &hits.stats().errors[..] else { panic!("{:?}", hits.stats().errors) };
    assert!(error.starts_with("long: "), "{error}");
    let collector = collect::Collector::new(&query(&["x"]));
    (0..MAX_ERRORS + 5).for_each(|at| collector.add_error(format!("{at:03}")));
    let errors = &collector.finish().stats().errors.clone();
    assert_eq!((errors.len(), errors.last().map(String::as_str)), (MAX_ERRORS + 1, Some("and 5 more")));
}

#[test]
fn a_search_stops_soon_after_it_was_cancelled() {
    let names: Vec<String> = (0..2000).map(|at| format!("d{}/f{at}", at % 10)).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let dir = folder(&files);
    let asked = AtomicUsize::new(0);
    let result = grep(dir.path(), &query(&["x"]), &|| asked.fetch_add(1, Ordering::Relaxed) >= 20);
    assert!(matches!(result, Err(SearchError::Cancelled)), "{result:?}");
    assert!(asked.into_inner() < 200);
    assert!(matches!(grep(dir.path(), &query(&["x"]), &|| true), Err(SearchError::Cancelled)));
}

#[test]
fn a_long_file_is_left_when_the_search_is_cancelled() {
    let dir = folder(&[("a", &b"y\n".repeat(8 << 20))]);
    let asked = AtomicUsize::new(0);
    let result = grep(dir.path(), &query(&["x"]), &|| asked.fetch_add(1, Ordering::Relaxed) >= 5);
    assert!(matches!(result, Err(SearchError::Cancelled)), "{result:?}");
    assert!(asked.into_inner() < 50);
}

#[test]
fn what_was_turned_away_for_its_size_leaves_no_gap() {
    let query = query(&["x"]);
    let patterns = matcher::Patterns::new(&query).expect("a pattern");
    let collector = collect::Collector::new(&query);
    let add = |path: &str, bytes: usize| {
        let mut sink = sink::FileSink::new(&patterns, &query, true);
        (sink.hits, sink.kept) = (1, 1);
        sink.lines.push_hit(1, 1, lines::PatternBits::default(), b"x");
        for _ in 0..bytes / MAX_LINE_BYTES {
            sink.lines.push_context(2, &[b'y'; MAX_LINE_BYTES]);
        }
        collector.add(Path::new(path), sink);
    };
    for path in ["c", "b", "d"] {
        add(path, MAX_HIT_BYTES * 2 / 5);
    }
    assert!(!collector.wants(Path::new("cc")) && collector.wants(Path::new("bb")));
    add("cc", 1);
    add("bb", 1);
    let mut paths: Vec<_> = collector.finish().next(usize::MAX).into_iter().map(|line| line.path).collect();
    paths.dedup();
    assert_eq!(paths, ["b", "bb", "c"]);
}
