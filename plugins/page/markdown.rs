use dom_query::NodeRef;

/// Writes a tree that was made tidy as Markdown.
pub fn write(root: &NodeRef) -> String {
    root.md(None).trim().to_owned()
}
