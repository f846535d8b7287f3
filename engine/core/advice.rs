//! Which work suits the background and which somebody should watch: lists of the configuration, held against
//! a command line or a text in words.

mod words;

use words::{follows, is_said, parts};

/// Where work is better done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whereabouts {
    /// It takes a while and needs nobody.
    Background,
    /// Somebody should see how it goes.
    Foreground,
}

impl Whereabouts {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Foreground => "foreground",
        }
    }
}

/// `[advice.background.NAME]` or `[advice.foreground.NAME]`: work of one sort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkSort {
    /// What it is called, such as `tests`.
    pub name: String,
    /// Where it is better done.
    pub place: Whereabouts,
    /// Why, in one line.
    pub why: String,
    /// Beginnings of command lines; `*` inside a word is any text.
    pub commands: Vec<String>,
    /// Words that a text has in this order.
    pub texts: Vec<String>,
    /// What to type after `hob dispatch`, with `{input}` for what was asked about.
    pub dispatch: Option<String>,
}

/// What the lists say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Every sort of work; what comes first counts before what comes later and fits as well.
    pub sorts: Vec<WorkSort>,
}

/// What was found, and whether by a command or by words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advised<'a> {
    /// The sort of work it is.
    pub sort: &'a WorkSort,
    /// It was known by a command line's beginning.
    pub is_command: bool,
}

impl Advice {
    /// What `input`, a command line or a text, is. A command that is known counts before words.
    pub fn of(&self, input: &str) -> Option<Advised<'_>> {
        self.of_command_line(input).or_else(|| self.of_text(input))
    }

    /// What a command line for a shell is. Of several commands in it, one that should be watched counts first.
    pub fn of_command_line(&self, line: &str) -> Option<Advised<'_>> {
        parts(line).iter().filter_map(|words| self.of_words(words)).max_by_key(|sort| sort.place).map(command)
    }

    /// What a program with exactly these arguments is.
    pub fn of_arguments(&self, argv: &[String]) -> Option<Advised<'_>> {
        if let Some(line) = words::line_of_a_shell(argv) {
            return self.of_command_line(line);
        }
        self.of_words(words::without_wrappers(argv)).map(command)
    }

    fn of_words(&self, words: &[String]) -> Option<&WorkSort> {
        self.best(|sort| &sort.commands, |pattern| follows(pattern, words))
    }

    fn of_text(&self, text: &str) -> Option<Advised<'_>> {
        let said = words::of_text(text);
        let sort = self.best(|sort| &sort.texts, |pattern| is_said(pattern, &said))?;
        Some(Advised { sort, is_command: false })
    }

    /// The one with the longest pattern that fits; of equally long ones the first.
    fn best<'a>(
        &'a self,
        patterns: impl Fn(&'a WorkSort) -> &'a Vec<String>,
        fits: impl Fn(&[&str]) -> bool,
    ) -> Option<&'a WorkSort> {
        let length = |pattern: &String| {
            let pattern: Vec<&str> = pattern.split_whitespace().collect();
            (!pattern.is_empty() && fits(&pattern)).then_some(pattern.len())
        };
        let longest = |sort: &'a WorkSort| patterns(sort).iter().filter_map(length).max();
        let fitting = self.sorts.iter().rev().filter_map(|sort| Some((longest(sort)?, sort)));
        fitting.max_by_key(|(length, _)| *length).map(|(_, sort)| sort)
    }
}

fn command(sort: &WorkSort) -> Advised<'_> {
    Advised { sort, is_command: true }
}

#[cfg(test)]
mod tests;
