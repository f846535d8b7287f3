//! Pages come from anywhere: none may end the task, fill the memory or take minutes.

use crate::address;
use page::{Extent, Page, decode};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Far above what any of these takes, far below what a person would wait: unoptimised code on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn check(html: &str) -> Page {
    let mut last = Page::default();
    for extent in [Extent::Article, Extent::Whole] {
        let start = Instant::now();
        last = Page::read(html, &address(), extent);
        assert!(start.elapsed() < PATIENCE, "{extent:?}: {:?}", start.elapsed());
    }
    last
}

#[test]
fn deep() {
    for tag in [
        "div",
        "b",
        "ul><li",
        "blockquote",
        "table><tr><td",
        "a href=x",
        "span",
        "section",
        "dl><dt",
        "pre",
        "code",
        "h1",
        "em",
    ] {
        let page = check(&format!("{}the end", format!("<{tag}>").repeat(100_000)));
        assert!(page.markdown.contains("the end"), "{tag}");
    }
}

#[test]
fn long() {
    let text = "word ".repeat(2 * 1024 * 1024);
    assert!(check(&text).markdown.ends_with("word"));
    let page = check(&format!("<p>{}", "x".repeat(10 * 1024 * 1024)));
    assert_eq!(page.markdown.len(), 10 * 1024 * 1024);
    assert!(!page.truncated);
    assert!(check(&"<p>x".repeat(5 * 1024 * 1024)).truncated);
}

#[test]
fn wide() {
    use std::fmt::Write as _;
    let mut attributes = String::from("<div");
    let mut formats = String::from("<p>");
    for number in 0..300_000 {
        let _ = write!(attributes, " a{number}=1");
        let _ = write!(formats, "<font c={number}>");
    }
    assert!(check(&format!("{attributes}>the end")).markdown.contains("the end"));
    formats.push_str(&"</p><p>x".repeat(100_000));
    check(&formats);
    check(&format!("<table>{}</table>", "<tr><td colspan=1000000>x".repeat(1_000)));
    check(&"<table><b>x".repeat(20_000));
    check(&"<h1>x</h1>".repeat(20_000));
    check(&"<li>".repeat(100_000));
    check(&"&amp;<!--".repeat(100_000));
    check(&"<a href='/x'>y</a>".repeat(50_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_become_text(bytes: Vec<u8>, content_type: Option<String>) {
        let (text, _) = decode(&bytes, content_type.as_deref());
        check(&text);
    }

    /// Pieces of markup in any order.
    #[test]
    fn any_markup_is_read(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let html: String = pieces.into_iter().map(|index| PIECES[index]).collect();
        let page = check(&html);
        for section in &page.sections {
            assert!(page.markdown.contains(&section.markdown), "{html}");
        }
    }
}

const PIECES: [&str; 42] = [
    "<table>",
    "</table>",
    "<tr>",
    "<td colspan=3>",
    "<th>",
    "<caption>",
    "<pre>",
    "</pre>",
    "<code class='language-x y'>",
    "</code>",
    "<h1 id=a>",
    "</h1>",
    "<h2><a href='#b'>¶</a>",
    "</h2>",
    "<dl>",
    "<dt class=sig id=c>",
    "<dd>",
    "</dl>",
    "<ul>",
    "<li>",
    "</ul>",
    "<a name=z>",
    "</a>",
    "<div class=highlight-rust>",
    "</div>",
    "<main>",
    "</main>",
    "<article>",
    "<template>",
    "<svg><style>",
    "</svg>",
    "<b>",
    "</b>",
    "<select><option>",
    "<p>",
    "text ",
    "_a_ `b` \u{e000}0\u{e001} ",
    "\u{a0}é日本\u{200b}",
    "<br>",
    "<img src=x alt=y>",
    "<details><summary>",
    "<frameset>",
];
