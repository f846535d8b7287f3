//! What is known of the pages of a source before they are read: which to read next.

use crate::{index::Entry, question::Question, rank, rank::Fields, words::Words};
use std::collections::{
    HashMap, HashSet,
    hash_map::Entry::{Occupied, Vacant},
};
use url::Url;

/// The pages of one source.
#[derive(Default)]
pub struct Shelf {
    entries: Vec<Entry>,
    /// Places in `entries`, by address and title.
    known: HashMap<String, usize>,
    read: HashSet<String>,
    /// Pages by score, the best last; made anew when entries were added.
    order: Vec<(f32, Url)>,
    is_ordered: bool,
    best: f32,
    /// How many pages may still be read that do not look relevant.
    blind: usize,
}

/// A page that scores less than this share of the best one is not worth a request.
const WORTH: f32 = 0.05;

impl Shelf {
    /// A shelf of which so many pages may be read that do not look relevant, once no other is left.
    pub fn of(blind: usize) -> Self {
        Self { blind, ..Self::default() }
    }

    pub fn add(&mut self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            match self.known.entry(format!("{} {}", entry.address, entry.title)) {
                Occupied(known) => {
                    let known = &mut self.entries[*known.get()];
                    if known.text.is_empty() && !entry.text.is_empty() {
                        known.text = entry.text;
                        self.is_ordered = false;
                    }
                }
                Vacant(place) => {
                    place.insert(self.entries.len());
                    self.entries.push(entry);
                    self.is_ordered = false;
                }
            }
        }
    }

    /// Marks a page as read.
    pub fn mark(&mut self, address: &Url) {
        self.read.insert(page_of(address).to_string());
    }

    /// How many pages are known.
    pub fn pages(&self) -> usize {
        self.entries.iter().map(|entry| page_of(&entry.address)).collect::<HashSet<_>>().len()
    }

    /// The next page to read.
    pub fn next(&mut self, question: &Question, words: &Words) -> Option<Url> {
        if !self.is_ordered {
            self.sort(question, words);
        }
        while let Some((score, address)) = self.order.pop() {
            if score >= WORTH * self.best && self.read.insert(address.to_string()) {
                return Some(address);
            }
        }
        self.blind = self.blind.checked_sub(1)?;
        let unread = self.entries.iter().map(|entry| page_of(&entry.address));
        let next = unread.into_iter().find(|address| !self.read.contains(address.as_str()))?;
        self.read.insert(next.to_string());
        Some(next)
    }

    fn sort(&mut self, question: &Question, words: &Words) {
        let mut numbers: HashMap<Url, usize> = HashMap::new();
        let mut number_of = |address: &Url| {
            let next = numbers.len();
            *numbers.entry(page_of(address)).or_insert(next)
        };
        let fields: Vec<Fields> = self
            .entries
            .iter()
            .map(|entry| {
                let place = format!("{} {}", entry.address.path(), entry.address.fragment().unwrap_or_default());
                let joined = |text: &str| words.joined(text);
                Fields {
                    head: joined(&entry.title),
                    above: joined(&place),
                    body: vec![joined(&entry.text)],
                    page: number_of(&entry.address),
                }
            })
            .collect();
        let mut pages: HashMap<Url, f32> = HashMap::new();
        for (index, score) in rank::rank(question, &fields) {
            let best = pages.entry(page_of(&self.entries[index].address)).or_default();
            // Its best section counts, and a little that there are others.
            *best = if *best == 0.0 { score } else { *best + score * 0.05 };
        }
        self.order = pages.into_iter().map(|(address, score)| (score, address)).collect();
        self.order.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        self.best = self.best.max(self.order.last().map_or(0.0, |(score, _)| *score));
        self.is_ordered = true;
    }
}

/// An address without its fragment.
pub fn page_of(address: &Url) -> Url {
    let mut page = address.clone();
    page.set_fragment(None);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, title: &str, text: &str) -> Entry {
        let address = Url::parse("https://a.example/").and_then(|root| root.join(path)).expect("an address");
        Entry { address, title: title.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_best_page_first_and_each_once() {
        let words = Words::new();
        let question = Question::read("frost in the greenhouse", &words);
        let mut shelf = Shelf::default();
        shelf.add([
            entry("a", "Wind", ""),
            entry("b#x", "Frost", ""),
            entry("b#y", "Greenhouse", "frost"),
            entry("c", "Other", "greenhouse"),
        ]);
        assert_eq!(shelf.pages(), 3);
        let mut next = || shelf.next(&question, &words).map(|address| address.path().to_owned());
        assert_eq!((next(), next(), next()), (Some("/b".to_owned()), Some("/c".to_owned()), None));
        shelf.add([entry("d", "Frost in a greenhouse", ""), entry("b#z", "Frost", "")]);
        let next = shelf.next(&question, &words).map(|address| address.path().to_owned());
        assert_eq!(next.as_deref(), Some("/d"));
    }

    #[test]
    fn a_few_pages_that_do_not_look_relevant_come_last() {
        let words = Words::new();
        let question = Question::read("frost", &words);
        let mut shelf = Shelf::of(2);
        shelf.add([entry("a", "", ""), entry("b", "", ""), entry("c", "", ""), entry("d", "Frost", "")]);
        let next = || shelf.next(&question, &words).map(|address| address.path().to_owned());
        let order: Vec<String> = std::iter::from_fn(next).collect();
        assert_eq!(order, ["/d", "/a", "/b"]);
    }
}
