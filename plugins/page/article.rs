use crate::bounded;
use dom_query::Document;
use dom_smoothie::{Config, Readability};

/// Elements of a page that a reader view is looked for in: it weighs each many times.
const MAX_ELEMENTS: usize = 100_000;

/// Characters below which something is left over, not an article.
const MIN_CHARACTERS: usize = 200;

/// The article in a page, where there is one.
pub fn extract(document: &Document) -> Option<Document> {
    let config = Config { keep_classes: true, max_elements_to_parse: MAX_ELEMENTS, ..Config::default() };
    let mut readability = Readability::with_document(document.clone(), None, Some(config)).ok()?;
    let article = readability.parse().ok()?;
    (article.length >= MIN_CHARACTERS).then(|| bounded::parse(&article.content).document)
}
