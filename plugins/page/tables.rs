//! Tables as Markdown can have them: the same number of cells in each row, no blocks in cells.

use dom_query::{Document, NodeRef, Selection};

/// Cells of a row. More than that is no table that a person reads.
const MAX_COLUMNS: usize = 200;

/// Evens out tables of data; those that only place things become blocks.
pub fn settle(document: &Document) {
    for table in document.select("table").nodes() {
        let inside = Selection::from(*table);
        let places = inside.select_single("table table, pre, h1, h2, h3, h4, h5, h6").exists()
            || table.attr("role").is_some_and(|role| &*role == "presentation");
        if places {
            let parts = parts(table);
            let cells: Vec<NodeRef> = parts.iter().flat_map(cells).collect();
            for part in parts.iter().chain(&cells).chain([table]) {
                part.rename("div");
            }
        } else {
            for caption in inside.select("caption").nodes() {
                caption.rename("p");
                table.insert_before(caption);
            }
            even_out(document, &parts(table));
        }
    }
}

/// The groups and rows of a table itself, not those of tables in it.
fn parts<'a>(table: &NodeRef<'a>) -> Vec<NodeRef<'a>> {
    let mut parts = table.element_children();
    let groups = parts.iter().filter(|part| ["thead", "tbody", "tfoot"].iter().any(|name| part.has_name(name)));
    let rows: Vec<NodeRef> = groups.flat_map(NodeRef::element_children).collect();
    parts.extend(rows);
    parts
}

fn even_out(document: &Document, parts: &[NodeRef]) {
    let rows = || parts.iter().filter(|part| part.has_name("tr"));
    let widths = rows().map(|row| cells(row).map(|cell| span(&cell)).sum::<usize>());
    let width = widths.max().unwrap_or(0).min(MAX_COLUMNS);
    for row in rows() {
        let mut there = 0;
        for cell in cells(row).collect::<Vec<_>>() {
            let name = if cell.has_name("th") { "th" } else { "td" };
            there += 1;
            for _ in 1..span(&cell) {
                cell.insert_after(&document.tree.new_element(name));
                there += 1;
            }
        }
        // The rest of a row that has less, and the place of a cell that reaches down from above.
        let name = if cells(row).all(|cell| cell.has_name("th")) { "th" } else { "td" };
        while there > 0 && there < width {
            row.append_child(&document.tree.new_element(name));
            there += 1;
        }
    }
}

fn cells<'a>(row: &NodeRef<'a>) -> impl Iterator<Item = NodeRef<'a>> + use<'a> {
    row.children_it(false).filter(|node| node.has_name("td") || node.has_name("th"))
}

fn span(cell: &NodeRef) -> usize {
    let said = cell.attr("colspan").and_then(|span| span.trim().parse().ok());
    said.unwrap_or(1).clamp(1, MAX_COLUMNS)
}
