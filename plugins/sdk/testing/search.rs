//! Files and hits by the rules that the host has them.

use crate::bindings::hob::plugin::{
    files::File,
    search::{CaseMode, Line, LineKind, Query, SearchMode},
};
use ignore::{WalkBuilder, overrides::OverrideBuilder};
use regex::{Regex, RegexBuilder};
use serde_json::json;
use std::{fs, path::Path};

/// Files below `root`, by path.
pub fn files(root: &Path, globs: &[String], hidden: bool, no_ignore: bool) -> Result<Vec<File>, String> {
    if !root.exists() {
        return Err(format!("read {}: there is no such file or folder", root.display()));
    }
    let mut overrides = OverrideBuilder::new(root);
    for glob in globs {
        overrides.add(glob).map_err(|error| error.to_string())?;
    }
    let overrides = overrides.build().map_err(|error| error.to_string())?;
    let mut walk = WalkBuilder::new(root);
    walk.standard_filters(!no_ignore).hidden(!hidden).parents(false).git_global(false).overrides(overrides);
    walk.sort_by_file_path(Path::cmp);
    let entries = walk.build().filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|it| it.is_file()));
    Ok(entries
        .filter_map(|entry| {
            let bytes = fs::read(entry.path()).ok()?;
            let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            Some(File { path: entry.path().to_string_lossy().into_owned(), size, bytes })
        })
        .collect())
}

/// Lines below `root`, and what was counted.
pub fn grep(root: &Path, query: &Query) -> Result<(Vec<Line>, String), String> {
    let patterns: Vec<Regex> = query.patterns.iter().map(|text| pattern(text, query)).collect::<Result<_, _>>()?;
    let searched = files(root, &query.globs, query.hidden, query.no_ignore)?;
    let mut found = Found { per_pattern: vec![0; patterns.len()], ..Found::default() };
    for file in &searched {
        // What has a zero byte is no text.
        if !file.bytes.contains(&0) {
            let path = Path::new(&file.path);
            let name = path.strip_prefix(root).ok().filter(|name| !name.as_os_str().is_empty()).unwrap_or(path);
            found.file(&name.to_string_lossy(), &String::from_utf8_lossy(&file.bytes), &patterns, query);
        }
    }
    let bytes: usize = searched.iter().map(|file| file.bytes.len()).sum();
    let stats = json!({
        "files_searched": searched.len(), "files_with_hits": found.files, "hits": found.hits, "bytes_searched": bytes,
        "truncated": found.truncated, "per_pattern": found.per_pattern, "errors": [],
    });
    Ok((found.lines, stats.to_string()))
}

fn pattern(text: &str, query: &Query) -> Result<Regex, String> {
    let has_capital = text.chars().any(char::is_uppercase);
    let text = if query.literal { regex::escape(text) } else { text.to_owned() };
    let text = if query.whole_words { format!(r"\b(?:{text})\b") } else { text };
    let any_case = match query.case_sensitivity {
        CaseMode::Sensitive => false,
        CaseMode::Insensitive => true,
        CaseMode::Smart => !has_capital,
    };
    RegexBuilder::new(&text).case_insensitive(any_case).build().map_err(|error| error.to_string())
}

#[derive(Default)]
struct Found {
    lines: Vec<Line>,
    hits: u32,
    shown: u32,
    files: u32,
    per_pattern: Vec<u32>,
    truncated: bool,
}

impl Found {
    fn file(&mut self, path: &str, text: &str, patterns: &[Regex], query: &Query) {
        let texts: Vec<&str> = text.lines().collect();
        let (mut hits, mut shown, mut lines) = (0_u32, 0_u32, vec![None; texts.len()]);
        for (index, text) in texts.iter().enumerate() {
            let places: Vec<(u32, usize)> =
                (0_u32..).zip(patterns).filter_map(|(number, one)| Some((number, one.find(text)?.start()))).collect();
            let Some(column) = places.iter().map(|(_, at)| *at).min() else { continue };
            hits += 1;
            for (number, _) in &places {
                if let Some(count) = usize::try_from(*number).ok().and_then(|number| self.per_pattern.get_mut(number)) {
                    *count += 1;
                }
            }
            if shown >= query.max_hits_per_file || self.shown >= query.max_hits {
                self.truncated = true;
                continue;
            }
            (shown, self.shown) = (shown + 1, self.shown + 1);
            let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
            let from = index.saturating_sub(whole(query.context_before));
            let to = index.saturating_add(whole(query.context_after)).min(texts.len() - 1);
            for place in &mut lines[from..=to] {
                place.get_or_insert((0, Vec::new()));
            }
            let column = u32::try_from(column + 1).unwrap_or(u32::MAX);
            lines[index] = Some((column, places.into_iter().map(|(number, _)| number).collect()));
        }
        if hits == 0 {
            return;
        }
        self.hits += hits;
        self.files += 1;
        let line = |number, column, patterns: Vec<u32>, text: &str| Line {
            path: path.to_owned(),
            number,
            column,
            kind: if column == 0 { LineKind::Context } else { LineKind::Hit },
            patterns,
            text: text.to_owned(),
        };
        if query.mode == SearchMode::Files {
            let patterns = (0_u32..).zip(patterns).filter(|(_, one)| texts.iter().any(|text| one.is_match(text)));
            self.lines.push(line(hits, 1, patterns.map(|(number, _)| number).collect(), ""));
            return;
        }
        for ((number, place), text) in (1..).zip(lines).zip(texts) {
            self.lines.extend(place.map(|(column, patterns)| line(number, column, patterns, text)));
        }
    }
}
