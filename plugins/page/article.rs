use crate::bounded;
use dom_query::{Document, NodeRef, Selection};
use dom_smoothie::{Config, Readability};

/// Elements of a page that a reader view is looked for in: it weighs each many times.
const MAX_ELEMENTS: usize = 100_000;

/// Characters below which something is left over, not an article.
const MIN_CHARACTERS: usize = 200;

/// Programs that make documentation: it marks its main part, and a reader view loses what stands in
/// lists of entries.
const GENERATORS: [&str; 13] = [
    "rustdoc",
    "mdbook",
    "sphinx",
    "docutils",
    "docusaurus",
    "mkdocs,",
    "mkdocs",
    "vitepress",
    "starlight",
    "antora",
    "typedoc",
    "javadoc",
    "doxygen",
];

/// The article in a page, where there is one. `main` is what would be shown otherwise.
pub fn extract(document: &Document, main: &NodeRef) -> Option<Document> {
    if is_documentation(document) {
        return None;
    }
    let config = Config { keep_classes: true, max_elements_to_parse: MAX_ELEMENTS, ..Config::default() };
    let mut readability = Readability::with_document(document.clone(), None, Some(config)).ok()?;
    let article = readability.parse().ok()?;
    if article.length < MIN_CHARACTERS {
        return None;
    }
    let article = bounded::parse(&article.content).document;
    (code(&article.root()) >= code(main)).then_some(article)
}

fn is_documentation(document: &Document) -> bool {
    let generator = document.select_single(r#"meta[name="generator"]"#).attr("content");
    let generator = generator.unwrap_or_default().to_ascii_lowercase();
    generator.split_whitespace().next().is_some_and(|name| GENERATORS.contains(&name))
}

/// Pieces of code, with signatures: a view without them is not of the article.
fn code(root: &NodeRef) -> usize {
    Selection::from(*root).select("pre, h1 code, h2 code, h3 code, h4 code, h5 code, h6 code").length()
}
