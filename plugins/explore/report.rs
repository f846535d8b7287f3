use crate::summary;
use hob_plugin::search::{Line, LineKind};
use std::{fmt::Write as _, iter};

/// Writes what was found for a person: grouped by file, with line numbers.
pub struct Report {
    /// Short forms of the patterns; empty where there is only one, which needs no naming.
    names: Vec<String>,
    has_context: bool,
}

/// Characters of a pattern beside a hit: enough to tell a handful apart.
const NAME: usize = 24;

impl Report {
    pub fn new(patterns: &[String], has_context: bool) -> Self {
        let names = if patterns.len() > 1 { patterns.iter().map(|p| shorten(p)).collect() } else { Vec::new() };
        Self { names, has_context }
    }

    /// A file with its lines.
    pub fn lines(&self, group: &[Line], to: &mut String) {
        let Some((first, last)) = group.first().zip(group.last()) else { return };
        let hits = group.iter().filter(|line| matches!(line.kind, LineKind::Hit)).count();
        let width = last.number.to_string().len().max(4);
        // Writing to a String cannot fail.
        let _ = writeln!(to, "{} ({})", first.path, summary::hits(hits as u64));
        let mut previous = None;
        for line in group {
            if self.has_context && previous.is_some_and(|number| line.number > number + 1) {
                let _ = writeln!(to, "{:>width$}", "--");
            }
            previous = Some(line.number);
            // Piece by piece: of very many lines most of the time would go into formatting.
            number(line.number, width, to);
            match line.kind {
                LineKind::Hit => to.push_str(": "),
                LineKind::Context => to.push_str("- "),
            }
            to.push_str(line.text.trim_end());
            if matches!(line.kind, LineKind::Hit) {
                self.found(line, to);
            }
            to.push('\n');
        }
        to.push('\n');
    }

    /// Only a file's name and how many hits it has.
    pub fn file(&self, group: &[Line], to: &mut String) {
        for line in group {
            let _ = write!(to, "{} ({})", line.path, summary::hits(u64::from(line.number)));
            self.found(line, to);
            to.push('\n');
        }
    }

    /// Which patterns are in the line, where there are several.
    fn found(&self, line: &Line, to: &mut String) {
        let names = line.patterns.iter().filter_map(|index| self.names.get(usize::try_from(*index).ok()?));
        for (at, name) in names.enumerate() {
            to.push_str(if at == 0 { "   ← " } else { ", " });
            to.push_str(name);
        }
    }
}

/// Writes a number, right-aligned.
fn number(number: u32, width: usize, to: &mut String) {
    let digits = 1 + number.checked_ilog10().unwrap_or_default() as usize;
    to.extend(iter::repeat_n(' ', width.saturating_sub(digits)));
    let _ = write!(to, "{number}");
}

fn shorten(pattern: &str) -> String {
    let short: String = pattern.chars().take(NAME).collect();
    if short.len() < pattern.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::tests::{context, hit};

    #[track_caller]
    fn check(patterns: &[&str], has_context: bool, group: &[Line], expect: &str) {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        let mut text = String::new();
        Report::new(&patterns, has_context).lines(group, &mut text);
        assert_eq!(text, expect);
    }

    #[test]
    fn one_pattern_is_not_named() {
        check(&["fn"], false, &[hit("a.rs", 7, &[0], "fn main() {")], "a.rs (1 hit)\n   7: fn main() {\n\n");
    }

    #[test]
    fn several_patterns_are_named() {
        let long = "a_pattern_that_is_far_too_long_to_show";
        let group = [hit("a.rs", 7, &[0, 1], "fn main() {"), hit("a.rs", 12_345, &[1], "}\r")];
        let expect = "a.rs (2 hits)\n    7: fn main() {   ← fn, a_pattern_that_is_far_to…\n\
                      12345: }   ← a_pattern_that_is_far_to…\n\n";
        check(&["fn", long], false, &group, expect);
    }

    #[test]
    fn context_has_its_own_mark_and_gaps_are_shown() {
        let group = [context("a", 1, "x"), hit("a", 2, &[0], "y"), hit("a", 9, &[0], "z")];
        check(&["fn"], true, &group, "a (2 hits)\n   1- x\n   2: y\n  --\n   9: z\n\n");
    }

    #[test]
    fn numbers_stand_in_line() {
        let group =
            [hit("a", 0, &[], "o"), hit("a", 9, &[], "x"), hit("a", 10, &[], "y"), hit("a", 4_294_967_295, &[], "z")];
        let expect = "a (4 hits)\n         0: o\n         9: x\n        10: y\n4294967295: z\n\n";
        check(&["fn"], false, &group, expect);
    }

    #[test]
    fn files_only() {
        let mut text = String::new();
        Report::new(&["a".to_owned()], false).file(&[hit("src/a.rs", 1200, &[0], "")], &mut text);
        assert_eq!(text, "src/a.rs (1,200 hits)\n");
    }
}
