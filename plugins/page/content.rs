use dom_query::{Document, NodeRef};

/// The main part of a page: what it marks as that, else all of it.
pub fn main(document: &Document) -> NodeRef<'_> {
    let whole = document.body().unwrap_or_else(|| document.root());
    let main = largest(&whole, r#"main, [role="main"]"#).unwrap_or(whole);
    if let Some(article) = only_article(&main) {
        return article;
    }
    if main.id != whole.id {
        return main;
    }
    ["#content", "#main-content", "#main", ".content"]
        .iter()
        .find_map(|selector| largest(&whole, selector).filter(|node| is_most(node, &whole)))
        .unwrap_or(whole)
}

fn largest<'a>(within: &NodeRef<'a>, selector: &str) -> Option<NodeRef<'a>> {
    let found = dom_query::Selection::from(*within).select(selector);
    let nodes = found.nodes().iter().copied();
    nodes.map(|node| (node.normalized_char_count(), node)).max_by_key(|(length, _)| *length).map(|(_, node)| node)
}

/// A page with one article is that article; one with several is a list of them.
fn only_article<'a>(main: &NodeRef<'a>) -> Option<NodeRef<'a>> {
    let found = dom_query::Selection::from(*main).select("article");
    let outer = |node: &NodeRef| !node.ancestors_it(None).any(|around| around.has_name("article"));
    let mut articles = found.nodes().iter().copied().filter(outer);
    let article = articles.next()?;
    (articles.next().is_none() && is_most(&article, main)).then_some(article)
}

/// Whether it has a good part of the text; the rest is navigation, which can be long.
fn is_most(part: &NodeRef, whole: &NodeRef) -> bool {
    part.normalized_char_count() * 4 >= whole.normalized_char_count()
}
