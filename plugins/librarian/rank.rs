//! The order of texts by a question: BM25 over two fields, each word of the question once, by the
//! best of what means the same; more for those that have more of its words.

use crate::question::Question;
use bm25::{EmbedderBuilder, Embedding, Scorer, TokenEmbedder, TokenEmbedding, Tokenizer};
use std::collections::{HashMap, HashSet};

/// A text to rank, each field as terms with blanks between them (`Words::joined`).
#[derive(Default)]
pub struct Fields {
    /// Its own heading and name.
    pub head: String,
    /// What it stands under: the title of the page, the headings above.
    pub above: String,
    /// All else, in pieces of which each says something by itself: sentences that stand together, rows, items.
    pub body: Vec<String>,
    /// Texts of one page have the same number.
    pub page: usize,
}

/// What a word in the head counts beside one in the body: a heading says what a text is about.
const HEAD: f32 = 1.3;

/// What a word above it counts: all that stands under it has it.
const ABOVE: f32 = 0.5;

/// What a word counts that the text lacks and its page has: sections lean on what was said before.
const ELSEWHERE: f32 = 0.5;

/// What a text has of a question.
#[derive(Clone, Default)]
struct Score {
    /// By BM25.
    sum: f32,
    /// The rarities of the words that it has.
    covered: f32,
    /// The same for each of its pieces.
    pieces: Vec<f32>,
}

/// The words of each piece of a text; its heading goes with each.
fn pieces(text: &Fields) -> Vec<HashSet<&str>> {
    let with_head = |piece| text.head.split_whitespace().chain(str::split_whitespace(piece)).collect();
    if text.body.is_empty() { vec![with_head("")] } else { text.body.iter().map(|piece| with_head(piece)).collect() }
}

/// Indices of the texts that have anything of the question, with their scores, the best first.
pub fn rank(question: &Question, texts: &[Fields]) -> Vec<(usize, f32)> {
    // Headings are short on purpose: their length says little.
    let head = Field::new(texts.iter().map(|text| text.head.as_str()), 0.3);
    let above = Field::new(texts.iter().map(|text| text.above.as_str()), 0.3);
    let bodies: Vec<String> = texts.iter().map(|text| text.body.join(" ")).collect();
    // Long sections are in parts already.
    let body = Field::new(bodies.iter().map(String::as_str), 0.4);
    let pieces: Vec<Vec<HashSet<&str>>> = texts.iter().map(pieces).collect();
    let mut scores = vec![Score::default(); texts.len()];
    for (score, pieces) in scores.iter_mut().zip(&pieces) {
        score.pieces = vec![0.0; pieces.len()];
    }
    let mut whole = 0.0;
    for concept in &question.concepts {
        let mut found: HashMap<usize, (f32, f32)> = HashMap::new();
        for (term, weight) in concept {
            let mut by_text: HashMap<usize, f32> = HashMap::new();
            for (field, counts) in [(&head, HEAD), (&above, ABOVE), (&body, 1.0)] {
                for (index, score) in field.matches(term) {
                    *by_text.entry(index).or_default() += counts * score;
                }
            }
            for (index, score) in by_text {
                let best = found.entry(index).or_default();
                *best = (best.0.max(weight * score), best.1.max(*weight));
            }
        }
        let rarity = rarity(found.len(), texts.len());
        // A word that is nowhere tells no text from another.
        whole += if found.is_empty() { 0.0 } else { rarity };
        let mut pages: HashMap<usize, f32> = HashMap::new();
        for (index, (_, weight)) in &found {
            let best = pages.entry(texts[*index].page).or_default();
            *best = best.max(*weight);
        }
        for (index, (text, score)) in texts.iter().zip(&mut scores).enumerate() {
            let (own, weight) = found.get(&index).copied().unwrap_or_default();
            let around = ELSEWHERE * pages.get(&text.page).copied().unwrap_or_default();
            score.sum += own;
            score.covered += rarity * weight.max(around);
            if weight > 0.0 {
                for (piece, covered) in pieces[index].iter().zip(&mut score.pieces) {
                    let has = concept.iter().filter(|(term, _)| piece.contains(term.as_str()));
                    *covered += rarity * has.map(|(_, weight)| *weight).fold(0.0, f32::max);
                }
            }
        }
    }
    let found = scores.into_iter().enumerate().filter(|(_, score)| score.sum > 0.0);
    // A text that has half of the question is worth half of its score; what stands together counts once more.
    let mut ranked: Vec<(usize, f32)> = found
        .map(|(index, score)| {
            let together = score.pieces.iter().copied().fold(0.0, f32::max);
            (index, score.sum * f32::midpoint(score.covered, together) / whole)
        })
        .collect();
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
        let fields: Vec<Fields> = texts
            .iter()
            .map(|(head, body)| Fields {
                head: words.joined(head),
                body: vec![words.joined(body)],
                page: usize::MAX,
                ..Fields::default()
            })
            .enumerate()
            .map(|(page, fields)| Fields { page, ..fields })
            .collect();
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
    fn words_that_stand_together_count_more() {
        let words = Words::new();
        let apart = ["close the house", "it is night", "a valve", "more"];
        let together = ["the house", "it is", "close a valve at night", "more"];
        let fields = [apart, together].into_iter().enumerate().map(|(page, pieces)| Fields {
            body: pieces.iter().map(|piece| words.joined(piece)).collect(),
            page,
            ..Fields::default()
        });
        let ranked = rank(&Question::read("close the valve at night", &words), &fields.collect::<Vec<_>>());
        assert_eq!(ranked.first().map(|(index, _)| *index), Some(1), "{ranked:?}");
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
