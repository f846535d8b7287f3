//! Where the programs that make documentation put the names of places.

use crate::whole;

/// The last heading and the anchor of each section.
#[track_caller]
fn check(html: &str, expect: &[(&str, Option<&str>)]) {
    let page = whole(html);
    let found: Vec<_> = page
        .sections
        .iter()
        .map(|section| (section.headings.last().map_or("", String::as_str), section.anchor.as_deref()))
        .collect();
    assert_eq!(found, expect, "\n{}", page.markdown);
}

#[test]
fn rustdoc() {
    let html = r##"<body><nav class="sidebar"><h2>Struct Vec</h2></nav><main><div class="width-limiter">
      <section id="main-content" class="content"><div class="main-heading"><h1>Struct <span class="struct">Vec</span>
      <button id="copy-path">Copy</button></h1><rustdoc-toolbar></rustdoc-toolbar>
      <span class="sub-heading"><a class="src" href="../src/vec.rs.html">Source</a></span></div>
      <details class="toggle top-doc" open><summary class="hideme"><span>Expand description</span></summary>
      <div class="docblock"><p>A list.</p><h2 id="examples"><a class="doc-anchor" href="#examples">§</a>Examples</h2><p>x</p></div></details>
      <h2 id="implementations" class="section-header">Implementations<a href="#implementations" class="anchor">§</a></h2>
      <div id="implementations-list"><details class="toggle implementors-toggle" open><summary><section id="impl-Vec" class="impl">
      <a class="src rightside" href="../s">Source</a><a href="#impl-Vec" class="anchor">§</a><h3 class="code-header">impl Vec</h3></section></summary>
      <div class="impl-items"><details class="toggle method-toggle" open><summary><section id="method.push" class="method">
      <a class="src rightside" href="../s">Source</a><h4 class="code-header">pub fn <a href="#method.push" class="fn">push</a>(&amp;mut self, value: <a href="x">T</a>)<div class="where">where T: Sized,</div></h4></section></summary>
      <div class="docblock"><p>Adds.</p></div></details></div></details></div>
      <h2 id="synthetic-implementations" class="section-header">Auto Trait Implementations</h2>
      <div id="synthetic-implementations-list"><section class="impl"><h3 class="code-header">impl Freeze for Vec</h3></section></div>
      <h2 id="blanket-implementations" class="section-header">Blanket Implementations</h2>
      <div id="blanket-implementations-list"><section class="impl"><h3 class="code-header">impl Any for Vec</h3></section></div>
      </section></div></main>"##;
    check(
        html,
        &[
            ("Struct Vec", Some("main-content")),
            ("Examples", Some("examples")),
            ("Implementations", Some("implementations")),
            ("impl Vec", Some("impl-Vec")),
            ("pub fn push(&mut self, value: T) where T: Sized,", Some("method.push")),
        ],
    );
    let markdown = whole(html).markdown;
    assert!(markdown.ends_with("#### `pub fn push(&mut self, value: T) where T: Sized,`\n\nAdds."), "{markdown}");
    for noise in ["§", "Source", "Copy", "Expand"] {
        assert!(!markdown.contains(noise), "{noise}: {markdown}");
    }
}

#[test]
fn mdbook() {
    check(
        r##"<div id="content" class="content"><main><h1 id="types"><a class="header" href="#types">Types</a></h1><p>x</p>
        <h2 id="scalars"><a class="header" href="#scalars">Scalar <code>types</code></a></h2><p>y</p></main>
        <nav class="nav-wrapper"><a rel="next" href="n.html">next</a></nav></div>"##,
        &[("Types", Some("types")), ("Scalar types", Some("scalars"))],
    );
}

#[test]
fn sphinx() {
    let html = r##"<div class="document"><div class="body" role="main"><section id="module-json"><span id="json-mod"></span>
      <h1>json<a class="headerlink" href="#module-json" title="Link to this heading">¶</a></h1><p>Text.</p>
      <section id="basic-usage"><h2>Basic Usage<a class="headerlink" href="#basic-usage">¶</a></h2>
      <dl class="py function"><dt class="sig sig-object py" id="json.dump"><span class="sig-prename descclassname"><span class="pre">json.</span></span><span class="sig-name descname"><span class="pre">dump</span></span><span class="sig-paren">(</span><em class="sig-param"><span class="n"><span class="pre">obj</span></span></em>, <em class="sig-param"><span class="n"><span class="pre">indent</span></span><span class="o"><span class="pre">=</span></span><span class="default_value"><span class="pre">None</span></span></em><span class="sig-paren">)</span><a class="headerlink" href="#json.dump">¶</a></dt>
      <dd><p>Writes it.</p><dl class="field-list"><dt>Parameters</dt><dd><p>obj</p></dd></dl></dd></dl></section></section></div>
      <div class="sphinxsidebar"><h3>Contents</h3></div></div>"##;
    check(
        html,
        &[
            ("json", Some("json-mod")),
            ("Basic Usage", Some("basic-usage")),
            ("json.dump(obj, indent=None)", Some("json.dump")),
        ],
    );
    assert!(whole(html).markdown.contains("### `json.dump(obj, indent=None)`\n\nWrites it.\n\n**Parameters**"));
}

#[test]
fn mkdocs() {
    check(
        r##"<div class="md-container"><main class="md-main"><div class="md-sidebar"><a href="/">Home of many pages, all of them here</a></div>
        <div class="md-content"><article class="md-content__inner"><h1 id="setup">Setup<a class="headerlink" href="#setup" title="Permanent link">&para;</a></h1>
        <p>How to set it up, in a number of words that is larger than that of the list.</p><h2 id="linux">Linux<a class="headerlink" href="#linux">#</a></h2><p>z</p></article></div></main></div>"##,
        &[("Setup", Some("setup")), ("Linux", Some("linux"))],
    );
}

#[test]
fn docusaurus() {
    check(
        r##"<main><div class="row"><div class="col"><nav class="theme-doc-breadcrumbs">x</nav><article><div class="tocCollapsible theme-doc-toc-mobile"><button>On this page</button></div>
        <div class="theme-doc-markdown markdown"><header><h1>Intro</h1></header><p>Words of the introduction.</p>
        <h2 class="anchor anchorWithStickyNavbar" id="start">Getting started<a href="#start" class="hash-link" aria-label="Direct link to Getting started">&#8203;</a></h2><p>y</p>
        <div role="tabpanel"><p>npm</p></div><div role="tabpanel" hidden><p>yarn</p></div></div></article>
        <nav class="pagination-nav"><a href="/n">Next</a></nav></div><div class="col"><ul class="table-of-contents"><li><a href="#start">G</a></ul></div></div></main>"##,
        &[("Intro", None), ("Getting started", Some("start"))],
    );
}

#[test]
fn others() {
    // VitePress, old GitHub pages, an empty place before the heading.
    check(
        r##"<main><h1 id="a" tabindex="-1">A <a class="header-anchor" href="#a" aria-label="Permalink">&#8203;</a></h1>
        <h2><a id="user-content-b" class="anchor" href="#b"><svg></svg></a>B</h2><p>t</p><a name="c"></a><h2>C</h2><p>u</p><h2>D</h2></main>"##,
        &[("A", Some("a")), ("B", Some("user-content-b")), ("C", Some("c")), ("D", None)],
    );
}
