//! The shortcut to the lines with hits: it finds what the expressions find line by line, no more, no less.

use super::*;
use regex_automata::meta::Regex;

/// What the expressions find, one line at a time.
fn expected(files: &[(String, Vec<u8>)], patterns: &[&str]) -> String {
    let build = |pattern: &&str| {
        let syntax = regex_automata::util::syntax::Config::new().utf8(false).multi_line(true);
        Regex::builder().syntax(syntax).build(pattern).expect("a pattern")
    };
    let patterns: Vec<Regex> = patterns.iter().map(build).collect();
    let mut text = String::new();
    for (path, bytes) in files {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let found: Vec<(usize, usize)> =
                (0..).zip(&patterns).filter_map(|(index, regex)| Some((index, regex.find(line)?.start()))).collect();
            let Some(column) = found.iter().map(|(_, start)| start + 1).min() else { continue };
            let indices: Vec<usize> = found.iter().map(|(index, _)| *index).collect();
            let _ = writeln!(text, "{path}:{}:{column}:{indices:?}:{}", at + 1, String::from_utf8_lossy(line));
        }
    }
    text
}

/// Files of words: with few hits and with very many, in ASCII and beyond it, and of every size at
/// which something changes.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut seed: u32 = 7;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    let plain = ["let", "compute_1", "compute_127", "Größe", "x", "todo", "TODO", "fn", "(", "\u{fffd}", "-", "naïve"];
    let mut files = Vec::new();
    for (at, size) in [10, 500, 5_000, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 200_000].into_iter().enumerate() {
        for (kind, words, rare) in [("ascii", 3, 1), ("dense", 8, 2), ("wide", plain.len(), 3), ("sparse", 3, 400)] {
            let mut bytes = Vec::new();
            while bytes.len() < size {
                let word = if random(rare) == 0 { plain[random(words)] } else { "of" };
                let is_ascii = word.is_ascii() || kind == "wide";
                bytes.extend_from_slice(if is_ascii { word.as_bytes() } else { b"y" });
                bytes.push(if random(6) == 0 { b'\n' } else { b' ' });
            }
            bytes.truncate(size);
            files.push((format!("{at}-{kind}"), bytes));
        }
    }
    files.sort();
    files
}

#[test]
fn the_lines_are_those_that_the_expressions_find() {
    let files = files();
    let contents: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), &bytes[..])).collect();
    let dir = folder(&contents);
    let cases: &[&[&str]] = &[
        &["compute_12[0-9]*7\\b", "TODO"],
        &["compute_[0-9]*\\b"],
        &["\\btodo\\b", "\\bTODO\\b"],
        &["Größe\\b", "na.ve"],
        &["(?i)todo of", "let (?:x|fn) of"],
        &["of$", "^let"],
        &["\\s{3}", "x(?: )fn"],
        &["Gr\\W?öße|(?-u:\\xc3)of"],
        &["nothing like it"],
    ];
    for patterns in cases {
        let limits = Query { max_hits: u32::MAX, max_hits_per_file: u32::MAX, ..query(patterns) };
        let mut hits = search(dir.path(), &limits);
        let (found, expect) = (render(&mut hits), expected(&files, patterns));
        let differs = found.lines().zip(expect.lines()).find(|(found, expect)| found != expect);
        assert_eq!(differs, None, "{patterns:?}");
        assert_eq!(found.lines().count(), expect.lines().count(), "{patterns:?}");
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        assert_eq!(hits.stats().bytes_searched, bytes as u64, "{patterns:?}");
    }
}

#[test]
fn what_is_needed_may_be_of_one_line_and_the_hit_of_the_next() {
    let files: &[(&str, &[u8])] = &[("a", b"foo\nbar foo bar\nfoo bar\nfoo\nbar")];
    check(files, &query(&["foo\\sbar\\b"]), &["a:2:5:[0]:bar foo bar", "a:3:1:[0]:foo bar"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_without_a_size_is_read_to_its_end() {
    // It comes in pieces of a page.
    let path = Path::new("/proc/self/maps");
    assert!(fs::read(path).expect("read").len() > 4096 && fs::metadata(path).expect("a size").len() == 0);
    assert_eq!(search(path, &query(&["\\[stack\\]$", "\\[heap\\]$"])).next(9).len(), 2);
}
