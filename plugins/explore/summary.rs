use crate::params::Params;
use hob_plugin::search::Stats;

/// One to a few lines: how much was found, where most of it is, and how to see the rest.
///
/// `shown` is the number of hits that the report has, `busiest` the files with the most of them.
pub fn summary(task: &str, params: &Params, stats: &Stats, shown: u64, busiest: &[(u64, String)]) -> String {
    let patterns = &params.pattern;
    let searched = format!("{} searched", number(stats.files_searched));
    let mut lines = Vec::new();
    if stats.hits == 0 {
        let what = match patterns.as_slice() {
            [one] => format!("`{one}`"),
            several => format!("any of {} patterns", several.len()),
        };
        lines.push(format!("No hits for {what} ({} searched)", files(stats.files_searched)));
        if params.skips_files() {
            lines.push(
                "Hidden files and those that .gitignore or a glob leaves out were not searched \
                        (`--hidden`, `--no-ignore`)"
                    .to_owned(),
            );
        }
    } else {
        let count = format!("{} in {} ({searched})", hits(stats.hits), files(stats.files_with_hits));
        match patterns.as_slice() {
            [one] => lines.push(format!("`{one}`: {count}")),
            several => {
                lines.push(format!("{} patterns, {count}", several.len()));
                lines.push(format!("By pattern: {}", per_pattern(several, stats)));
            }
        }
        if stats.files_with_hits > 1 {
            let most: Vec<String> = busiest.iter().map(|(hits, path)| format!("{path} ({})", number(*hits))).collect();
            lines.push(format!("Most in: {}", most.join(", ")));
        }
        if stats.truncated {
            lines.push(format!(
                "Shown: the first {} of {}; `--max-hits` and `--max-hits-per-file` raise the limits",
                number(shown),
                number(stats.hits)
            ));
        }
        lines.push(format!("Every line: `hob output {task} --log`"));
    }
    if let Some(first) = stats.errors.first() {
        let more = stats.errors.len() - 1;
        let more = if more > 0 { format!(", and {} more", number(more as u64)) } else { String::new() };
        lines.push(format!("Not read: {first}{more}"));
    }
    lines.join("\n")
}

/// Patterns that the summary counts one by one.
const NAMED: usize = 12;

fn per_pattern(patterns: &[String], stats: &Stats) -> String {
    let counts = patterns.iter().zip(&stats.per_pattern).take(NAMED);
    let mut parts: Vec<String> = counts.map(|(pattern, hits)| format!("`{pattern}` {}", number(*hits))).collect();
    if patterns.len() > NAMED {
        parts.push(format!("and {} more", patterns.len() - NAMED));
    }
    parts.join(", ")
}

/// `1 hit`, `1,064 hits`.
pub fn hits(count: u64) -> String {
    counted(count, "hit")
}

/// `1 file`, `1,064 files`.
pub fn files(count: u64) -> String {
    counted(count, "file")
}

fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// With commas between thousands.
fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::tests::params;

    #[track_caller]
    fn check(params_json: &str, stats: &Stats, busiest: &[(u64, &str)], expect: &[&str]) {
        let busiest: Vec<(u64, String)> = busiest.iter().map(|(hits, path)| (*hits, (*path).to_owned())).collect();
        let text = summary("t1", &params(params_json), stats, 3, &busiest);
        assert_eq!(text.lines().collect::<Vec<_>>(), expect);
    }

    fn stats(hits: u64, files_with_hits: u64, per_pattern: &[u64]) -> Stats {
        Stats { hits, files_with_hits, files_searched: 1064, per_pattern: per_pattern.to_vec(), ..Stats::default() }
    }

    #[test]
    fn several_patterns() {
        check(
            r#"{"pattern":["foo","bar","baz"]}"#,
            &stats(42, 7, &[40, 2, 0]),
            &[(20, "a.rs"), (12, "b.rs")],
            &[
                "3 patterns, 42 hits in 7 files (1,064 searched)",
                "By pattern: `foo` 40, `bar` 2, `baz` 0",
                "Most in: a.rs (20), b.rs (12)",
                "Every line: `hob output t1 --log`",
            ],
        );
    }

    #[test]
    fn one_hit() {
        let expect = ["`foo`: 1 hit in 1 file (1,064 searched)", "Every line: `hob output t1 --log`"];
        check(r#"{"pattern":["foo"]}"#, &stats(1, 1, &[1]), &[(1, "a.rs")], &expect);
    }

    #[test]
    fn no_hits_is_said_with_what_was_not_searched() {
        let everything = r#"{"pattern":["foo"],"hidden":true,"no_ignore":true}"#;
        check(everything, &stats(0, 0, &[0]), &[], &["No hits for `foo` (1,064 files searched)"]);
        let text = summary("t1", &params(r#"{"pattern":["a","b"]}"#), &stats(0, 0, &[0, 0]), 0, &[]);
        assert!(text.starts_with("No hits for any of 2 patterns") && text.contains("--no-ignore"), "{text}");
    }

    #[test]
    fn a_cut_report_and_unread_files_are_said() {
        let stats = Stats {
            truncated: true,
            errors: vec!["x: permission denied".to_owned(), "y".to_owned()],
            ..stats(12_345, 1, &[12_345])
        };
        check(
            r#"{"pattern":["foo"]}"#,
            &stats,
            &[(3, "a.rs")],
            &[
                "`foo`: 12,345 hits in 1 file (1,064 searched)",
                "Shown: the first 3 of 12,345; `--max-hits` and `--max-hits-per-file` raise the limits",
                "Every line: `hob output t1 --log`",
                "Not read: x: permission denied, and 1 more",
            ],
        );
    }

    #[test]
    fn thousands() {
        let texts = [0, 999, 1000, 1_064, 1_000_000].map(number);
        assert_eq!(texts, ["0", "999", "1,000", "1,064", "1,000,000"]);
    }
}
