//! What to search for when somebody says in a sentence what it is about.

/// More than these say nothing more about it, and the report gets hard to read.
const MOST: usize = 20;
/// Shorter ones are everywhere.
const SHORTEST: usize = 3;

/// Words of English sentences, and of requests, that say nothing about code.
const STOP_WORDS: &[&str] = &[
    "about", "above", "after", "again", "all", "also", "and", "any", "are", "because", "been", "before", "being",
    "below", "between", "both", "but", "can", "could", "did", "does", "doing", "down", "during", "each", "few", "find",
    "for", "from", "further", "get", "give", "had", "has", "have", "having", "her", "here", "hers", "him", "his",
    "how", "into", "its", "just", "let", "like", "look", "make", "may", "might", "more", "most", "must", "need", "nor",
    "not", "now", "off", "once", "one", "only", "other", "our", "ours", "out", "over", "own", "please", "same",
    "shall", "she", "should", "show", "some", "such", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "this", "those", "through", "too", "under", "until", "very", "want", "was", "were", "what", "when",
    "where", "which", "while", "who", "whom", "why", "will", "with", "within", "without", "would", "you", "your",
];

/// The words of `sentence` that are worth a search, each once, in their order.
pub fn worth_a_search(sentence: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in sentence.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let word = word.trim_matches('_');
        let lower = word.to_lowercase();
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        let is_known = words.iter().any(|known| known.to_lowercase() == lower);
        if word.chars().count() < SHORTEST || is_number || is_known || STOP_WORDS.contains(&lower.as_str()) {
            continue;
        }
        words.push(word.to_owned());
        if words.len() == MOST {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (sentence, expect) in [
            ("refactor the API layer", vec!["refactor", "API", "layer"]),
            ("Where does `max_hits` come from? And Max_Hits?", vec!["max_hits", "come"]),
            ("don't use std::io::Error, issue 1234", vec!["don", "use", "std", "Error", "issue"]),
            ("Übersetzung der Oberfläche", vec!["Übersetzung", "der", "Oberfläche"]),
            ("the of to __ 42 ab", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(worth_a_search(sentence), expect, "{sentence}");
        }
        let many: Vec<String> = (0..100).map(|number| format!("word{number}")).collect();
        assert_eq!(worth_a_search(&many.join(" ")).len(), MOST);
    }
}
