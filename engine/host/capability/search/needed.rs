//! What no hit can be without: a few texts of which every hit of a query has at least one.
//!
//! The crates of ripgrep look for such texts as well, but keep the beginning of a text alone, which
//! may be in every line (`fn co` of `fn compute_123`), and none where there are word boundaries only.
//! Here each part of an expression is weighed by how rare its bytes are in text, and the rarest wins.

use regex_automata::{MatchKind, util::prefilter::Prefilter};
use regex_syntax::hir::{
    Hir, HirKind,
    literal::{self, Extractor, Seq},
};

/// Texts in all. 64: more are not found by vector instructions.
const MOST: usize = 64;

/// Texts for one place of a pattern: the fewer, the faster they are found. 16: four letters of either
/// case.
const MOST_OF_ONE: usize = 16;

/// Bytes of the shortest text: with fewer, most lines have one.
const SHORTEST: usize = 3;

/// Bytes of a text that are compared first, all at once.
const FINGERPRINT: usize = 4;

/// Bytes of a text, at most.
const LONGEST: usize = 16;

/// Places in all patterns together at which a text may begin. 512: a pattern of everyday size is
/// looked at as a whole, and 64 of 1,000 bytes cost a millisecond.
const PLACES: usize = 512;

/// Finds the texts that hits of `patterns` need; none where such a search would be no help.
pub(super) fn prefilter(patterns: &[Hir]) -> Option<Prefilter> {
    let places = PLACES / patterns.len().max(1);
    let mut all = Vec::new();
    for pattern in patterns {
        all.extend(rarest(pattern, places)?.texts);
    }
    merge_alike(&mut all);
    let found = (all.len() <= MOST).then(|| Prefilter::new(MatchKind::LeftmostFirst, &all)).flatten();
    found.filter(Prefilter::is_fast)
}

/// Texts of which each hit has one.
struct Needed {
    texts: Vec<Vec<u8>>,
    /// How often one of them is met, by rule of thumb, for each byte of a text.
    often: f64,
}

impl Needed {
    fn new(seq: &Seq) -> Option<Self> {
        let literals = seq.literals()?;
        let mut texts: Vec<Vec<u8>> = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        merge_alike(&mut texts);
        let is_of_use = !texts.is_empty() && texts.len() <= MOST && texts.iter().all(|text| text.len() >= SHORTEST);
        is_of_use.then(|| Self { often: texts.iter().map(|text| often(text)).sum(), texts })
    }
}

/// The rarest texts that every hit of the expression has; `places` bounds the search for them.
fn rarest(hir: &Hir, places: usize) -> Option<Needed> {
    match hir.kind() {
        HirKind::Capture(capture) => rarest(&capture.sub, places),
        HirKind::Repetition(repetition) if repetition.min > 0 => rarest(&repetition.sub, places),
        HirKind::Alternation(branches) => {
            let mut all = Needed { texts: Vec::new(), often: 0.0 };
            for branch in branches {
                let one = rarest(branch, places / branches.len())?;
                all.often += one.often;
                all.texts.extend(one.texts);
            }
            (all.texts.len() <= MOST).then_some(all)
        }
        HirKind::Concat(_) | HirKind::Literal(_) => {
            let parts = parts(hir, places);
            let from_here = (0..parts.len()).filter_map(|at| beginning(&parts[at..]));
            // Parts that are not taken apart further, such as an alternation in the middle.
            let within = parts.iter().filter(|part| !is_simple(part)).filter_map(|part| rarest(part, places / 2));
            from_here.chain(within).min_by(|one, other| one.often.total_cmp(&other.often))
        }
        _ => None,
    }
}

fn is_simple(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) | HirKind::Empty)
}

/// What the expression is a row of, the texts in it taken apart into bytes.
fn parts(hir: &Hir, most: usize) -> Vec<Hir> {
    let one = std::slice::from_ref(hir);
    let row = if let HirKind::Concat(row) = hir.kind() { row } else { one };
    let mut parts = Vec::new();
    for part in row {
        match part.kind() {
            HirKind::Literal(text) => parts.extend(text.0.iter().take(most).map(|byte| Hir::literal([*byte]))),
            _ => parts.push(part.clone()),
        }
    }
    parts.truncate(most);
    parts
}

/// What every hit of this row begins with.
fn beginning(parts: &[Hir]) -> Option<Needed> {
    let mut extractor = Extractor::new();
    extractor.limit_literal_len(LONGEST).limit_total(MOST_OF_ONE).limit_class(10);
    let here = Hir::concat(parts[..parts.len().min(LONGEST)].to_vec());
    Needed::new(&extractor.extract(&here))
}

/// Makes one text of those that are alike at their beginning: they are compared there first, and one
/// is found faster than several.
fn merge_alike(texts: &mut Vec<Vec<u8>>) {
    texts.sort_unstable();
    texts.dedup_by(|later, earlier| {
        let alike = later.iter().zip(&*earlier).take_while(|(one, other)| one == other).count();
        let are_one = alike >= earlier.len().min(FINGERPRINT);
        if are_one {
            earlier.truncate(alike);
        }
        are_one
    });
}

/// How often a text is met, by the ranks of its first bytes.
fn often(text: &[u8]) -> f64 {
    // A rank says which of two bytes is more frequent. In sources and prose about one byte in seven
    // is a space, which ranks highest, and one in some thousand is of the middle ranks.
    let of_byte = |byte: &u8| 0.15 * ((f64::from(literal::rank(*byte)) - 255.0) / 18.0).exp();
    text.iter().take(FINGERPRINT).map(of_byte).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expect: Option<&[&str]>) {
        let hir = regex_syntax::ParserBuilder::new().utf8(false).multi_line(true).build().parse(pattern).expect("HIR");
        let texts = rarest(&hir, PLACES).map(|needed| {
            let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
            needed.texts.iter().map(text).collect::<Vec<_>>()
        });
        let expect = expect.map(|texts| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(texts, expect, "{pattern}");
    }

    #[test]
    fn the_rarest_part_is_looked_for() {
        check(r"fn compute_123[0-9]*7\b", Some(&["_123"]));
        check("class FileSink", Some(&["Sink"]));
        check(r"\w+\s*=\s*(?P<name>Xylophon|Quark)", Some(&["Quark", "Xylophon"]));
        check("(?:ab_JQ)+", Some(&["b_JQ"]));
        check(r"(?i)\bq_z", Some(&["Q_Z", "Q_z", "q_Z", "q_z"]));
    }

    #[test]
    fn each_branch_has_its_own() {
        check("todo_later|todo_now|FIXME", Some(&["do_later", "_now", "FIXME"]));
    }

    #[test]
    fn where_nothing_is_needed_there_is_no_text() {
        for pattern in ["", "a*", r"\w+", r"\bif\b", "foo|.*", "(?:foo)?", "^$", "[a-z]{3}", "(?:x|yyyy)"] {
            check(pattern, None);
        }
    }

    #[test]
    fn large_patterns_come_to_an_end() {
        // Looking at every way through them would take longer than anybody waits.
        for pattern in ["(?i)abcdefghij".repeat(1000), "[a-z]x?".repeat(5000), r"(?:a|b(?:c|d(?:e|f)))".repeat(2000)] {
            let hir = regex_syntax::parse(&pattern).expect("HIR");
            drop(prefilter(&vec![hir; 8]));
        }
    }
}
