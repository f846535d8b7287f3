use hob_plugin::{
    JsonSchema, schemars,
    search::{Line, LineKind, Stats},
};
use serde::Serialize;

/// The typed result, kept short: it is stored with the task and read by models.
#[derive(Serialize, JsonSchema)]
pub struct Data {
    /// Lines with a hit
    hits: u64,
    files_with_hits: u64,
    files_searched: u64,
    bytes_searched: u64,
    /// Whether a limit of hits was reached
    truncated: bool,
    patterns: Vec<Pattern>,
    /// Ordered by path
    files: Vec<File>,
    /// What the report has and this list, kept short, has not
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut>,
    /// Files and folders that could not be read
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Pattern {
    pattern: String,
    hits: u64,
}

/// What comes in, until it is the result.
pub struct Collector {
    files_only: bool,
    files: Vec<File>,
    /// Every file's count and where it stands in `files`, for the busiest.
    busiest: Vec<(u64, String)>,
    bytes: usize,
    hits: u64,
    file_count: u64,
    left_out: LeftOut,
}

#[derive(Serialize, JsonSchema)]
struct File {
    /// Relative to the folder that was searched
    path: String,
    hits: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<Entry>,
}

#[derive(Serialize, JsonSchema)]
struct Entry {
    /// From 1
    number: u32,
    /// From 1, in bytes; not there for context
    #[serde(skip_serializing_if = "is_zero")]
    column: u32,
    /// Places in the list of patterns, from 0; not there for context
    #[serde(skip_serializing_if = "Vec::is_empty")]
    patterns: Vec<u32>,
    text: String,
}

#[derive(Default, Serialize, JsonSchema)]
struct LeftOut {
    files: u64,
    lines: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(column: &u32) -> bool {
    *column == 0
}

/// Bytes of paths and texts: some ten thousand tokens of a model, a row that a database reads at once.
const BYTES: usize = 64 << 10;

/// Characters of one line: a line of minified code says no more in full.
const TEXT: usize = 300;

/// Bytes of JSON around one line or file.
const FRAME: usize = 48;

/// Files that the summary names.
const BUSIEST: usize = 3;

impl Collector {
    pub fn new(files_only: bool) -> Self {
        let (files, busiest, left_out) = (Vec::new(), Vec::new(), LeftOut::default());
        Self { files_only, files, busiest, bytes: 0, hits: 0, file_count: 0, left_out }
    }

    /// Lines with a hit so far.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Files so far.
    pub fn files(&self) -> u64 {
        self.file_count
    }

    /// The files with the most hits, most first.
    pub fn busiest(&self) -> Vec<(u64, String)> {
        self.busiest.clone()
    }

    /// Takes the lines of one file.
    pub fn add(&mut self, group: &[Line]) {
        let Some(first) = group.first() else { return };
        let is_hit = |line: &&Line| matches!(line.kind, LineKind::Hit);
        let lines = group.iter().filter(is_hit).count() as u64;
        let hits = if self.files_only { u64::from(first.number) } else { lines };
        self.hits += hits;
        self.file_count += 1;
        self.rank(hits, &first.path);

        let room = self.bytes < BYTES;
        if room {
            self.bytes += first.path.len() + FRAME;
            self.files.push(File { path: first.path.clone(), hits, lines: Vec::new() });
        } else {
            self.left_out.files += 1;
        }
        if self.files_only {
            return;
        }
        for line in group {
            match self.files.last_mut().filter(|_| room && self.bytes < BYTES) {
                Some(file) => {
                    let entry = entry(line);
                    self.bytes += entry.text.len() + FRAME;
                    file.lines.push(entry);
                }
                None => self.left_out.lines += u64::from(is_hit(&line)),
            }
        }
    }

    fn rank(&mut self, hits: u64, path: &str) {
        let place = self.busiest.partition_point(|(more, _)| *more >= hits);
        if place < BUSIEST {
            self.busiest.insert(place, (hits, path.to_owned()));
            self.busiest.truncate(BUSIEST);
        }
    }

    /// The result, of a search for these patterns.
    pub fn into_data(self, patterns: &[String], stats: Stats) -> Data {
        let count = |index: usize| stats.per_pattern.get(index).copied().unwrap_or(0);
        let pattern = |(index, pattern): (usize, &String)| Pattern { pattern: pattern.clone(), hits: count(index) };
        Data {
            hits: stats.hits,
            files_with_hits: stats.files_with_hits,
            files_searched: stats.files_searched,
            bytes_searched: stats.bytes_searched,
            truncated: stats.truncated,
            patterns: patterns.iter().enumerate().map(pattern).collect(),
            files: self.files,
            left_out: (self.left_out.files + self.left_out.lines > 0).then_some(self.left_out),
            errors: stats.errors,
        }
    }
}

fn entry(line: &Line) -> Entry {
    let mut text: String = line.text.trim_end().chars().take(TEXT).collect();
    if text.len() < line.text.trim_end().len() {
        text.push('…');
    }
    Entry { number: line.number, column: line.column, patterns: line.patterns.clone(), text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::tests::{context, hit};
    use serde_json::{Value, json};

    fn json_of(data: Collector) -> Value {
        let stats = Stats { hits: 3, files_with_hits: 2, files_searched: 9, per_pattern: vec![3], ..Stats::default() };
        serde_json::to_value(data.into_data(&["x".to_owned()], stats)).expect("JSON")
    }

    #[test]
    fn grouped_by_file() {
        let mut data = Collector::new(false);
        data.add(&[context("a", 1, "before"), hit("a", 2, &[0], "x"), hit("a", 3, &[0], "x x")]);
        data.add(&[hit("b", 1, &[0], "x")]);
        assert_eq!((data.hits(), data.files()), (3, 2));
        assert_eq!(data.busiest(), [(2, "a".to_owned()), (1, "b".to_owned())]);
        let expect = json!([
            { "path": "a", "hits": 2, "lines": [
                { "number": 1, "text": "before" },
                { "number": 2, "column": 1, "patterns": [0], "text": "x" },
                { "number": 3, "column": 1, "patterns": [0], "text": "x x" },
            ]},
            { "path": "b", "hits": 1, "lines": [{ "number": 1, "column": 1, "patterns": [0], "text": "x" }] },
        ]);
        let json = json_of(data);
        assert_eq!(json["files"], expect);
        assert_eq!(json["patterns"], json!([{ "pattern": "x", "hits": 3 }]));
        assert_eq!(json.get("left_out"), None);
    }

    #[test]
    fn files_only_count_and_have_no_lines() {
        let mut data = Collector::new(true);
        data.add(&[hit("a", 12, &[0], "")]);
        assert_eq!(data.hits(), 12);
        assert_eq!(json_of(data)["files"], json!([{ "path": "a", "hits": 12 }]));
    }

    #[test]
    fn a_huge_result_is_cut_and_says_so() {
        let mut data = Collector::new(false);
        for file in 0..100 {
            let path = format!("f{file:03}");
            let lines: Vec<Line> = (1..=100).map(|n| hit(&path, n, &[0], &"é".repeat(1000))).collect();
            data.add(&lines);
        }
        assert_eq!(data.hits(), 10_000);
        let json = json_of(data);
        let shown: usize =
            json["files"].as_array().expect("files").iter().map(|f| f["lines"].as_array().map_or(0, Vec::len)).sum();
        assert_eq!(json["left_out"]["lines"], 10_000 - shown);
        assert_eq!(json["left_out"]["files"], 100 - json["files"].as_array().expect("files").len());
        assert!(json.to_string().len() < 2 * BYTES);
    }
}
