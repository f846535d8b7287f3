//! The order of texts by a question: BM25 over two fields, each word of the question once, by the
//! best of what means the same; more for those that have more of its words.

use crate::question::Question;
use bm25::{EmbedderBuilder, Embedding, Scorer, TokenEmbedder, TokenEmbedding, Tokenizer};
use std::collections::HashMap;

/// A text to rank, each field as terms with blanks between them (`Words::joined`).
#[derive(Default)]
pub struct Fields {
    /// Titles, headings and names.
    pub head: String,
    /// All else.
    pub body: String,
}

/// What a word in the head counts beside one in the body: a heading says what a text is about.
const HEAD: f32 = 1.6;

/// Share of the score that needs no other word of the question.
const ALONE: f32 = 0.35;

/// Indices of the texts that have anything of the question, with their scores, the best first.
pub fn rank(question: &Question, texts: &[Fields]) -> Vec<(usize, f32)> {
    // Headings are short on purpose: their length says little.
    let head = Field::new(texts.iter().map(|text| text.head.as_str()), 0.3);
    let body = Field::new(texts.iter().map(|text| text.body.as_str()), 0.75);
    let mut scores = vec![(0.0_f32, 0.0_f32); texts.len()];
    let mut whole = 0.0;
    for concept in &question.concepts {
        let mut found: HashMap<usize, (f32, f32)> = HashMap::new();
        for (term, weight) in concept {
            let mut by_text: HashMap<usize, f32> = HashMap::new();
            for (index, score) in head.matches(term) {
                *by_text.entry(index).or_default() += HEAD * score;
            }
            for (index, score) in body.matches(term) {
                *by_text.entry(index).or_default() += score;
            }
            for (index, score) in by_text {
                let best = found.entry(index).or_default();
                *best = (best.0.max(weight * score), best.1.max(*weight));
            }
        }
        let rarity = rarity(found.len(), texts.len());
        // A word that is nowhere tells no text from another.
        whole += if found.is_empty() { 0.0 } else { rarity };
        for (index, (score, weight)) in found {
            scores[index].0 += score;
            scores[index].1 += rarity * weight;
        }
    }
    let scored = scores.into_iter().enumerate().filter(|(_, (score, _))| *score > 0.0);
    let mut ranked: Vec<(usize, f32)> =
        scored.map(|(index, (score, covered))| (index, score * (ALONE + (1.0 - ALONE) * covered / whole))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts are small")]
fn rarity(with: usize, of: usize) -> f32 {
    (1.0 + (of as f32 - with as f32 + 0.5) / (with as f32 + 0.5)).ln()
}

struct Field(Scorer<usize, u64>);

/// The terms are split already.
#[derive(Default)]
struct Blanks;

impl Tokenizer for Blanks {
    fn tokenize(&self, text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }
}

impl Field {
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    fn new<'a>(texts: impl Iterator<Item = &'a str> + Clone, b: f32) -> Self {
        let (count, total) =
            texts.clone().fold((0, 0), |(count, total), text| (count + 1, total + text.split_whitespace().count()));
        let average = total as f32 / f32::max(count as f32, 1.0);
        let embedder = EmbedderBuilder::<u64, Blanks>::with_avgdl(average).b(b).build();
        let mut scorer = Scorer::new();
        for (index, text) in texts.enumerate() {
            scorer.upsert(&index, embedder.embed(text));
        }
        Self(scorer)
    }

    fn matches(&self, term: &str) -> impl Iterator<Item = (usize, f32)> + use<> {
        let asked = Embedding(vec![TokenEmbedding { index: u64::embed(term), value: 1.0 }]);
        self.0.matches(&asked).into_iter().map(|scored| (scored.id, scored.score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Words;

    #[track_caller]
    fn check(question: &str, texts: &[(&str, &str)], expect: &[usize]) {
        let words = Words::new();
        let fields: Vec<Fields> =
            texts.iter().map(|(head, body)| Fields { head: words.joined(head), body: words.joined(body) }).collect();
        let ranked = rank(&Question::read(question, &words), &fields);
        let order: Vec<usize> = ranked.iter().map(|(index, _)| *index).collect();
        assert_eq!(order, expect, "{question}: {ranked:?}");
    }

    #[test]
    fn a_heading_counts_more_than_prose() {
        check("frost", &[("Wind", "or frost in the night"), ("Frost", "the heater")], &[1, 0]);
    }

    #[test]
    fn more_of_the_question_wins_over_one_word_many_times() {
        let many = "valve valve valve valve valve valve";
        check("close the valve at night", &[("", many), ("", "it can close a valve for a night")], &[1, 0]);
    }

    #[test]
    fn what_means_the_same_is_found_for_less() {
        check("delete a folder", &[("", "remove the directory"), ("", "delete the folder")], &[1, 0]);
    }

    #[test]
    fn names_are_found_by_their_parts() {
        check("read a file to a string", &[("fn write", "bytes"), ("fn read_to_string", "")], &[1]);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        check("anything", &[], &[]);
        check("", &[("a", "b")], &[]);
    }
}
