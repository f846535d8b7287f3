//! Walks a parsed file key by key. Whatever is wrong is remembered with its place, and reading goes
//! on, so that one look finds every problem.

use crate::{error::Problem, nearest, show::Origin, source::Source};
use std::{borrow::Cow, cell::RefCell, fmt::Display, ops::Range, ops::RangeInclusive};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// So many problems are remembered of a file; whoever has more has another kind of file.
const MOST_PROBLEMS: usize = 50;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// What all cursors into one file share.
pub(crate) struct Reader<'s> {
    pub(crate) source: &'s Source,
    problems: RefCell<Vec<Problem>>,
    /// The keys that were looked for and are not there; a test reads them.
    missing: RefCell<Vec<String>>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self { source, problems: RefCell::default(), missing: RefCell::default() }
    }

    /// Remembers a problem, as long as that can still help anybody.
    pub(crate) fn report(&self, span: Range<usize>, key: Option<&str>, message: impl Display, hint: Option<String>) {
        if !self.is_full() {
            let problem = self.source.problem(span, key, &message.to_string());
            self.problems.borrow_mut().push(Problem { hint, ..problem });
        }
    }

    fn is_full(&self) -> bool {
        self.problems.borrow().len() >= MOST_PROBLEMS
    }

    /// The problems in the order of their places.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.take();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    #[cfg(test)]
    pub(crate) fn missing(&self) -> Vec<String> {
        self.missing.take()
    }
}

/// One value.
pub(crate) struct Node<'a> {
    pub(crate) reader: &'a Reader<'a>,
    /// Where it is, such as `executors.explore.grant`.
    pub(crate) key: String,
    value: &'a DeValue<'a>,
    span: Range<usize>,
    /// Where its key stands; for an element of a list, where it stands itself.
    name: Range<usize>,
}

impl<'a> Node<'a> {
    /// Remembers that something is wrong with it.
    pub(crate) fn wrong(&self, message: impl Display) {
        self.reader.report(self.span.clone(), Some(&self.key), message, None);
    }

    /// The same, with what to write instead.
    pub(crate) fn wrong_hint(&self, message: impl Display, hint: impl Display) {
        self.reader.report(self.span.clone(), Some(&self.key), message, Some(hint.to_string()));
    }

    /// Remembers that something is wrong with its name.
    pub(crate) fn wrong_name(&self, message: impl Display, hint: impl Display) {
        self.reader.report(self.name.clone(), Some(&self.key), message, Some(hint.to_string()));
    }

    pub(crate) fn at<T>(&self, value: T) -> At<T> {
        At { value, origin: self.reader.source.origin(self.span.start) }
    }

    /// Remembers that it is of another type than was `expected`.
    pub(crate) fn mistyped(&self, expected: impl Display) {
        self.wrong(format!("expected {expected}, found {}", self.found()));
    }

    fn found(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("the text {:?}", hob_core::sanitize_line(text, 40)),
            DeValue::Integer(number) => format!("the number {}", hob_core::sanitize_line(number.as_str(), 40)),
            DeValue::Float(number) => format!("the number {}", hob_core::sanitize_line(number.as_str(), 40)),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        self.value.as_bool()
    }

    /// Text.
    pub(crate) fn text(&self, expected: impl Display) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.mistyped(expected);
        }
        text
    }

    /// Text that `parse` understands.
    pub(crate) fn parsed<T, E: Display>(
        &self,
        expected: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<At<T>> {
        match parse(self.text(expected)?) {
            Ok(value) => Some(self.at(value)),
            Err(error) => {
                self.wrong(error);
                None
            }
        }
    }

    /// Text that `parse` understands, or `none`.
    pub(crate) fn parsed_or_none<T, E: Display>(
        &self,
        expected: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<At<Option<T>>> {
        self.parsed(expected, |text| if text == "none" { Ok(None) } else { parse(text).map(Some) })
    }

    pub(crate) fn boolean(&self) -> Option<At<bool>> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.mistyped("true or false");
        }
        value.map(|value| self.at(value))
    }

    /// A whole number within `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Option<At<u64>> {
        let parsed = self.whole().and_then(|number| u64::try_from(number).ok());
        let fitting = parsed.filter(|number| range.contains(number));
        if fitting.is_none() {
            self.mistyped(format!("a whole number from {} to {}", range.start(), range.end()));
        }
        fitting.map(|number| self.at(number))
    }

    /// A whole number.
    pub(crate) fn whole(&self) -> Option<i64> {
        let DeValue::Integer(number) = self.value else { return None };
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    /// The elements of a list.
    pub(crate) fn list(&self, expected: impl Display) -> Option<Vec<Self>> {
        let DeValue::Array(values) = self.value else {
            self.mistyped(expected);
            return None;
        };
        let element = |(index, value): (usize, &'a Spanned<DeValue<'a>>)| Self {
            reader: self.reader,
            key: format!("{}[{index}]", self.key),
            value: value.get_ref(),
            span: value.span(),
            name: value.span(),
        };
        Some(values.iter().enumerate().map(element).collect())
    }

    /// Calls `see` with every text in it, however deep.
    pub(crate) fn each_text(&self, see: &mut dyn FnMut(&Self, &'a str)) {
        match self.value {
            DeValue::String(text) => see(self, text),
            DeValue::Array(_) => self.list("a list").iter().flatten().for_each(|element| element.each_text(see)),
            DeValue::Table(_) => {
                self.table("a table").iter().flat_map(Table::entries).for_each(|(_, node)| node.each_text(see));
            }
            _ => {}
        }
    }

    /// A table.
    pub(crate) fn table(&self, expected: &str) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value else {
            self.mistyped(expected);
            return None;
        };
        Some(Table::new(self.reader, self.key.clone(), entries, self.span.clone()))
    }

    /// The value as JSON, for a component that has its own notion of it.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        use serde_json::Value;
        Some(match self.value {
            DeValue::String(text) => Value::from(text.as_ref()),
            DeValue::Boolean(value) => Value::from(*value),
            DeValue::Datetime(date) => Value::from(date.to_string()),
            DeValue::Integer(_) => {
                let number = self.whole();
                if number.is_none() {
                    self.wrong("this number does not fit into 64 bits");
                }
                Value::from(number?)
            }
            DeValue::Float(number) => {
                let parsed = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
                if parsed.is_none() {
                    self.wrong("a component cannot be given a number that is not finite");
                }
                Value::Number(parsed?)
            }
            DeValue::Array(_) => Value::Array(self.list("a list")?.iter().map(Self::json).collect::<Option<Vec<_>>>()?),
            DeValue::Table(_) => {
                let entries = self.table("a table")?.entries();
                let json = |(name, node): (&str, Self)| Some((name.to_owned(), node.json()?));
                Value::Object(entries.map(json).collect::<Option<_>>()?)
            }
        })
    }
}

/// The key of `name` within the table `key`.
pub(crate) fn path(key: &str, name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let name = if bare { Cow::Borrowed(name) } else { Cow::Owned(format!("{name:?}")) };
    // Each value has one, and formatting it would be a tenth of reading a file.
    if key.is_empty() { name.into_owned() } else { [key, ".", &*name].concat() }
}

/// A table whose keys are read by name; [`Table::close`] refuses those that nobody asked for.
pub(crate) struct Table<'a> {
    reader: &'a Reader<'a>,
    key: String,
    entries: &'a DeTable<'a>,
    span: Range<usize>,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(reader: &'a Reader<'a>, key: String, entries: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { reader, key, entries, span, known: RefCell::default() }
    }

    fn path(&self, name: &str) -> String {
        path(&self.key, name)
    }

    /// The value of `name`, if it is there.
    pub(crate) fn get(&self, name: &'static str) -> Option<Node<'a>> {
        self.known.borrow_mut().push(name);
        let found = self.entries.get_key_value(name);
        if found.is_none() && cfg!(test) {
            self.reader.missing.borrow_mut().push(self.path(name));
        }
        found.map(|(key, value)| node(self.reader, &self.key, key, value))
    }

    /// The value of `name`, without which the table means nothing.
    pub(crate) fn require(&self, name: &'static str, example: &str) -> Option<Node<'a>> {
        let node = self.get(name);
        if node.is_none() {
            self.wrong(format!("`{name}` is missing"), format!("such as {name} = {example}"));
        }
        node
    }

    /// Every entry, for a table whose keys are names that the person chose.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let (reader, table) = (self.reader, self.key.clone());
        self.entries.iter().map(move |(key, value)| (key.get_ref().as_ref(), node(reader, &table, key, value)))
    }

    /// Every entry in the order of the file.
    pub(crate) fn entries_in_order(&self) -> Vec<(&'a str, Node<'a>)> {
        let mut entries: Vec<_> = self.entries().collect();
        entries.sort_by_key(|(_, node)| node.name.start);
        entries
    }

    /// Remembers that something is wrong with the table as a whole.
    pub(crate) fn wrong(&self, message: impl Display, hint: impl Display) {
        let key = Some(self.key.as_str()).filter(|key| !key.is_empty());
        self.reader.report(self.span.clone(), key, message, Some(hint.to_string()));
    }

    /// Refuses the keys that nobody asked for.
    pub(crate) fn close(self) {
        let known = self.known.borrow();
        for (name, _) in self.entries {
            if self.reader.is_full() {
                return;
            }
            let unknown = name.get_ref().as_ref();
            if known.contains(&unknown) {
                continue;
            }
            let hint = match nearest(unknown, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.reader.report(name.span(), Some(&self.path(unknown)), "unknown key", Some(hint));
        }
    }
}

fn node<'a>(
    reader: &'a Reader<'a>,
    table: &str,
    key: &'a Spanned<Cow<'a, str>>,
    value: &'a Spanned<DeValue<'a>>,
) -> Node<'a> {
    let (span, name) = (value.span(), key.span());
    Node { reader, key: path(table, key.get_ref()), value: value.get_ref(), span, name }
}
