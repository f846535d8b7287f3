//! What goes before the content is written.

use dom_query::{NodeRef, Selection};

/// What is not content wherever it stands.
const NEVER: &str = "script, style, noscript, template, iframe, object, embed, svg, canvas, nav, footer, button, input, select, \
     textarea, dialog, audio, video, rustdoc-toolbar, rustdoc-search";

/// What is not content by the words that describe it; of rustdoc, what it says of every type alike.
const USUALLY: &str = r#"[role="navigation"], [role="search"], [role="banner"], [role="contentinfo"], [role="toolbar"],
    [role="dialog"], [aria-hidden="true"], [hidden]:not([role="tabpanel"]), .headerlink, .hash-link, .anchorjs-link,
    .heading-anchor, .skip-link, .screen-reader-shortcut, .breadcrumb, .breadcrumbs, [aria-label="breadcrumb"],
    .sidebar, #sidebar, .sphinxsidebar, .toc, #toc, .table-of-contents, .tableOfContents, .theme-doc-toc-mobile,
    .contents.local, .md-sidebar, .md-source-file, .edit-page-link, .theme-edit-this-page, .prev-next-area,
    .nav-wrapper, .nav-wide-wrapper, .rightside, .rustdoc-breadcrumbs, .main-heading .sub-heading, .copy-path,
    summary.hideme, .mw-editsection, .mw-jump-link, #copy-path, .navbar, #navbar, #nav, .navigation, #navigation,
    .footer, #footer, .site-header, .site-footer, [class*="cookie-banner"], [class*="cookie-consent"],
    [class*="cookie-notice"], [id*="cookie-banner"], [id*="cookie-consent"], [id*="cookie-notice"], .cookieconsent,
    .cc-window, #onetrust-consent-sdk, #CybotCookiebotDialog, #synthetic-implementations,
    #synthetic-implementations-list, #blanket-implementations, #blanket-implementations-list"#;

/// Marks beside headings and other places, which lead to them.
const MARKS: [&str; 5] = ["¶", "§", "#", "🔗", ""];

/// Blocks that the writer of Markdown takes for running text.
const BLOCKS: &str = "dl, dt, dd, details, summary, figure, figcaption, header, main, aside, hgroup, address, center, \
     fieldset, legend, form";

/// Leaves the content, in elements that the writer of Markdown knows.
pub fn tidy(root: &NodeRef) {
    let all = Selection::from(*root);
    all.select(NEVER).remove();
    // A page may use such a word for something else.
    let most = root.normalized_char_count() / 2;
    for node in all.select(USUALLY).nodes() {
        if node.normalized_char_count() <= most {
            node.remove_from_parent();
        }
    }
    remove_asides(&all);
    // What is above the title of an article is its own; a header without a heading is the page's.
    for header in all.select("header").nodes() {
        if !header.descendants_it().any(|node| is_heading(&node)) {
            header.remove_from_parent();
        }
    }
    for heading in all.select("h1, h2, h3, h4, h5, h6").nodes() {
        unlink(heading);
    }
    for link in all.select("a").nodes() {
        if is_mark(link) && !link.descendants_it().any(|node| node.has_name("img")) {
            // Left in place where it is one: links lead to it.
            link.remove_children();
        }
        // It repeats in a longer form what the link says.
        link.remove_attr("title");
    }
    settle_terms(&all);
    for block in all.select(BLOCKS).nodes() {
        block.rename("div");
    }
}

pub fn is_heading(node: &NodeRef) -> bool {
    level(node).is_some()
}

/// 1 to 6 for a heading.
pub fn level(node: &NodeRef) -> Option<u8> {
    let name = node.qual_name_ref()?;
    let local: &str = &name.local;
    match local.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Takes out asides that are lists of links; others are notes of the text.
fn remove_asides(all: &Selection) {
    for aside in all.select(r#"aside, [role="complementary"]"#).nodes() {
        let text = aside.normalized_char_count();
        let linked: usize =
            Selection::from(*aside).select("a").nodes().iter().map(NodeRef::normalized_char_count).sum();
        if linked * 2 >= text {
            aside.remove_from_parent();
        }
    }
}

/// Takes the marks and the links out of a heading: its words stay.
fn unlink(heading: &NodeRef) {
    for link in Selection::from(*heading).select("a").nodes() {
        // A mark may carry the heading's name.
        let name = link.attr("id").or_else(|| link.attr("name")).filter(|_| !heading.has_attr("id"));
        if let Some(name) = name {
            heading.set_attr("id", &name);
        }
        if is_mark(link) {
            link.remove_from_parent();
        } else {
            link.rename("span");
        }
    }
}

fn is_mark(link: &NodeRef) -> bool {
    MARKS.contains(&link.text().trim_matches(|c: char| c.is_whitespace() || c == '\u{200b}'))
}

/// Shows the terms of a list of definitions as such.
fn settle_terms(all: &Selection) {
    for term in all.select("dt").nodes() {
        let plain =
            term.children_it(false).all(|child| child.is_text() || !child.descendants_it().any(|n| n.has_name("p")));
        if plain && !term.descendants_it().any(|node| is_heading(&node) || node.has_name("pre")) {
            let strong = term.tree.new_element("strong");
            let children = term.children();
            for child in &children {
                strong.append_child(child);
            }
            term.append_child(&strong);
        }
    }
}
