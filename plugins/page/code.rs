//! Code blocks, from what highlighters made of them back to plain text with a language.

use crate::language;
use dom_query::{Document, NodeRef};

/// Around and beside code: line numbers in columns of their own, and what one clicks on.
const BESIDE: &str = "td.linenos, td.gutter, td.rouge-gutter, .lntd:first-child:not(:last-child), .linenodiv, \
     .example-wrap > a.tooltip, .code-copy, .copy-btn, .clipboard-copy, .zeroclipboard-container";

/// Tables that exist to put numbers beside code.
const NUMBERED: &str = "table.highlighttable, table.codehilitetable, table.rouge-table, table.lntable";

/// Makes every code block one text in a `<pre><code class="language-x">`.
pub fn settle(document: &Document) {
    document.select(BESIDE).remove();
    for table in document.select(NUMBERED).nodes() {
        if let Some(pre) = table.descendants_it().filter(|node| node.has_name("pre")).last() {
            table.insert_before(&pre);
            table.remove_from_parent();
        }
    }
    for pre in document.select("pre").nodes() {
        if pre.ancestors_it(None).any(|node| node.has_name("pre")) {
            continue;
        }
        let language = language::of(pre);
        let text = text(pre);
        let code = document.tree.new_element("code");
        if let Some(language) = language {
            code.set_attr("class", &format!("language-{language}"));
        }
        code.append_child(&document.tree.new_text(text));
        pre.remove_children();
        pre.retain_attrs(&["id"]);
        pre.append_child(&code);
    }
}

/// What a person would copy from it.
fn text(pre: &NodeRef) -> String {
    let mut text = String::new();
    // With what is still to come, the ends of lines and where in the text those lines began.
    let mut open: Vec<(NodeRef, Option<usize>)> = pre.children_it(true).map(|node| (node, None)).collect();
    while let Some((node, began)) = open.pop() {
        if node.is_text() {
            text.push_str(&node.text());
            continue;
        }
        if !node.is_element() || is_beside(&node) {
            continue;
        }
        if let Some(began) = began {
            if text.len() == began || !text.ends_with('\n') {
                text.push('\n');
            }
            continue;
        }
        if node.has_name("br") {
            text.push('\n');
        }
        if ["div", "p", "li", "tr"].iter().any(|name| node.has_name(name)) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            open.push((node, Some(text.len())));
        }
        open.extend(node.children_it(true).map(|node| (node, None)));
    }
    let text = text.replace(['\u{a0}', '\u{200b}'], " ");
    text.trim_end().trim_start_matches('\n').to_owned()
}

/// Line numbers, buttons, and the lines that mdBook hides.
fn is_beside(node: &NodeRef) -> bool {
    const CLASSES: [&str; 9] =
        ["boring", "linenos", "lineno", "linenumber", "line-number", "line-numbers-rows", "lnt", "gutter", "copybtn"];
    let name = ["button", "select", "script", "style"].iter().any(|name| node.has_name(name));
    name || CLASSES.iter().any(|class| node.has_class(class))
}
