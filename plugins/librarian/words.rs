//! What counts as one word: prose is stemmed, names of a program are words of their own and are also
//! taken apart, so that `read_to_string`, `readToString` and "read string" meet.

use crate::synonyms::PHRASES;
use rust_stemmers::{Algorithm, Stemmer};
use std::{borrow::Cow, cell::RefCell, collections::HashMap};

/// Splits text into terms.
pub struct Words {
    stemmer: Stemmer,
    /// Stemming is most of the time that ranking takes, and documentation repeats its words.
    known: RefCell<HashMap<String, String>>,
}

/// Words that say nothing about what a text is about.
const STOP: &str = " a about after all also am an and any are as at be because been before being but by can cannot \
    could did do does doing don each for from had has have having he her here him his how i if in into is it its \
    just let like may me might more most my need no nor not now of off on one only or other our out over own please \
    same shall she should so some such than that the their them then there these they this those through to too \
    under until up us use used using very via want was way we were what when where whether which while who whom why \
    will with without would you your ";

impl Words {
    pub fn new() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), known: RefCell::new(HashMap::new()) }
    }

    /// The terms of a text, in its order.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        let mut text = Cow::Borrowed(text);
        for (said, meant) in PHRASES {
            if let Some(first) = text.find(said) {
                let rest = text[first..].replace(said, meant);
                text = Cow::Owned(format!("{}{rest}", &text[..first]));
            }
        }
        for raw in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let parts = parts(raw);
            if parts.len() > 1 {
                terms.push(self.stem(&raw.replace('_', "").to_lowercase()));
            }
            for part in parts {
                let lower = part.to_lowercase();
                if lower.len() > 1 && !STOP.contains(&format!(" {lower} ")) {
                    terms.push(self.stem(&lower));
                }
            }
        }
        terms
    }

    /// The terms in one text, with blanks between them.
    pub fn joined(&self, text: &str) -> String {
        self.terms(text).join(" ")
    }

    fn stem(&self, word: &str) -> String {
        if let Some(stem) = self.known.borrow().get(word) {
            return stem.clone();
        }
        let stem = self.stemmer.stem(word).into_owned();
        self.known.borrow_mut().insert(word.to_owned(), stem.clone());
        stem
    }
}

/// The parts of a name: between underscores, and where a capital letter begins a new one.
fn parts(raw: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in raw.split('_').filter(|piece| !piece.is_empty()) {
        let mut start = 0;
        let letters: Vec<(usize, char)> = piece.char_indices().collect();
        for (index, window) in letters.windows(2).enumerate() {
            let [(_, this), (at, next)] = *window else { continue };
            // `HTTPServer`: the last capital belongs to what follows.
            let ends_capitals = this.is_uppercase()
                && next.is_uppercase()
                && letters.get(index + 2).is_some_and(|(_, after)| after.is_lowercase());
            if (!this.is_uppercase() && next.is_uppercase()) || ends_capitals {
                parts.push(&piece[start..at]);
                start = at;
            }
        }
        parts.push(&piece[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        assert_eq!(Words::new().terms(text), expect, "{text}");
    }

    #[test]
    fn prose_is_stemmed_and_small_words_go() {
        check("How are the caches invalidated?", &["cach", "invalid"]);
        check("", &[]);
    }

    #[test]
    fn names_are_whole_and_in_parts() {
        check("read_to_string", &["readtostr", "read", "string"]);
        check("HashMap::entry", &["hashmap", "hash", "map", "entri"]);
        check("camelCase2", &["camelcase2", "camel", "case2"]);
        check("HTTPServer", &["httpserver", "http", "server"]);
        check("MAX_SIZE", &["maxsiz", "max", "size"]);
        check("hashmaps", &["hashmap"]);
    }
}
