use crate::whole;

#[track_caller]
fn check(html: &str, markdown: &str) {
    assert_eq!(whole(html).markdown, markdown, "\n{html}");
}

#[test]
fn text() {
    check("<p>One  <em>two</em>\n<b>three</b>.<p>Four", "One *two* **three**.\n\nFour");
    check("<h1>A</h1><h3>B <code>c</code></h3>text", "# A\n\n### B `c`\n\ntext");
    check("<p>some_name, a*b, [x]", "some_name, a\\*b, \\[x\\]");
    check("<code>a\\_b</code> and x_y_z", "`a\\_b` and x_y_z");
    check("<blockquote><p>a<p>b</blockquote>", "> a\n> \n> b");
    check("<details><summary>More</summary>Text</details>", "More\n\nText");
}

#[test]
fn addresses_are_absolute() {
    check(r#"<a href="other.html#x">o</a>"#, "[o](https://docs.example/guide/other.html#x)");
    check(r##"<a href="#here" title="the same">h</a>"##, "[h](https://docs.example/guide/page.html#here)");
    check(r#"<base href="/b/"><a href="c">c</a>"#, "[c](https://docs.example/b/c)");
    check(r#"<base href="javascript:x"><a href="c">c</a>"#, "[c](https://docs.example/guide/c)");
    check(r#"<a href="javascript:alert(1)">x</a>"#, "x");
    check(r#"<a href="mailto:a@b.example">a</a>"#, "[a](mailto:a@b.example)");
    check(r#"<img src="a.png" alt="A plan">"#, "![A plan](https://docs.example/guide/a.png)");
    check(r#"a<img src="dot.gif">b<img src="data:image/png;base64,AAAA" alt="x">c"#, "abc");
}

#[test]
fn code_keeps_its_language_and_its_lines() {
    let fenced = "```rust\nlet a = 1;\n\nlet b = \"<T>\";\n```";
    for html in [
        // Plain Markdown, mdBook, and highlight.js after it ran.
        "<pre><code class='language-rust'>let a = 1;\n\nlet b = \"&lt;T>\";\n</code></pre>",
        "<pre><code class='language-rust edition2021'><span class=boring>use x;\n</span>let a = 1;\n\nlet b = \"&lt;T>\";\n</code></pre>",
        "<pre><code class='hljs rust'><span class=k>let</span> a = 1;\n\nlet b = \"&lt;T>\";</code></pre>",
        // Sphinx, GitHub, Pandoc, rustdoc.
        "<div class='highlight-rust notranslate'><div class=highlight><pre><span></span>let a = 1;\n\nlet b = \"&lt;T>\";\n</pre></div></div>",
        "<div class='highlight highlight-source-rust'><pre>let a = 1;\n\nlet b = \"&lt;T>\";</pre></div>",
        "<div class=sourceCode><pre class='sourceCode rust'><code>let a = 1;\n\nlet b = \"&lt;T>\";</code></pre></div>",
        "<div class=example-wrap><a class=tooltip>ⓘ</a><pre class='rust rust-example-rendered'><code>let a = 1;\n\nlet b = \"&lt;T>\";</code></pre></div>",
        // Docusaurus: an element for each line, and a button.
        "<div class='language-rust codeBlockContainer'><pre class='prism-code'><code><span class=token-line>let a = 1;<br></span><span class=token-line><br></span><span class=token-line>let b = \"&lt;T>\";<br></span></code><button>Copy</button></pre></div>",
        // Lines as blocks, numbers before them.
        "<pre data-lang=rust><div><span class=lineno>1</span>let a = 1;</div><div><span class=lineno>2</span><br></div><div>let b = \"&lt;T>\";</div></pre>",
        // Numbers in a column of their own.
        "<div class='language-rust'><table class=highlighttable><tr><td class=linenos><pre>1\n2\n3</pre></td><td class=code><pre>let a = 1;\n\nlet b = \"&lt;T>\";</pre></td></tr></table></div>",
    ] {
        check(html, fenced);
    }
    check("<pre>a\n  b\n</pre>", "```\na\n  b\n```");
    check("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````");
    check("<p>a</p><pre>x\n\n\n\ny</pre><p>b_c", "a\n\n```\nx\n\n\n\ny\n```\n\nb_c");
}

#[test]
fn lists() {
    check("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n    - b\n- c");
    check("<ol start=3><li>a<li><p>b<pre>x</pre></ol>", "3. a\n4. b\n\n   ```\n   x\n   ```");
    check(
        "<dl><dt>Term<dd>What it <b>is</b>.<dt>Other<dd>That.</dl>",
        "**Term**\n\nWhat it **is**.\n\n**Other**\n\nThat.",
    );
}

#[test]
fn tables() {
    check(
        "<table><caption>Sizes</caption><thead><tr><th>a<th>b</tr></thead><tr><td>1<td>x|y</tr></table>",
        "Sizes\n\n| a | b |\n| - | - |\n| 1 | x\\|y |",
    );
    // Cells that reach over others leave empty ones.
    check(
        "<table><tr><th>a<th>b<th>c</tr><tr><td colspan=2>1<td>2</tr><tr><td rowspan=2>3<td>4<td>5</tr><tr><td>6<td>7</tr></table>",
        "| a | b | c |\n| - | - | - |\n| 1 |  | 2 |\n| 3 | 4 | 5 |\n| 6 | 7 |  |",
    );
    // A table that only places things.
    check("<table><tr><td><h2>A</h2><td><pre>x</pre></tr></table>", "## A\n\n```\nx\n```");
    check("<table><tr><td><table><tr><th>a<tr><td>1</table><td>b</table>", "| a |\n| - |\n| 1 |\n\nb");
}

#[test]
fn what_is_around_the_content_is_left_out() {
    let page = whole(
        r##"<html lang="en"><head><title> A
          guide </title><link rel=canonical href="/guide"><style>p{}</style></head><body>
        <header><a href="/">Home</a></header><nav><a href="/a">A</a></nav>
        <div class=sidebar><a href="/b">B</a></div>
        <main><nav>crumbs</nav><article><h1 id=top>Guide <a class=headerlink href="#top">¶</a></h1><p>Text.
          <script>no()</script></p><aside><a href="/c">More</a></aside><aside><p>Note: mind the <a href="#x">gap</a>.</aside>
        <h2>Part<a href="#part" id=part></a></h2><p>More text.</article><footer>Edit</footer></main>
        <footer>Imprint</footer></body></html>"##,
    );
    assert_eq!(
        page.markdown,
        "# Guide\n\nText.\n\nNote: mind the [gap](https://docs.example/guide/page.html#x).\n\n## Part\n\nMore text."
    );
    assert_eq!((page.title.as_str(), page.language.as_deref()), ("A guide", Some("en")));
    assert_eq!(page.canonical.map(String::from).as_deref(), Some("https://docs.example/guide"));
    let sections: Vec<_> = page.sections.iter().map(|s| (s.headings.join(" > "), s.anchor.as_deref())).collect();
    assert_eq!(sections, [("Guide".to_owned(), Some("top")), ("Guide > Part".to_owned(), Some("part"))]);
    let links: Vec<_> = page.links.iter().map(|link| (link.text.as_str(), link.address.path())).collect();
    assert_eq!(&links[..4], [("Home", "/"), ("A", "/a"), ("B", "/b"), ("¶", "/guide/page.html")]);
    assert!(!page.truncated);
}

#[test]
fn a_page_without_a_main_part_is_read_as_a_whole() {
    check("<p>Only this.", "Only this.");
    check("<frameset></frameset>", "");
    check("", "");
    let page = whole("<h2>First</h2>x");
    assert_eq!(page.title, "First");
}

#[test]
fn sections_are_the_page_cut_at_its_headings() {
    let page = whole("<p>Before.<h1>A</h1><p>a<h3>B</h3><p>b<h2>C</h2><p>c<table><tr><td>x</table><h1>D</h1>");
    let parts: Vec<_> =
        page.sections.iter().map(|s| (s.level, s.headings.join(">"), s.markdown.replace('\n', "|"))).collect();
    let expect = [
        (0, "", "Before."),
        (1, "A", "# A||a"),
        (3, "A>B", "### B||b"),
        (2, "A>C", "## C||c|| |   || - || x |"),
        (1, "D", "# D"),
    ];
    assert_eq!(parts.len(), expect.len(), "{parts:?}");
    for (part, (level, headings, markdown)) in parts.iter().zip(expect) {
        assert_eq!((part.0, part.1.as_str()), (level, headings));
        if level != 2 {
            assert_eq!(part.2, markdown);
        }
    }
    let joined: Vec<&str> = page.sections.iter().map(|section| section.markdown.as_str()).collect();
    assert_eq!(joined.join("\n\n"), page.markdown);
}

#[test]
fn characters_that_we_use_for_ourselves_are_only_characters() {
    check("<h1>\u{e000}0\u{e001}A</h1><p>\u{e000}1\u{e001}<h2>B</h2>", "# 0A\n\n1\n\n## B");
}
