use crate::{
    question::Question,
    rank,
    rank::Fields,
    words::{Words, without_targets},
};
use hob_plugin::{JsonSchema, schemars};
use page::Section;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// A piece of documentation that stands for itself.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Passage {
    /// With the anchor of the section
    pub address: String,
    /// Of the page
    pub title: String,
    /// From the page down to it
    pub headings: Vec<String>,
    /// Markdown
    pub text: String,
    pub score: f32,
    /// Its name
    pub source: String,
}

/// Bytes from which a section is split: about what a screen holds.
const LONG: usize = 1_500;

/// A passage that scores less than this share of the best one is only noise beside it.
const WORTH: f32 = 0.05;

/// The passages of a page.
pub fn passages(sections: Vec<Section>, address: &str, title: &str, source: &str) -> Vec<Passage> {
    let page = page_of(address);
    let mut found = Vec::new();
    for section in sections {
        let address = section.anchor.as_ref().map_or_else(|| page.to_owned(), |anchor| format!("{page}#{anchor}"));
        for text in pieces(without_heading(&section.markdown)) {
            found.push(Passage {
                address: address.clone(),
                title: title.to_owned(),
                headings: section.headings.clone(),
                text,
                score: 0.0,
                source: source.to_owned(),
            });
        }
    }
    found
}

/// A section without the line of its heading, which the passage has already.
fn without_heading(markdown: &str) -> &str {
    match markdown.strip_prefix('#') {
        Some(heading) => heading.split_once('\n').map_or("", |(_, rest)| rest),
        None => markdown,
    }
}

/// A text in pieces that end between paragraphs or between the rows of a table; code stays whole.
fn pieces(markdown: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut current = String::new();
    let mut fence = None;
    // The first two lines of the table that goes on, which each part of it begins with.
    let mut table: Vec<&str> = Vec::new();
    for line in markdown.lines() {
        let mark = line.trim_start();
        match fence {
            None if mark.starts_with("```") || mark.starts_with("~~~") => fence = mark.get(..3).map(str::to_owned),
            Some(ref open) if mark.starts_with(open.as_str()) => fence = None,
            _ => {}
        }
        let is_row = fence.is_none() && mark.starts_with('|');
        if !is_row {
            table.clear();
        }
        let may_end = table.len() == 2 || (mark.is_empty() && !ends_with_term(&current));
        if current.len() > LONG && fence.is_none() && may_end {
            pieces.push(std::mem::take(&mut current));
            current.extend(table.iter().flat_map(|row| [row, "\n"]));
        }
        if is_row && table.len() < 2 {
            table.push(line);
        }
        current.push_str(line);
        current.push('\n');
    }
    pieces.push(current);
    let pieces = pieces.into_iter().map(|piece| piece.trim().to_owned());
    pieces.filter(|piece| piece.chars().any(char::is_alphanumeric)).collect()
}

/// Whether the last line is a name that what follows explains: a term of a list of definitions.
fn ends_with_term(text: &str) -> bool {
    let last = text.lines().next_back().unwrap_or_default().trim();
    last.starts_with("**") && last.ends_with("**")
}

/// Paragraphs, rows of tables and items of lists.
fn units(markdown: &str) -> Vec<String> {
    let mut units: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in markdown.lines() {
        let mark = line.trim_start();
        let begins = mark.starts_with(['|', '-', '*', '+']) || mark.starts_with(|c: char| c.is_ascii_digit());
        match units.last_mut() {
            Some(unit) if goes_on && !begins => {
                unit.push('\n');
                unit.push_str(line);
            }
            _ => units.push(line.to_owned()),
        }
        goes_on = !mark.is_empty();
    }
    units
}

/// The best `count` passages, the best first; what says nearly the same as a better one is left out.
pub fn best(question: &Question, words: &Words, mut passages: Vec<Passage>, count: usize) -> Vec<Passage> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number_of = |address: &str| {
        let next = numbers.len();
        *numbers.entry(page_of(address).to_owned()).or_insert(next)
    };
    let fields: Vec<Fields> = passages
        .iter()
        .map(|passage| {
            // A name stands in the address too: `#method.read_to_string`.
            let place = passage.address.rsplit('/').next().unwrap_or_default();
            let (own, above) = passage.headings.split_last().map_or(("", [].as_slice()), |(own, rest)| (own, rest));
            let (own, above) = (format!("{own} {place}"), format!("{} {}", passage.title, above.join(" ")));
            let joined = |text: &str| words.joined(text);
            Fields {
                head: joined(&own),
                above: joined(&above),
                body: units(&without_targets(&passage.text)).iter().map(|unit| joined(unit)).collect(),
                page: number_of(&passage.address),
            }
        })
        .collect();
    let mut chosen: Vec<(Passage, HashSet<u64>)> = Vec::new();
    let ranked = rank::rank(question, &fields);
    let worth = ranked.first().map_or(0.0, |(_, best)| WORTH * best);
    for (index, score) in ranked {
        if chosen.len() == count || score < worth {
            break;
        }
        let shingles = shingles(&fields[index].body.join(" "));
        if chosen.iter().any(|(_, other)| alike(other, &shingles)) {
            continue;
        }
        passages[index].score = score;
        chosen.push((passages[index].clone(), shingles));
    }
    chosen.into_iter().map(|(passage, _)| passage).collect()
}

fn page_of(address: &str) -> &str {
    address.split_once('#').map_or(address, |(page, _)| page)
}

/// What a text has of runs of four words.
fn shingles(terms: &str) -> HashSet<u64> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let terms: Vec<&str> = terms.split(' ').collect();
    let hash = |run: &[&str]| {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        hasher.finish()
    };
    if terms.len() < 4 { HashSet::from([hash(&terms)]) } else { terms.windows(4).map(hash).collect() }
}

/// Whether four fifths of the shorter one are in the other.
fn alike(a: &HashSet<u64>, b: &HashSet<u64>) -> bool {
    let common = a.intersection(b).count();
    common * 5 >= a.len().min(b.len()) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(heading: &str, markdown: &str) -> Section {
        Section {
            headings: vec!["Page".to_owned(), heading.to_owned()],
            anchor: Some(heading.to_lowercase()),
            level: 2,
            markdown: markdown.to_owned(),
        }
    }

    #[test]
    fn long_sections_are_split_between_paragraphs_and_never_in_code() {
        let prose = "word ".repeat(500);
        let code = format!("```rust\n{}\n\nfn b() {{}}\n```", "fn a() {}\n".repeat(300));
        let split =
            passages(vec![section("A", &format!("{prose}\n\n{code}\n\nend"))], "https://a.example/p#x", "t", "s");
        assert_eq!(split.len(), 3);
        assert!(split.iter().all(|passage| passage.address == "https://a.example/p#a"));
        assert!(split[1].text.starts_with("```rust") && split[1].text.ends_with("```"));
        assert!(passages(vec![section("Empty", " \n")], "p", "t", "s").is_empty());
    }

    #[test]
    fn a_term_stays_with_what_explains_it() {
        let prose = "word ".repeat(500);
        let split =
            passages(vec![section("A", &format!("{prose}\n\n**term**\n\nmeans\n\n**other**\n\nalso"))], "p", "t", "s");
        assert_eq!(split.len(), 2);
        assert_eq!(split[1].text, "**term**\n\nmeans\n\n**other**\n\nalso");
        let long = format!("start\n\n{prose}\n**term**\n\nmeans\n\nmore");
        let split = passages(vec![section("A", &long)], "p", "t", "s");
        assert_eq!(split.iter().map(|passage| passage.text.as_str()).next_back(), Some("more"));
        assert!(split[0].text.ends_with("**term**\n\nmeans"));
    }

    #[test]
    fn the_same_text_is_shown_once() {
        let words = Words::new();
        let text = "Opens the vents when the warmest sensor is above the given temperature for a while";
        let twice =
            vec![section("Vents", text), section("Copy", &format!("{text}.")), section("Wind", "no vents open in it")];
        let question = Question::read("when do vents open", &words);
        let best = best(&question, &words, passages(twice, "p", "t", "s"), 5);
        let shown: Vec<&str> = best.iter().map(|passage| passage.address.as_str()).collect();
        assert_eq!(shown, ["p#vents", "p#wind"]);
        assert!(best[0].score > best[1].score);
    }
}
