//! The three keys of Claude's `~/.claude/settings.json` that mean something here.
//!
//! The file is another program's: whatever is wrong with it is a warning that names the place, and the key
//! is left out. Nothing of its text is ever quoted, because other keys of it hold tokens.

use crate::{
    error::Error,
    fingerprint::{self, Fingerprint},
    layer::{GeneralLayer, MOST_TASKS},
    reader::At,
    source::Source,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::path::Path;

/// Below the home folder.
const FILE: &str = ".claude/settings.json";
const NOTIFICATIONS: &str = "background_notifications";
const TASKS: &str = "sisyphus.max_background_tasks";
const EXECUTION: &str = "sisyphus.background_execution";

/// What was found.
pub(crate) struct Imported {
    pub(crate) layer: GeneralLayer,
    pub(crate) seen: Fingerprint,
    pub(crate) warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Root<'a> {
    #[serde(borrow)]
    background_notifications: Option<&'a RawValue>,
    #[serde(borrow)]
    sisyphus: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Sisyphus<'a> {
    #[serde(borrow)]
    max_background_tasks: Option<&'a RawValue>,
    #[serde(borrow)]
    background_execution: Option<&'a RawValue>,
}

/// Reads the file below `home`; one that is not there says nothing.
pub(crate) fn read(home: &Path) -> Imported {
    let path = home.join(FILE);
    match fingerprint::read(&path) {
        Ok((source, seen)) => {
            let (layer, warnings) = source.map(|source| Reading::of(&source).take()).unwrap_or_default();
            Imported { layer, seen, warnings }
        }
        Err(error) => {
            let why = match &error {
                Error::Invalid { first, .. } => format!("{}:{}: {}", path.display(), first.line, first.message),
                other => other.to_string(),
            };
            let warnings = vec![hob_core::sanitize(&format!("{why}; no settings are taken from it")).into_owned()];
            Imported { layer: GeneralLayer::default(), seen: Fingerprint::of(&path), warnings }
        }
    }
}

struct Reading<'s> {
    source: &'s Source,
    layer: GeneralLayer,
    warnings: Vec<String>,
}

impl<'s> Reading<'s> {
    fn of(source: &'s Source) -> Self {
        let mut reading = Self { source, layer: GeneralLayer::default(), warnings: Vec::new() };
        // A byte order mark is no part of JSON, but of what some editors write.
        let text = source.text();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match serde_json::from_str::<Root<'_>>(text) {
            // A list would be read as the values of the keys in their order.
            Ok(root) if text.trim_start().starts_with('{') => reading.read_root(&root),
            Ok(_) => reading.warn(1, None, "this is no object of settings; no settings are taken from it"),
            Err(error) => {
                let what = if error.is_data() { "this is no object of settings" } else { "this is no JSON" };
                let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
                reading.warn(line, None, &format!("{what}; no settings are taken from it"));
            }
        }
        reading
    }

    fn take(self) -> (GeneralLayer, Vec<String>) {
        (self.layer, self.warnings)
    }

    fn read_root(&mut self, root: &Root<'s>) {
        self.layer.notifications = self.value(NOTIFICATIONS, root.background_notifications, "true or false");
        let Some(table) = root.sisyphus else { return };
        let Some(table) =
            serde_json::from_str::<Sisyphus<'s>>(table.get()).ok().filter(|_| table.get().starts_with('{'))
        else {
            self.leave_out("sisyphus", table, "an object of settings");
            return;
        };
        self.layer.background_execution = self.value(EXECUTION, table.background_execution, "true or false");
        let expected = format!("a whole number from 1 to {MOST_TASKS}");
        let tasks = self.value::<u32>(TASKS, table.max_background_tasks, &expected);
        if let (Some(At { value, .. }), Some(raw)) = (&tasks, table.max_background_tasks)
            && !(1..=MOST_TASKS).contains(&u64::from(*value))
        {
            self.leave_out(TASKS, raw, &expected);
        } else {
            self.layer.max_background_tasks = tasks;
        }
    }

    fn value<T: Deserialize<'s>>(&mut self, key: &str, raw: Option<&'s RawValue>, expected: &str) -> Option<At<T>> {
        let raw = raw?;
        if let Ok(value) = serde_json::from_str(raw.get()) {
            return Some(At { value, origin: self.source.origin(self.offset(raw)) });
        }
        self.leave_out(key, raw, expected);
        None
    }

    fn leave_out(&mut self, key: &str, raw: &RawValue, expected: &str) {
        let line = self.source.line(self.offset(raw));
        self.warn(line, Some(key), &format!("expected {expected}; this setting is left out"));
    }

    /// Where in the file a value stands, which is a part of its text.
    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr().addr().saturating_sub(self.source.text().as_ptr().addr())
    }

    fn warn(&mut self, line: u32, key: Option<&str>, what: &str) {
        let key = key.map(|key| format!("{key}: ")).unwrap_or_default();
        let text = format!("{}:{line}: {key}{what}", self.source.path().unwrap_or(Path::new("")).display());
        self.warnings.push(hob_core::sanitize(&text).into_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is taken of a text, as `notifications, tasks, execution`, and what is warned of.
    fn taken(text: &str) -> (Option<bool>, Option<u32>, Option<bool>, Vec<String>) {
        let source = Source::new(Some(Path::new("s.json")), text.to_owned());
        let (layer, warnings) = Reading::of(&source).take();
        (
            layer.notifications.map(|at| at.value),
            layer.max_background_tasks.map(|at| at.value),
            layer.background_execution.map(|at| at.value),
            warnings,
        )
    }

    #[track_caller]
    fn check(text: &str, expect: (Option<bool>, Option<u32>, Option<bool>), warnings: &[&str]) {
        let (notifications, tasks, execution, found) = taken(text);
        assert_eq!((notifications, tasks, execution), expect, "{text}");
        assert_eq!(found, warnings, "{text}");
    }

    #[test]
    fn the_three_keys_and_nothing_else() {
        let all = r#"{ "model": "x", "background_notifications": false,
            "sisyphus": { "max_background_tasks": 10, "background_execution": false, "more": [] } }"#;
        check(all, (Some(false), Some(10), Some(false)), &[]);
        check("\u{feff}{ \"background_notifications\": true }", (Some(true), None, None), &[]);
        check("{ \"sisyphus\": null, \"background_notifications\": null }", (None, None, None), &[]);
        check("{}", (None, None, None), &[]);
    }

    #[test]
    fn what_is_wrong_is_left_out_with_its_place_and_without_its_text() {
        const NONE: (Option<bool>, Option<u32>, Option<bool>) = (None, None, None);
        let wrong = "{\n \"background_notifications\": \"sk-secret\",\n \"sisyphus\": {\n  \
            \"max_background_tasks\": 0, \"background_execution\": false\n } }";
        let warnings = [
            "s.json:2: background_notifications: expected true or false; this setting is left out",
            "s.json:4: sisyphus.max_background_tasks: expected a whole number from 1 to 256; this setting is left out",
        ];
        check(wrong, (None, None, Some(false)), &warnings);
        let table = ["s.json:1: sisyphus: expected an object of settings; this setting is left out"];
        check("{ \"sisyphus\": 5 }", NONE, &table);
        check("{ \"sisyphus\": [5, false] }", NONE, &table);
        check("{\n \"a\": 1,,", NONE, &["s.json:2: this is no JSON; no settings are taken from it"]);
        check("", NONE, &["s.json:1: this is no JSON; no settings are taken from it"]);
        check("[1, 2]", NONE, &["s.json:1: this is no object of settings; no settings are taken from it"]);
        for tasks in ["1.5", "-1", "99999999999", "\"10\"", "257"] {
            let (_, found, _, warnings) = taken(&format!("{{\"sisyphus\":{{\"max_background_tasks\":{tasks}}}}}"));
            assert_eq!((found, warnings.len()), (None, 1), "{tasks}");
        }
    }

    #[test]
    fn a_value_says_its_line() {
        let text = "{\n\n \"sisyphus\": {\n  \"max_background_tasks\":\n 7 } }";
        let source = Source::new(Some(Path::new("s.json")), text.to_owned());
        let (layer, _) = Reading::of(&source).take();
        assert_eq!(layer.max_background_tasks.expect("taken").origin.to_string(), "s.json:5");
    }
}
