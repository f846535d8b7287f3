//! What counts as one word: prose is stemmed, names of a program are words of their own and are also
//! taken apart, so that `read_to_string`, `readToString` and "read string" meet.

use crate::synonyms::{FORMS, PHRASES};
use rust_stemmers::{Algorithm, Stemmer};
use std::{cell::RefCell, collections::HashMap};

/// Splits text into terms.
pub struct Words {
    stemmer: Stemmer,
    /// By their irregular forms.
    verbs: HashMap<&'static str, &'static str>,
    /// Stemming is most of the time that ranking takes, and documentation repeats its words.
    known: RefCell<HashMap<String, String>>,
    /// By their first word.
    phrases: HashMap<&'static str, Vec<Phrase>>,
}

/// The words of a turn of phrase, and those that mean the same.
type Phrase = (Vec<&'static str>, Vec<&'static str>);

/// Words that say nothing about what a text is about.
const STOP: &str = " a about after all also am an and any are as at be because been before being but by can cannot \
    could did do does doing don each for from get gets getting go goes going got had has have having he her here him his how i if in into is it its \
    just let like may me might more most my need no nor not now of off on one only or other our out over own please \
    same shall she should so some such than that the their them then there these they this those through to too \
    under until up us use used using very via want was way we were what when where whether which while who whom why \
    will with without would you your ";

impl Words {
    pub fn new() -> Self {
        let mut phrases: HashMap<_, Vec<_>> = HashMap::new();
        for (said, meant) in PHRASES {
            let said: Vec<&str> = said.split(' ').collect();
            phrases.entry(said[0]).or_default().push((said, meant.split(' ').collect()));
        }
        let forms = FORMS.iter().filter_map(|forms| forms.split_once(' '));
        let verbs = forms.flat_map(|(verb, forms)| forms.split(' ').map(move |form| (form, verb))).collect();
        Self { stemmer: Stemmer::create(Algorithm::English), verbs, known: RefCell::default(), phrases }
    }

    /// The terms of a text, in its order.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        let raw: Vec<&str> =
            text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|raw| !raw.is_empty()).collect();
        let mut next = 0;
        while let Some(&word) = raw.get(next) {
            if let Some((length, meant)) = self.phrase(&raw[next..]) {
                terms.extend(meant.iter().map(|word| self.stem(word)));
                next += length;
                continue;
            }
            next += 1;
            let parts = parts(word);
            if parts.len() > 1 {
                terms.push(self.stem(&word.replace('_', "").to_lowercase()));
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

    /// The turn of phrase that a text begins with: how many words it has, and those that mean the same.
    fn phrase(&self, raw: &[&str]) -> Option<(usize, &[&'static str])> {
        let first = raw.first()?.to_ascii_lowercase();
        let begun = self.phrases.get(first.as_str())?;
        let found = begun.iter().find(|(said, _)| {
            said.len() <= raw.len() && said.iter().zip(raw).all(|(said, raw)| said.eq_ignore_ascii_case(raw))
        })?;
        Some((found.0.len(), &found.1))
    }

    /// The terms in one text, with blanks between them.
    pub fn joined(&self, text: &str) -> String {
        self.terms(text).join(" ")
    }

    fn stem(&self, word: &str) -> String {
        if let Some(stem) = self.known.borrow().get(word) {
            return stem.clone();
        }
        let stem = self.stemmer.stem(self.verbs.get(word).copied().unwrap_or(word)).into_owned();
        self.known.borrow_mut().insert(word.to_owned(), stem.clone());
        stem
    }
}

/// Markdown without the addresses of its links, whose words say little about what they stand in.
pub fn without_targets(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, target)) = rest.split_once("](") {
        text.push_str(before);
        text.push(']');
        rest = match target.split_once(')') {
            Some((address, after)) if !address.contains(char::is_whitespace) => after,
            _ => target,
        };
    }
    text + rest
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
        check("kept sending what was sent", &["keep", "send", "send"]);
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

    #[test]
    fn addresses_of_links_are_no_words() {
        assert_eq!(without_targets("a [b](https://c.example/d#e) f](g h) ("), "a [b] f]g h) (");
    }

    #[test]
    fn turns_of_phrase_are_found_wherever_they_stand() {
        check("Putting it back", &["restor"]);
        check("links.html#log-in", &["link", "html", "login"]);
        check("two at the\nsame time", &["two", "simultan"]);
        check("log into it", &["log"]);
    }
}
