use crate::{
    synonyms::{ASKED, GROUPS},
    words::Words,
};
use std::collections::{BTreeSet, HashMap};
use url::Url;

/// What is asked, as terms to look for.
pub struct Question {
    /// Each word of the question with the words that mean about the same, and what each counts.
    pub concepts: Vec<Vec<(String, f32)>>,
    /// Addresses that the question names.
    pub addresses: Vec<Url>,
}

/// What a word counts that only means about the same as the one that was asked for.
const SYNONYM: f32 = 0.7;

impl Question {
    pub fn read(text: &str, words: &Words) -> Self {
        let mut groups: HashMap<String, BTreeSet<String>> = HashMap::new();
        for group in GROUPS {
            let terms = words.terms(group);
            for term in &terms {
                groups.entry(term.clone()).or_default().extend(terms.iter().cloned());
            }
        }
        let (addresses, prose) = addresses(text);
        let mut concepts: Vec<Vec<(String, f32)>> = Vec::new();
        let prose = ASKED.iter().fold(prose, |prose, (said, meant)| prose.replace(said, meant));
        for term in words.terms(&prose) {
            if concepts.iter().any(|concept| concept[0].0 == term) {
                continue;
            }
            let others = groups.get(&term).into_iter().flatten().filter(|other| **other != term);
            let others = others.map(|other| (other.clone(), SYNONYM)).collect::<Vec<_>>();
            concepts.push([vec![(term, 1.0)], others].concat());
        }
        Self { concepts, addresses }
    }
}

/// The addresses in a text, and the text without them.
fn addresses(text: &str) -> (Vec<Url>, String) {
    let mut found = Vec::new();
    let mut prose = Vec::new();
    for word in text.split_whitespace() {
        let trimmed = word.trim_matches(['(', ')', '<', '>', '"', '\'', ',', ';', '?', '!']).trim_end_matches('.');
        let is_web = trimmed.starts_with("https://") || trimmed.starts_with("http://");
        match Url::parse(trimmed) {
            Ok(url) if is_web => found.push(url),
            _ => prose.push(word),
        }
    }
    (found, prose.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_question_is_a_source_and_no_word() {
        let question = Question::read("How does https://a.example/docs/, delete a folder?", &Words::new());
        assert_eq!(question.addresses, [Url::parse("https://a.example/docs/").expect("an address")]);
        let asked: Vec<&str> = question.concepts.iter().map(|concept| concept[0].0.as_str()).collect();
        assert_eq!(asked, ["delet", "folder"]);
        assert!(question.concepts[1].iter().any(|(term, weight)| term == "directori" && *weight < 1.0));
    }
}
