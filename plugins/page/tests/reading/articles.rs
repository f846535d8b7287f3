use crate::address;
use page::{Extent, Page};

fn article(html: &str) -> Page {
    Page::read(html, &address(), Extent::Article)
}

fn paragraphs(count: usize) -> String {
    let text =
        "The river rose in the night, and by the morning, when the watch came back, it had taken the lower bridge. ";
    format!("<p>{}</p>", text.repeat(4)).repeat(count)
}

#[test]
fn an_article_is_what_a_reader_view_shows() {
    let html = format!(
        r#"<html><head><title>The bridge - The Gazette</title></head><body><div id="menu"><ul><li><a href="/1">World</a><li><a href="/2">Sport</a></ul></div>
        <div class="story"><h2>First night</h2>{}<p>See <a href="/map">the map</a>.</p></div>
        <div class="related-links"><h3>Most read</h3><ul><li><a href="/3">Ten things</a></ul></div><div class="comments"><p>First!</p></div></body></html>"#,
        paragraphs(6)
    );
    let page = article(&html);
    assert!(page.markdown.contains("lower bridge"), "{}", page.markdown);
    assert!(page.markdown.contains("[the map](https://docs.example/map)"), "{}", page.markdown);
    for noise in ["Sport", "Ten things", "First!"] {
        assert!(!page.markdown.contains(noise), "{noise}: {}", page.markdown);
    }
    assert_eq!(page.title, "The bridge - The Gazette");
    assert_eq!(page.links.len(), 4);
}

#[test]
fn what_is_no_article_is_read_as_a_whole() {
    let short = article("<main><h1>Short</h1><p>A few words.</main>");
    assert_eq!(short.markdown, "# Short\n\nA few words.");
    let reference = format!(
        r#"<main><h1>Reference</h1>{}<div class="sidebar-like comment"><h4>fn</h4><pre>code()</pre></div></main>"#,
        paragraphs(6)
    );
    assert!(article(&reference).markdown.contains("code()"));
}

#[test]
fn code_and_tables_survive() {
    let html = format!(
        "<body><div class=post>{}<pre><code class=language-rust>fn a() {{}}</code></pre>{}<table><tr><th>k<th>v</tr><tr><td>1<td>2</tr></table>{}</div></body>",
        paragraphs(3),
        paragraphs(3),
        paragraphs(2)
    );
    let markdown = article(&html).markdown;
    assert!(markdown.contains("\n```rust\nfn a() {}\n```\n"), "{markdown}");
    assert!(markdown.contains("| k | v |\n| - | - |\n| 1 | 2 |"), "{markdown}");
}
