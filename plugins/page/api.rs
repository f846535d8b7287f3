//! Entries of references of programming interfaces: their signatures are headings to a reader.

use crate::{one_line, tidy};
use dom_query::{Document, NodeRef};

/// Sphinx's entries, with the classes of its older versions, and rustdoc's.
const SIGNATURES: &str = "dt.sig, dl.function > dt[id], dl.class > dt[id], dl.method > dt[id], dl.attribute > dt[id], \
     dl.data > dt[id], dl.exception > dt[id]";

/// Makes signatures headings one level below the heading that they stand under, and their text code.
pub fn mark_signatures(document: &Document) {
    for mark in document.select("dt .headerlink, dt .viewcode-link, .code-header .src, .code-header .anchor").nodes() {
        mark.remove_from_parent();
    }
    let signatures = document.select(SIGNATURES);
    if !signatures.is_empty() {
        let marked: std::collections::HashSet<_> = signatures.nodes().iter().map(|node| node.id).collect();
        let mut above = 1;
        for node in document.root().descendants_it().collect::<Vec<_>>() {
            if let Some(level) = tidy::level(&node) {
                above = level;
            } else if marked.contains(&node.id) {
                let entries = node.ancestors_it(None).filter(|around| around.has_name("dl")).count();
                let level = (usize::from(above) + entries.max(1)).min(6);
                node.rename(&format!("h{level}"));
                to_code(document, &node);
            }
        }
    }
    for heading in document.select(".code-header").nodes() {
        to_code(document, heading);
    }
}

/// Makes what is inside one piece of code.
fn to_code(document: &Document, node: &NodeRef) {
    for part in node.descendants_it().filter(|part| part.has_name("div") || part.has_name("br")).collect::<Vec<_>>() {
        part.insert_before(&document.tree.new_text(" "));
    }
    let text = one_line(&node.text());
    let code = document.tree.new_element("code");
    code.append_child(&document.tree.new_text(text));
    node.remove_children();
    node.append_child(&code);
}
