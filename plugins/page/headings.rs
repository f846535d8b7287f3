use crate::{one_line, tidy};
use dom_query::NodeRef;

/// A heading of the content.
pub struct Heading {
    pub level: u8,
    pub text: String,
    pub anchor: Option<String>,
}

/// Around the number of a heading while the content is text: characters for private use.
pub const OPEN: char = '\u{e000}';
/// The end of it.
pub const CLOSE: char = '\u{e001}';

/// Numbers the headings in their text, so that they are found again in the Markdown.
pub fn mark(root: &NodeRef) -> Vec<Heading> {
    let mut headings = Vec::new();
    for node in root.descendants_it().collect::<Vec<_>>() {
        if node.is_text() && node.text().contains([OPEN, CLOSE]) {
            node.set_text(node.text().replace([OPEN, CLOSE], ""));
            continue;
        }
        let Some(level) = tidy::level(&node) else { continue };
        let text = one_line(&node.text());
        if text.is_empty() {
            node.remove_from_parent();
            continue;
        }
        let number = node.tree.new_text(format!("{OPEN}{}{CLOSE}", headings.len()));
        let anchor = anchor(root, &node);
        node.prepend_child(&number);
        headings.push(Heading { level, text, anchor });
    }
    headings
}

/// The name of the place: the heading's own, that of something inside, or that of what begins with it.
fn anchor(root: &NodeRef, heading: &NodeRef) -> Option<String> {
    let own = id(heading).or_else(|| heading.descendants_it().find_map(|node| id(&node)));
    if own.is_some() {
        return own;
    }
    let mut first = *heading;
    loop {
        // An empty element before it may be the place that links lead to.
        for sibling in before(&first) {
            if !one_line(&sibling.text()).is_empty() {
                return None;
            }
            if let Some(id) = id(&sibling) {
                return Some(id);
            }
        }
        let parent = first.parent().filter(|parent| parent.id != root.id)?;
        if ["body", "main", "article"].iter().any(|name| parent.has_name(name)) {
            return None;
        }
        if let Some(id) = id(&parent) {
            return Some(id);
        }
        first = parent;
    }
}

/// The siblings before a node, the nearest first.
fn before<'a>(node: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> + use<'a> {
    std::iter::successors(node.prev_sibling(), NodeRef::prev_sibling)
}

fn id(node: &NodeRef) -> Option<String> {
    let named = if node.has_name("a") { node.attr("name") } else { None };
    node.id_attr().or(named).map(|id| id.trim().to_owned()).filter(|id| !id.is_empty())
}
